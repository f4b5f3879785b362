"""The types of values in a schema: names, durations, limits; and the base of all its parts."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from croniter import croniter
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

TABLE_NAME = r"^[a-z_][a-z0-9_]{0,126}\.[a-z_][a-z0-9_]{0,126}$"
IDENTIFIER = r"^[a-z_][a-z0-9_]{0,126}$"
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600}
ON_ARRIVAL = "on_arrival"
_CRON_FIELDS = 5
_MAX_SECONDS = 7 * 24 * 3600
_BUILDING = threading.RLock()


@dataclass(frozen=True)
class RejectLimit:
    """How many rejected rows a load tolerates: a count, or a percentage of the file's rows."""

    count: int = 0
    percent: float | None = None

    def is_exceeded(self, rejected_rows: int, file_rows: int) -> bool:
        """Return whether more rows were rejected than allowed."""
        allowed = self.count if self.percent is None else file_rows * self.percent / 100
        return rejected_rows > allowed

    def is_below(self, other: RejectLimit) -> bool:
        """Return whether some file exceeds this limit and not the other one."""
        if self.percent is None and other.percent is None:
            return self.count < other.count
        if self.percent is not None and other.percent is not None:
            return self.percent < other.percent
        return other.percent != 0 if other.percent is not None else other.count > 0

    def __str__(self) -> str:
        return f"{self.count}" if self.percent is None else f"{self.percent:g}%"


def _reject_limit(value: object) -> RejectLimit:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return RejectLimit(count=value)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", value) if isinstance(value, str) else None
    if match and float(match[1]) <= 100:  # noqa: PLR2004 - percent
        return RejectLimit(percent=float(match[1]))
    raise ValueError(f"{value!r} is not a limit; write a number of rows (10) or a percentage of the file's rows (1%)")


def _seconds(value: object) -> int:
    match = re.fullmatch(r"(\d{1,9})\s*([smh])", value) if isinstance(value, str) else None
    seconds = int(match[1]) * _UNIT_SECONDS[match[2]] if match else 0
    if not 1 <= seconds <= _MAX_SECONDS:
        raise ValueError(f"{value!r} is not a duration; write a number with s, m or h, from 1s to 168h, as in 30s")
    return seconds


def _age(value: object) -> int:
    match = re.fullmatch(r"(\d{1,6})\s*([mhd])", value) if isinstance(value, str) else None
    if not match or not int(match[1]):
        raise ValueError(f"{value!r} is not an age; write a number with m, h or d, as in 36h or 7d")
    return int(match[1]) * _UNIT_SECONDS[match[2]]


def _schedule(value: str) -> str:
    if value == ON_ARRIVAL or (len(value.split()) == _CRON_FIELDS and croniter.is_valid(value)):
        return value
    raise ValueError(
        f"{value!r} is not a schedule; write {ON_ARRIVAL}, or five cron fields (minute, hour, day, month, weekday; UTC)"
        ' in quotes, as in "30 6 * * 1-5"'
    )


def doubled(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once."""
    return sorted(name for name, times in Counter(names).items() if times > 1)


def _email_address(value: str) -> str:
    if not re.fullmatch(r"[^@\s,;<>]+@[^@\s,;<>]+", value):
        raise ValueError(f"{value!r} is not an e-mail address; write only the address, as in data@example.com")
    return value


@dataclass(frozen=True)
class ReadBy:
    """Marks a type whose values a function makes; pydantic's own marks would also build a validator of the type."""

    read: Callable[[Any], object]

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)


Name = Annotated[str, Field(pattern=IDENTIFIER)]
Schedule = Annotated[str, AfterValidator(_schedule)]
EmailAddress = Annotated[str, AfterValidator(_email_address)]
Seconds = Annotated[
    int,
    BeforeValidator(_seconds),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,9}\s*[smh]$", "examples": ["30s", "10m"]}),
]
Age = Annotated[
    int,
    BeforeValidator(_age),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,6}\s*[mhd]$", "examples": ["36h"]}),
]
Limit = Annotated[
    RejectLimit,
    ReadBy(_reject_limit),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+)?\s*%$"}]}),
]


class Part(BaseModel):
    """A part of a schema: unknown keys are errors, nothing changes after validation.

    Modules of parts must not have `from __future__ import annotations`: pydantic would evaluate the annotation of each
    field again for each class that inherits it, in every task.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, defer_build=True)

    @classmethod
    def model_rebuild(cls, *, _parent_namespace_depth: int = 2, **options: Any) -> bool | None:
        """Build the validator, in one thread at a time: pydantic's way is not safe for threads that need it at once."""
        with _BUILDING:
            return super().model_rebuild(_parent_namespace_depth=_parent_namespace_depth + 1, **options)
