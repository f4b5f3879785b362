"""What must hold for the rows of a load: what `checks` says in a schema."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from lakeport.schema.values import Name, Part

_UNIT_SECONDS = {"m": 60, "h": 3600, "d": 24 * 3600}
_TEXT = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")


def _age(value: object) -> int:
    match = re.fullmatch(r"(\d{1,6})\s*([mhd])", value) if isinstance(value, str) else None
    if not match or not int(match[1]):
        raise ValueError(f"{value!r} is no age; write a number with m, h or d, as in 36h or 7d")
    return int(match[1]) * _UNIT_SECONDS[match[2]]


def _condition(text: str) -> str:
    """Refuse what is no one condition: it stands in parentheses in a statement of ours."""
    bare, depth = _TEXT.sub("''", text), 0
    for character in bare:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            break
    if depth or not text.strip() or ";" in bare or "--" in bare or "/*" in bare or "'" in bare.replace("''", ""):
        raise ValueError(f"{text!r} is no one SQL condition that holds for a row, as in distance > 0")
    return text


class AcceptedValues(Part):
    """The values a column may have; NULL is not_null's matter."""

    column: Name
    """The column that is looked at."""
    values: Annotated[tuple[str | int | float | bool, ...], Field(min_length=1)]
    """The values that it may have."""


class RowCount(Part):
    """How many rows a load has."""

    min: Annotated[int, Field(ge=0)] = 0
    """At least so many rows."""
    max: Annotated[int | None, Field(ge=0)] = None
    """At most so many rows; without it any number."""

    @field_validator("max")
    @classmethod
    def _is_no_less(cls, most: int | None, info: ValidationInfo) -> int | None:
        if most is not None and most < info.data.get("min", 0):
            raise ValueError(f"is {most}, which is less than min")
        return most


class Freshness(Part):
    """How old the newest value of a column is at most, in seconds."""

    column: Name
    """A date or timestamp."""
    within: Annotated[
        int,
        BeforeValidator(_age),
        WithJsonSchema({"type": "string", "pattern": r"^\d{1,6}\s*[mhd]$", "examples": ["36h"]}),
    ]
    """How old its newest value may be, as in 36h or 7d."""


class Check(Part):
    """One check: an SQL condition that holds for every row, or a short form of what is often asked."""

    sql: Annotated[str, AfterValidator(_condition)] | None = None
    """A condition that holds for each row, as in distance > 0; it may stand alone, without this key."""
    unique: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    """Columns that no two rows of a load have alike."""
    not_null: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    """Columns that have a value in every row."""
    accepted_values: AcceptedValues | None = None
    """A column, and the values that it may have."""
    row_count: RowCount | None = None
    """How many rows a load has."""
    freshness: Freshness | None = None
    """How old the newest value of a column is at most."""

    @model_validator(mode="before")
    @classmethod
    def _may_be_a_condition(cls, value: Any) -> Any:
        return {"sql": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_one(self) -> Check:
        if len(self.model_fields_set) != 1 or self.kind is None:
            raise ValueError(f"must say one thing: an SQL condition, or one of {', '.join(type(self).model_fields)}")
        return self

    @property
    def kind(self) -> str | None:
        """Return which of the forms it is."""
        return next((name for name in type(self).model_fields if getattr(self, name) is not None), None)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that a short form names."""
        named = self.accepted_values or self.freshness
        return (self.unique or ()) + (self.not_null or ()) + ((named.column,) if named else ())

    def __str__(self) -> str:
        if self.sql:
            return self.sql
        value = getattr(self, self.kind or "sql")
        shown = ", ".join(value) if isinstance(value, tuple) else value.model_dump(exclude_none=True)
        return f"{self.kind}: {shown}"
