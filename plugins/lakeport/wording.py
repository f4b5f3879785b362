"""Write counts as a person does: 1 file, 2 files; and words that agree with a count."""

from __future__ import annotations


def amount(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `one` after 1, else `many`, by default `one` with an s."""
    return f"{number:,} {agreeing(number, one, many)}"


def agreeing(number: int, one: str, many: str = "") -> str:
    """Return words that agree with a number, without it: `one` for 1, else `many`, by default `one` with an s."""
    return one if number == 1 else many or f"{one}s"


def share(number: int, total: int, one: str, many: str = "") -> str:
    """Return how many of a total, as in 1 of 200 rows; a verb in `one` and `many` agrees with `number`."""
    noun, _, verb = one.partition(" ")
    nouns, _, verbs = (many or f"{noun}s").partition(" ")
    return f"{number:,} of {amount(total, noun, nouns)} {verb if number == 1 else verbs}".rstrip()
