"""What can go wrong with the local stack.

StackError              anything a person can act on; its message is all they need to read
    PartError           a part ended or did not answer in time while it was being started
"""


class StackError(Exception):
    """A sentence for the person at the keyboard: what happened and what to do."""


class PartError(StackError):
    """A part did not start: names the part, the last lines of its log and the log's path."""
