"""What every alert consists of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from psycopg2.extensions import cursor

from lakeport.mng import load_records
from lakeport.mng.load_records import RejectedLine
from lakeport.schema.file_type import FileType

_AROUND_CHARACTERS = 24
_SHOWN = ("\n", "\u200d")
"""Line ends, and what joins the parts of an emoji."""


class Kind(StrEnum):
    """What an alert is about; its messages look different."""

    FAILED = "failed"
    REJECTED_ROWS = "rejected rows"
    REJECTED_FILES = "rejected on arrival"
    DEAD_LETTERS = "dead letters"
    INVALID_SCHEMA = "invalid schema"
    NOT_RECOVERED = "not recovered"
    RECOVERED = "recovered"
    MANY = "many alerts"
    TEST = "test"


class Urgency(StrEnum):
    """How soon somebody must act."""

    NOW = "now"
    TODAY = "today"
    THIS_WEEK = "this week"
    NONE = "nothing to do"


OPERATORS = "the operators of Lakeport (alerts of schemas/_defaults.yaml)"
"""Whose an alert is that is about no file type."""


class Fact(NamedTuple):
    """One labelled text of an alert."""

    label: str
    text: str


class Link(NamedTuple):
    """A link to Airflow's UI; a relative address is one under the URL of Airflow."""

    label: str
    address: str
    is_action: bool = False


class RejectedRow(NamedTuple):
    """A rejected row as alerts show it; `before` and `after` are what surrounds the value in its line."""

    line_number: int
    column: str
    value: str | None
    reason: str
    before: str = ""
    after: str = ""

    @property
    def place(self) -> str:
        """Return line and column."""
        line = f"{self.line_number:,}" if self.line_number > 0 else "unknown"
        return f"line {line}, column {self.column or '?'}"


class Alert(Protocol):
    """A message to the receivers that a schema lists under `alerts`."""

    @property
    def kind(self) -> Kind:
        """Return what it is about."""

    @property
    def title(self) -> str:
        """Return a summary in one line."""

    @property
    def urgency(self) -> str:
        """Return how soon somebody must act, and why."""

    @property
    def owner(self) -> str:
        """Return whose it is."""

    @property
    def runbook(self) -> str:
        """Return the path of the runbook's entry that helps."""

    def facts(self) -> Sequence[Fact]:
        """Return what happened, where and why."""

    def rejected_rows(self) -> Sequence[RejectedRow]:
        """Return the first rejected rows."""

    def remedy(self) -> Fact:
        """Return what to do next."""

    def links(self) -> Sequence[Link]:
        """Return where to look and to act in Airflow's UI."""


class Message:
    """What most alerts have nothing of."""

    def rejected_rows(self) -> Sequence[RejectedRow]:
        """Return the first rejected rows: none."""
        return ()

    def links(self) -> Sequence[Link]:
        """Return where to look and to act in Airflow's UI: nowhere."""
        return ()


def opening(alert: Alert) -> list[Fact]:
    """Return what an alert begins with, which one of an earlier version may lack: urgency and owner, then its facts."""
    head = [Fact("Urgency", alert.urgency), Fact("Owner", alert.owner)]
    return [*(fact for fact in head if fact.text), *alert.facts()]


def closing(alert: Alert) -> list[Fact]:
    """Return what an alert ends with: what to do, and where to read more."""
    return [alert.remedy(), *([Fact("Runbook", alert.runbook)] if alert.runbook else [])]


def shown_rows(current: cursor, file_type: FileType | None, file_ids: Sequence[str], run_id: str) -> list[RejectedRow]:
    """Return the first rejected rows of a run's files, none if the schema does not show them or cannot be read."""
    if file_type is None or not file_type.rejects.show:
        return []
    return [as_row(each) for each in load_records.first_rejected(current, file_ids, run_id)]


def as_row(line: RejectedLine) -> RejectedRow:
    """Return a rejected row with its value found in its line, as far as the line has it."""
    text, value = line.raw_line or "", line.raw_value or ""
    at = _place_of(value, text, max(0, (line.position or 0) - len(value))) if value else -1
    if at < 0:
        before, after = "", "" if value else clipped(text, 2 * _AROUND_CHARACTERS)
    else:
        before, after = text[:at], clipped(text[at + len(value) :], _AROUND_CHARACTERS)
    before = f"…{before[-_AROUND_CHARACTERS:]}" if len(before) > _AROUND_CHARACTERS else before
    return RejectedRow(line.line_number, line.column_name, line.raw_value, line.error_reason, before, after)


def _place_of(value: str, line: str, start: int) -> int:
    """Return where the value is as a whole, not as a part of another one; else where it is at all, or -1."""
    whole = [found.start() for found in re.finditer(rf"(?<![\w.]){re.escape(value)}(?![\w.])", line)]
    near = [place for place in (*whole, line.find(value, start)) if place >= start]
    return next(iter([*near, *whole]), line.find(value))


def visible(text: str) -> str:
    r"""Return a text in which characters that are not seen, or turn the text around, are written as \u202e."""
    if text.replace("\n", "").isprintable():
        return text
    return text.translate(_VISIBLE)


class _Visible(dict[int, str]):
    """What is written for each character, which is found out once."""

    def __missing__(self, code: int) -> str:
        each = chr(code)
        self[code] = each if each in _SHOWN or each.isprintable() else f"\\u{code:04x}"
        return self[code]


_VISIBLE = _Visible()


def in_one_line(text: str) -> str:
    r"""Return a text, such as a file's name, whose line ends are written as \u000a: it must not look like two facts."""
    return visible(text).replace("\n", r"\u000a")


def clipped(text: str, limit: int) -> str:
    """Cut a text to a number of characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
