"""A file type: what a schema YAML says, as frozen objects.

This model is the language's only definition: what it accepts is what a schema may say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from lakeport.column_type import ColumnType

LOADED_AT = "_loaded_at"
IDENTIFIER = r"^[a-z_][a-z0-9_]{0,126}$"
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class RejectLimit:
    """How many rejected rows a load bears: a count, or a percentage of the file's rows."""

    count: int = 0
    percent: float | None = None

    def is_exceeded(self, rejected_rows: int, file_rows: int) -> bool:
        """Say whether more rows were rejected than allowed."""
        allowed = self.count if self.percent is None else file_rows * self.percent / 100
        return rejected_rows > allowed

    def __str__(self) -> str:
        return f"{self.count}" if self.percent is None else f"{self.percent:g}%"


def _reject_limit(value: object) -> RejectLimit:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return RejectLimit(count=value)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", value) if isinstance(value, str) else None
    if match and float(match[1]) <= 100:  # noqa: PLR2004 - percent
        return RejectLimit(percent=float(match[1]))
    raise ValueError(f"{value!r} is no limit; write a number of rows (10) or a percentage of the file's rows (1%)")


def _seconds(value: object) -> int:
    match = re.fullmatch(r"(\d+)\s*([smh])", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is no duration; write a number with s, m or h, as in 30s")
    return int(match[1]) * _UNIT_SECONDS[match[2]]


def _column_type(value: object) -> ColumnType:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no column type")  # noqa: TRY004 - pydantic reports ValueError with its place
    return ColumnType.parse(value)


Name = Annotated[str, Field(pattern=IDENTIFIER)]
Seconds = Annotated[int, BeforeValidator(_seconds)]


class Part(BaseModel):
    """A part of a schema: unknown keys are errors, nothing changes after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Landing(Part):
    """Which objects of the landing bucket are of this type."""

    pattern: Annotated[str, Field(min_length=1, max_length=1024)]
    select: Literal["newest"] = "newest"

    @field_validator("pattern")
    @classmethod
    def _is_relative(cls, pattern: str) -> str:
        if pattern.startswith("/") or pattern.endswith("/"):
            raise ValueError(
                "is a glob on the object's key, without a leading or trailing slash: flights/flights_*.csv"
            )
        return pattern


class Format(Part):
    """How the file is written; the conversion options are COPY's own, in lower case."""

    type: Literal["csv", "delimited", "json", "parquet"]
    compression: Literal["none", "gzip", "bzip2", "zstd", "zip"] = "none"
    header_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    delimiter: str | None = None
    quote: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    null_as: str | None = None
    dateformat: str | None = None
    timeformat: str | None = None
    acceptinvchars: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    acceptanydate: bool = False
    blanksasnull: bool = False
    emptyasnull: bool = False
    escape: bool = False
    fillrecord: bool = False
    ignoreblanklines: bool = False
    removequotes: bool = False
    roundec: bool = False
    trimblanks: bool = False
    truncatecolumns: bool = False

    @property
    def has_header(self) -> bool:
        """Say whether the file's first line names its columns."""
        return self.header_lines > 0

    @model_validator(mode="after")
    def _options_fit_the_type(self) -> Format:
        refused = sorted(self.model_fields_set & _REFUSED[self.type])
        if refused:
            raise ValueError(f"{', '.join(refused)}: COPY does not take this for type {self.type}")
        return self


_CONVERSIONS = {"acceptanydate", "blanksasnull", "emptyasnull", "roundec", "trimblanks", "truncatecolumns"}
_CONVERSIONS |= {"dateformat", "timeformat"}
_LINES = {"header_lines", "delimiter", "quote", "null_as", "escape", "ignoreblanklines", "removequotes", "fillrecord"}
_REFUSED: dict[str, set[str]] = {
    "csv": {"escape", "removequotes"},
    "delimited": {"quote"},
    "json": _LINES,
    "parquet": (_LINES - {"fillrecord"}) | _CONVERSIONS | {"compression"},
}


class Table(Part):
    """The table that takes the rows."""

    name: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,126}\.[a-z_][a-z0-9_]{0,126}$")]
    mode: Literal["append"] = "append"
    dist_key: Name | None = None
    sort_key: tuple[Name, ...] = ()

    @property
    def schema_name(self) -> str:
        """Return the part before the dot."""
        return self.name.partition(".")[0]

    @property
    def table_name(self) -> str:
        """Return the part behind the dot."""
        return self.name.partition(".")[2]


class Column(Part):
    """One column, in the order of the file."""

    name: Name
    type: Annotated[ColumnType, BeforeValidator(_column_type)]
    required: bool = False
    description: str = ""

    @field_validator("name")
    @classmethod
    def _is_not_ours(cls, name: str) -> str:
        if name == LOADED_AT:
            raise ValueError(f"{LOADED_AT} is added to every table by Lakeport; give the column another name")
        return name


class Rejects(Part):
    """How many rejected rows a load bears."""

    fail: Annotated[RejectLimit, BeforeValidator(_reject_limit)] = RejectLimit()


class Wait(Part):
    """How long a run waits for files, and how often it looks; seconds."""

    every: Seconds = 30
    for_: Annotated[Seconds, Field(alias="for")] = 600


class Alerts(Part):
    """Who hears of a failed run."""

    slack: str | None = None
    email: tuple[str, ...] = ()


class FileType(Part):
    """Everything one schema YAML says; its name is the YAML's name."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,44}$")]
    description: Annotated[str, Field(min_length=1)]
    owner: Annotated[str, Field(min_length=1)]
    landing: Landing
    format: Format
    table: Table
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=1600)]
    drift: Literal["refuse"] = "refuse"
    rejects: Rejects = Rejects()
    wait: Wait = Wait.model_validate({})
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    alerts: Alerts = Alerts()

    @property
    def dag_id(self) -> str:
        """Return the id of this type's DAG."""
        return f"load_{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Return the columns' names in the order of the schema."""
        return tuple(column.name for column in self.columns)

    @model_validator(mode="before")
    @classmethod
    def _default_table(cls, values: dict[str, Any]) -> dict[str, Any]:
        table = values.get("table", {})
        if isinstance(table, dict):
            values = {**values, "table": {"name": f"lake.{values.get('name')}", **table}}
        return values

    @model_validator(mode="after")
    def _columns_fit_together(self) -> FileType:
        names = self.column_names
        doubled = sorted({name for name in names if names.count(name) > 1})
        unknown = [key for key in (self.table.dist_key, *self.table.sort_key) if key and key not in names]
        if doubled:
            raise ValueError(f"columns: {', '.join(doubled)} stands there twice")
        if unknown:
            raise ValueError(f"table: dist_key and sort_key name no column of this schema: {', '.join(unknown)}")
        return self
