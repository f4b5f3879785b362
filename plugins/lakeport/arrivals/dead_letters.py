"""Read the events that registration gave up; SQS keeps them in a dead-letter queue for 14 days."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakeport.arrivals.events import arrivals_in_message
from lakeport.errors import ArrivalError
from lakeport.model import Arrival

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

log = logging.getLogger(__name__)

_MESSAGES_A_CALL = 10
_MOST_MESSAGES = 1000
_HIDDEN_SECONDS = 900
"""For how long SQS hides a message from other processes; if this one is killed, the next one reads it after that."""


@dataclass(frozen=True)
class DeadLetter:
    """One message; `problem` is why it cannot be read, and it then has no arrivals."""

    message_id: str
    receipt: str
    arrivals: tuple[Arrival, ...]
    problem: str = ""


class DeadLetterQueue:
    """The dead-letter queue at a URL."""

    def __init__(self, url: str) -> None:
        import boto3  # noqa: PLC0415 - takes long, and DAG files import this module

        self.url = url
        self._sqs: SQSClient = boto3.client("sqs")

    def read(self) -> list[DeadLetter]:
        """Return the messages that can be received now, at most 1,000.

        The queue's own wait time (infra/main.yaml) lets SQS ask all its servers; without one it may overlook messages
        of a small queue, which the next run of reconcile reads (SQS API, ReceiveMessage).
        """
        found = list[DeadLetter]()
        while len(found) < _MOST_MESSAGES:
            answer = self._sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=_MESSAGES_A_CALL, VisibilityTimeout=_HIDDEN_SECONDS
            )
            if not (messages := answer.get("Messages")):
                break
            found += [_letter(each["MessageId"], each["ReceiptHandle"], each["Body"]) for each in messages]
        return found

    def remove(self, letters: Iterable[DeadLetter]) -> None:
        """Delete messages; safe to repeat."""
        for letter in letters:
            self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=letter.receipt)


def _letter(message_id: str, receipt: str, body: str) -> DeadLetter:
    try:
        return DeadLetter(message_id, receipt, tuple(arrivals_in_message(body)))
    except ArrivalError as error:
        log.warning("dead letter %s cannot be read: %s: %s", message_id, error, body)
        return DeadLetter(message_id, receipt, (), f"message {message_id} cannot be read: {error}")
