"""A file type: what a schema YAML says, as frozen objects.

This model is the language's only definition: what it accepts is what a schema may say.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from lakeport.column_type import ColumnType

LOADED_AT = "_loaded_at"
NAME = r"^[a-z][a-z0-9_]{0,44}$"
IDENTIFIER = r"^[a-z_][a-z0-9_]{0,126}$"
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}
_MAX_COLUMNS = 1599  # Redshift takes 1,600 a table, of which _loaded_at is one
_MAX_SECONDS = 7 * 24 * 3600


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
    match = re.fullmatch(r"(\d{1,9})\s*([smh])", value) if isinstance(value, str) else None
    seconds = int(match[1]) * _UNIT_SECONDS[match[2]] if match else 0
    if not 1 <= seconds <= _MAX_SECONDS:
        raise ValueError(f"{value!r} is no duration; write a number with s, m or h, from 1s to 168h, as in 30s")
    return seconds


def unescaped(delimiter: str) -> str:
    """Return what COPY takes a delimiter for: `\\t` is a tab, `\\001` the character of this octal number."""
    if delimiter == "\\t":
        return "\t"
    return chr(int(delimiter[1:], 8)) if re.fullmatch(r"\\[0-7]{3}", delimiter) else delimiter


def _doubled(names: Iterable[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


def _email_address(value: str) -> str:
    if not re.fullmatch(r"[^@\s,;<>]+@[^@\s,;<>]+", value):
        raise ValueError(f"{value!r} is no e-mail address; write it bare, as in data@example.com")
    return value


def _column_type(value: object) -> ColumnType:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no column type")  # noqa: TRY004 - pydantic reports ValueError with its place
    return ColumnType.parse(value)


Name = Annotated[str, Field(pattern=IDENTIFIER)]
EmailAddress = Annotated[str, AfterValidator(_email_address)]
Seconds = Annotated[int, BeforeValidator(_seconds)]


class Part(BaseModel):
    """A part of a schema: unknown keys are errors, nothing changes after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    @field_validator("*", mode="before")
    @classmethod
    def _holds_no_nul(cls, value: object) -> object:
        if isinstance(value, str) and "\0" in value:
            raise ValueError("holds a NUL, which no database stores")
        return value


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
        if any("**" in part and part != "**" for part in pattern.split("/")):
            raise ValueError("** stands for any folders and has its place between slashes: flights/**/flights_*.csv")
        return pattern


class Format(Part):
    """How the file is written; the conversion options are COPY's own, in lower case."""

    type: Literal["csv", "delimited", "json", "parquet"]
    compression: Literal["none", "gzip", "bzip2", "zstd", "zip"] = "none"
    header_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    delimiter: Annotated[str, Field(min_length=1)] | None = None
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

    @field_validator("*")
    @classmethod
    def _fits_the_type(cls, value: object, info: ValidationInfo) -> object:
        type_ = info.data.get("type", "")
        if info.field_name in _REFUSED.get(type_, ()):
            raise ValueError(f"COPY does not take this for type {type_}")
        if type_ == "csv" and info.field_name == "delimiter" and isinstance(value, str) and len(unescaped(value)) != 1:
            raise ValueError(f"is {value!r}; type csv takes one character, type delimited takes several")
        if info.field_name in ("delimiter", "quote") and isinstance(value, str) and set(unescaped(value)) & set("\r\n"):
            raise ValueError("is a line end, which ends the row")
        if info.field_name == "quote" and value is not None and value == (info.data.get("delimiter") or ","):
            raise ValueError(f"is {value!r}, which is the delimiter")
        return value


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

    @field_validator("sort_key")
    @classmethod
    def _names_each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        doubled = _doubled(names)
        if doubled:
            raise ValueError(f"{', '.join(doubled)} stands there twice")
        return names

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
    email: tuple[EmailAddress, ...] = ()


class FileType(Part):
    """Everything one schema YAML says; its name is the YAML's name."""

    name: Annotated[str, Field(pattern=NAME)]
    description: Annotated[str, Field(min_length=1)]
    owner: Annotated[str, Field(min_length=1)]
    landing: Landing
    format: Format
    table: Table
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=_MAX_COLUMNS)]
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
            name = str(values.get("name"))
            default = name if re.fullmatch(NAME, name) else "unnamed"  # a wrong name is one problem, not two
            values = {**values, "table": {"name": f"lake.{default}", **table}}
        return values

    @field_validator("columns")
    @classmethod
    def _stand_there_once(cls, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        doubled = _doubled(column.name for column in columns)
        if doubled:
            raise ValueError(f"{', '.join(doubled)} stands there twice")
        return columns

    @field_validator("columns")
    @classmethod
    def _hold_the_keys(cls, columns: tuple[Column, ...], info: ValidationInfo) -> tuple[Column, ...]:
        names, table = {column.name for column in columns}, info.data.get("table")
        keys = (table.dist_key, *table.sort_key) if table else ()
        unknown = [key for key in keys if key and key not in names]
        if unknown:
            raise ValueError(f"lack what dist_key or sort_key names: {', '.join(unknown)}")
        return columns
