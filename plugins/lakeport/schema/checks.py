"""The checks that the rows of a load must pass: `checks` in a schema."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from lakeport.schema.sql_text import without_quoted
from lakeport.schema.values import Age, Name, Part

# An operator without its right or left side.
_OPEN_END = re.compile(r"(?:[-+*/%<>=|,]|\b(?:and|or|not|in|like|ilike|between|is))\s*$", re.IGNORECASE)
_OPEN_START = re.compile(r"\s*(?:[*/%<>=|,]|\b(?:and|or|in|like|ilike|between|is)\b)", re.IGNORECASE)


def _single_condition(text: str) -> str:
    """Refuse anything but one condition, since it becomes part of a statement, in parentheses."""
    bare, depth = without_quoted(text), 0
    for character in bare:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            break
    operands = without_quoted(text, "x")
    is_part = _OPEN_END.search(operands) or _OPEN_START.match(operands)
    if depth or is_part or not text.strip() or ";" in bare or "--" in bare or "/*" in bare or "'" in bare:
        raise ValueError(f"{text!r} is not a single SQL condition on a row, as in distance > 0")
    return text


class AcceptedValues(Part):
    """The values that a column may have; NULL passes, see not_null."""

    column: Name
    """The column to check."""
    values: Annotated[tuple[str | int | float | bool, ...], Field(min_length=1)]
    """The values that it may have."""


class RowCount(Part):
    """How many rows a load may have."""

    min: Annotated[int, Field(ge=0)] = 0
    """The minimum number of rows."""
    max: Annotated[int | None, Field(ge=0)] = None
    """The maximum number of rows; without it any number."""

    @field_validator("max")
    @classmethod
    def _is_not_below_min(cls, most: int | None, info: ValidationInfo) -> int | None:
        if most is not None and most < info.data.get("min", 0):
            raise ValueError(f"is {most}, which is less than min")
        return most


class Freshness(Part):
    """The maximum age of the newest value in a column, in seconds."""

    column: Name
    """A column of type date, timestamp or timestamptz."""
    within: Age
    """The maximum age of its newest value, such as 36h or 7d."""


class Check(Part):
    """One check; its only key is its kind."""

    @property
    def kind(self) -> str:
        """Return the key in YAML."""
        return next(iter(type(self).model_fields))

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that the check names."""
        return ()

    def __str__(self) -> str:
        value = getattr(self, self.kind)
        text = ", ".join(value) if isinstance(value, tuple) else value.model_dump(exclude_none=True)
        return f"{self.kind}: {text}"


class ConditionCheck(Check):
    """A condition that each row must meet."""

    sql: Annotated[str, AfterValidator(_single_condition)]
    """A condition that each row must meet, as in distance > 0; you can leave out this key."""

    @model_validator(mode="before")
    @classmethod
    def _may_be_text(cls, value: Any) -> Any:
        return {"sql": value} if isinstance(value, str) else value

    def __str__(self) -> str:
        return self.sql


class UniqueCheck(Check):
    """Columns whose values differ between any two rows."""

    unique: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Columns whose values together differ between any two rows of a load."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that the check names."""
        return self.unique


class NotNullCheck(Check):
    """Columns that have a value in every row."""

    not_null: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Columns that have a value in every row."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that the check names."""
        return self.not_null


class AcceptedValuesCheck(Check):
    """A column that has only certain values."""

    accepted_values: AcceptedValues
    """A column and the values that it may have."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that the check names."""
        return (self.accepted_values.column,)


class RowCountCheck(Check):
    """The number of rows."""

    row_count: RowCount
    """How many rows a load may have."""


class FreshnessCheck(Check):
    """The age of the newest value in a column."""

    freshness: Freshness
    """The maximum age of the newest value in a column."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that the check names."""
        return (self.freshness.column,)


KINDS = ("sql", "unique", "not_null", "accepted_values", "row_count", "freshness")


def _kind(value: object) -> str | None:
    """Return the kind of a check, or None unless it is text or has exactly one key, which is a kind."""
    if isinstance(value, str):
        return "sql"
    if isinstance(value, Check):
        return value.kind
    return next(iter(value)) if isinstance(value, dict) and len(value) == 1 and {*value} < {*KINDS} else None


AnyCheck = Annotated[
    Annotated[ConditionCheck, Tag("sql")]
    | Annotated[UniqueCheck, Tag("unique")]
    | Annotated[NotNullCheck, Tag("not_null")]
    | Annotated[AcceptedValuesCheck, Tag("accepted_values")]
    | Annotated[RowCountCheck, Tag("row_count")]
    | Annotated[FreshnessCheck, Tag("freshness")],
    Discriminator(_kind),
]
