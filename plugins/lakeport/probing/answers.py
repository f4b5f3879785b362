"""Questions to the services that a load needs, what they answered, and the table of the answers."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from lakeport.probing.remedies import remedy_for

log = logging.getLogger(__name__)

T = TypeVar("T")

_CELL_CHARACTERS = 400
_RULE = re.compile(r"-{5,}")
"""The lines that Redshift draws around the details of an error."""


class Verdict(StrEnum):
    """What an answer means for loads: FAILED stops them, WARNING needs a person."""

    EXPECTED = "ok"
    OTHER = "ok, other reading"
    WARNING = "warning"
    FAILED = "FAILED"
    NOT_ASKED = "not asked"


@dataclass(frozen=True)
class Found:
    """What the answer to a question is; `meaning` is what follows from it, or how to fix it."""

    answered: str
    meaning: str = ""
    verdict: Verdict = Verdict.EXPECTED


@dataclass(frozen=True)
class Answer:
    """One row of the table."""

    question: str
    documented: str
    answered: str
    verdict: Verdict
    meaning: str

    @classmethod
    def from_json(cls, values: Mapping[str, str]) -> Answer:
        """Read what `as_json` returned."""
        return cls(**{**values, "verdict": Verdict(values["verdict"])})  # type: ignore[arg-type]

    def as_json(self) -> dict[str, Any]:
        """Return the answer as a JSON value."""
        return asdict(self)


@dataclass(frozen=True)
class Question(Generic[T]):
    """A question, what AWS documents about it, and the function that finds the answer."""

    title: str
    documented: str
    find: Callable[[T], Found]

    def ask(self, subject: T) -> Answer:
        """Return the answer; an error is an answer that failed."""
        try:
            return self._answer(self.find(subject))
        except Exception as error:
            log.exception("no answer to: %s", self.title)
            return self.failed(error)

    def failed(self, error: Exception) -> Answer:
        """Return the error as the answer, with its remedy."""
        text = _one_line(f"{type(error).__name__}: {error}")
        return self._answer(Found(text, remedy_for(text), Verdict.FAILED))

    def not_asked(self, reason: str) -> Answer:
        """Return why the question was not asked."""
        return self._answer(Found("", reason, Verdict.NOT_ASKED))

    def _answer(self, found: Found) -> Answer:
        return Answer(self.title, self.documented, _one_line(found.answered), found.verdict, found.meaning)


def failures(answers: Iterable[Answer]) -> list[str]:
    """Return the answers that failed, each as one line with its remedy."""
    return _lines(answers, Verdict.FAILED)


def warnings(answers: Iterable[Answer]) -> list[str]:
    """Return the answers that need a person, each as one line with its remedy."""
    return _lines(answers, Verdict.WARNING)


def as_markdown(answers: Sequence[Answer]) -> str:
    """Return the answers as a table that an issue on GitHub shows as one."""
    titles = ("question", "documented", "AWS answered", "verdict", "what it means")
    rows = [(each.question, each.documented, each.answered, each.verdict, each.meaning) for each in answers]
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(_cell(str(value)) for value in line) + " |" for line in lines)


def _lines(answers: Iterable[Answer], verdict: Verdict) -> list[str]:
    return [f"{each.question}: {each.answered}; {each.meaning}" for each in answers if each.verdict is verdict]


def _one_line(text: str) -> str:
    line = " ".join(_RULE.sub(" ", text).split())
    return line if len(line) <= _CELL_CHARACTERS else line[: _CELL_CHARACTERS - 1] + "…"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
