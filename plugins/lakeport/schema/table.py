"""The table that takes a file type's rows, and its columns: what `table` and `columns` say in a schema."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from lakeport.schema.column_type import ColumnType
from lakeport.schema.values import Name, Part, doubled

LOADED_AT = "_loaded_at"
Loss = Literal["reject", "warn", "allow"]


def _column_type(value: object) -> ColumnType:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a column type")  # noqa: TRY004 - pydantic reports ValueError with its place
    return ColumnType.parse(value)


def _file_fact(value: str) -> str:
    if not re.fullmatch(r"key|bucket|landed_at|captured\.[a-z_][a-z0-9_]*", value):
        raise ValueError(f"is {value!r}; allowed: key, bucket, landed_at, captured.<a capture of landing.pattern>")
    return value


class Wins(Part):
    """Which of several rows with the same key a merge loads: that with the highest or the lowest value of a column."""

    highest: Name | None = None
    """The column whose highest value wins, such as a time or a version; NULL loses."""
    lowest: Name | None = None
    """The column whose lowest value wins; NULL loses."""

    @model_validator(mode="after")
    def _is_one(self) -> Wins:
        if (self.highest is None) is (self.lowest is None):
            raise ValueError("must have exactly one of the keys highest and lowest, as in wins: {highest: updated_at}")
        return self

    @property
    def column(self) -> str:
        """Return the column that decides."""
        return self.highest or self.lowest or ""

    @property
    def direction(self) -> str:
        """Return how rows are sorted so that the winner comes first."""
        return "DESC" if self.highest else "ASC"


class Table(Part):
    """The table that the rows are loaded into."""

    name: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,126}\.[a-z_][a-z0-9_]{0,126}$")]
    """The table, as schema.table; without it lake.<file type>. Lakeport creates it and adds new columns."""
    mode: Literal["append", "truncate", "replace", "merge", "new_table"] = "append"
    """What happens to the rows that are in the table already."""
    key: Annotated[tuple[Name, ...], Field(validate_default=True)] = ()
    """For mode merge: the columns that identify a row; a row of a file replaces the row with the same values."""
    wins: Wins | None = None
    """For mode merge: which of several rows with the same key in a file is loaded; without it they are an error."""
    dist_key: Name | None = None
    """The column by which Redshift distributes the rows over its nodes; without it Redshift chooses."""
    sort_key: tuple[Name, ...] = ()
    """The columns by which Redshift sorts the rows."""

    @field_validator("key", "sort_key")
    @classmethod
    def _names_each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        twice = doubled(names)
        if twice:
            raise ValueError(f"lists a column twice: {', '.join(twice)}")
        return names

    @field_validator("key")
    @classmethod
    def _is_for_merge(cls, key: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        mode = info.data.get("mode")
        if mode == "merge" and not key:
            raise ValueError("is missing; mode merge needs the columns that identify a row, as in key: [tailnum]")
        if key and mode not in ("merge", None):
            raise ValueError(
                f"is only for mode merge; mode {mode} does not replace single rows; remove key, or set mode: merge"
            )
        return key

    @field_validator("wins")
    @classmethod
    def _is_among_keys(cls, wins: Wins | None, info: ValidationInfo) -> Wins | None:
        if wins and info.data.get("mode", "merge") != "merge":
            raise ValueError(
                f"is only for mode merge; mode {info.data['mode']} loads every row; remove wins, or set mode: merge"
            )
        if wins and wins.column in info.data.get("key", ()):
            raise ValueError(
                f"is {wins.column}, a column of key, which is equal in all rows that compete; choose another column"
            )
        return wins

    @property
    def replaces_rows(self) -> bool:
        """Return whether a load may delete rows of an earlier one."""
        return self.mode in ("truncate", "replace", "merge")

    @property
    def schema_name(self) -> str:
        """Return the part before the dot."""
        return self.name.partition(".")[0]

    @property
    def table_name(self) -> str:
        """Return the part after the dot."""
        return self.name.partition(".")[2]


class Column(Part):
    """One column, in the order of the file."""

    name: Name
    """The column's name in the table."""
    type: Annotated[
        ColumnType,
        BeforeValidator(_column_type),
        WithJsonSchema({"type": "string", "examples": ["integer", "varchar(20)", "decimal(8,2)", "timestamp"]}),
    ]
    """The column's type in Redshift; lengths count bytes."""
    required: bool = False
    """A row without a value here is rejected."""
    optional_in_file: bool = False
    """A file may lack the column, whatever drift is; its rows then have NULL."""
    width: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The width of the column in characters, in a file of type fixed_width."""
    at: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    """Where the value is below the element of a row, in a file of type xml, as in customer/@id; without it the element
    with the column's name."""
    from_: Annotated[Annotated[str, AfterValidator(_file_fact)] | None, Field(alias="from")] = None
    """What fills the column instead of the file: key, bucket or landed_at of the file's object, or captured.<name>."""
    description: str = ""
    """What the column means; shown in the catalog and in Airflow."""
    header: Annotated[
        str | None,
        Field(max_length=1000),
    ] = None
    """The file's name for the column, if it differs from the column's name."""
    lossy: Loss | None = None
    """What becomes of a row whose value here would be changed by COPY; without it what lossy says for the file type."""
    only_in: Literal["file", "table"] | None = None
    """With a transform: table for a column that only the table has, file for one that only the file has."""

    @field_validator("optional_in_file")
    @classmethod
    def _is_not_required(cls, is_optional: bool, info: ValidationInfo) -> bool:
        if is_optional and info.data.get("required"):
            raise ValueError("is true, but required is true, too; a file without the column has no values for it")
        return is_optional

    @property
    def is_in_file(self) -> bool:
        """Return whether the file has the column, and not only the table."""
        return self.only_in != "table" and self.from_ is None

    @property
    def header_word(self) -> str:
        """Return what a header calls the column, as headers are compared: case and outer blanks do not count."""
        return (self.name if self.header is None else self.header).strip().lower()

    @field_validator("name")
    @classmethod
    def _is_not_ours(cls, name: str) -> str:
        if name == LOADED_AT:
            raise ValueError(f"{LOADED_AT} is added to every table by Lakeport; give the column another name")
        return name
