"""The table that takes a file type's rows, and its columns: what `table` and `columns` say in a schema."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from lakeport.schema.column_type import ColumnType
from lakeport.schema.values import Age, Name, Part, doubled

LOADED_AT = "_loaded_at"
Loss = Literal["reject", "warn", "allow"]
_KEEPING_MODES = ("truncate", "merge", "slice")
_KEPT_SECONDS = 30 * 24 * 3600
_MAX_NAME_OF_KEEPING = 100


def _column_type(value: object) -> ColumnType:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a column type")  # noqa: TRY004 - pydantic reports ValueError with its place
    return ColumnType.parse(value)


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


class Slice(Part):
    """Which rows of the table a file replaces: those that are equal in some columns to a row of the file, or its key.

    NULL in a column is a value of its own: the rows without a value are one slice.
    """

    columns: tuple[Name, ...] = ()
    """The columns that make a slice: the file replaces all rows that have their values in one of its rows; you can
    leave out this key, as in slice: [day]."""
    from_: Annotated[Literal["captured"] | None, Field(alias="from")] = None
    """captured: the captures of landing.pattern are the slice, each with a column of its name; a file without rows
    clears its slice."""

    @model_validator(mode="before")
    @classmethod
    def _may_be_a_list(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError(f"is {value!r}; write a list of columns, as in slice: [{value}]")  # noqa: TRY004 - see above
        return {"columns": value} if isinstance(value, list) else value

    @model_validator(mode="after")
    def _is_one(self) -> Slice:
        if bool(self.columns) is bool(self.from_):
            raise ValueError("must be either a list of columns, as in slice: [day], or slice: {from: captured}")
        if twice := doubled(self.columns):
            raise ValueError(f"lists a column twice: {', '.join(twice)}")
        return self


class Table(Part):
    """The table that the rows are loaded into."""

    name: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,126}\.[a-z_][a-z0-9_]{0,126}$")]
    """The table, as schema.table; without it lake.<file type>. Lakeport creates it and adds new columns."""
    mode: Literal["append", "truncate", "replace", "merge", "slice", "new_table"] = "append"
    """What happens to the rows that are in the table already."""
    key: Annotated[tuple[Name, ...], Field(validate_default=True)] = ()
    """For mode merge: the columns that identify a row; a row of a file replaces the row with the same values."""
    wins: Wins | None = None
    """For mode merge: which of several rows with the same key in a file is loaded; without it they are an error."""
    slice: Annotated[Slice | None, Field(validate_default=True)] = None
    """For mode slice: which rows a file replaces."""
    keep_replaced: Age | None = None
    """For modes truncate, merge and slice: how long replaced rows are kept, so that undo can restore them; without it
    30d in mode slice, and not at all in the other modes."""
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

    @field_validator("slice")
    @classmethod
    def _is_for_slices(cls, slice_: Slice | None, info: ValidationInfo) -> Slice | None:
        mode = info.data.get("mode")
        if mode == "slice" and not slice_:
            raise ValueError("is missing; mode slice needs the columns that make a slice, as in slice: [day]")
        if slice_ and mode not in ("slice", None):
            raise ValueError(f"is only for mode slice, not for mode {mode}; remove slice, or set mode: slice")
        return slice_

    @field_validator("keep_replaced")
    @classmethod
    def _can_be_restored(cls, seconds: int | None, info: ValidationInfo) -> int | None:
        mode = info.data.get("mode")
        if seconds and mode not in (*_KEEPING_MODES, None):
            raise ValueError(f"is only for the modes {', '.join(_KEEPING_MODES)}, not for mode {mode}; remove it")
        return seconds

    @model_validator(mode="after")
    def _has_room_for_a_suffix(self) -> Table:
        if self.keeps_replaced_seconds and len(self.table_name) > _MAX_NAME_OF_KEEPING:
            raise ValueError(
                f"has a name of {len(self.table_name)} characters; at most {_MAX_NAME_OF_KEEPING} are allowed where "
                "replaced rows are kept, in a table with a longer name"
            )
        return self

    @property
    def keeps_replaced_seconds(self) -> int | None:
        """Return how long a load keeps the rows that it replaces, or None if it does not keep them."""
        return self.keep_replaced or (_KEPT_SECONDS if self.mode == "slice" else None)

    @property
    def replaces_rows(self) -> bool:
        """Return whether a load may delete rows of an earlier one."""
        return self.mode in ("truncate", "replace", "merge", "slice")

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
    def header_word(self) -> str:
        """Return what a header calls the column, as headers are compared: case and outer blanks do not count."""
        return (self.name if self.header is None else self.header).strip().lower()

    @field_validator("name")
    @classmethod
    def _is_not_ours(cls, name: str) -> str:
        if name == LOADED_AT:
            raise ValueError(f"{LOADED_AT} is added to every table by Lakeport; give the column another name")
        return name
