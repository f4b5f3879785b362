"""The table that takes a file type's rows, and how it takes them: what `table` says in a schema."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from lakeport.schema.sql_text import single_condition
from lakeport.schema.values import TABLE_NAME, Age, Name, Part, doubled

_KEEPING_MODES = ("truncate", "merge", "slice", "history")
_BY_KEY = ("merge", "history")
_NEEDED = {
    "history": "it, as in history: {from: changed_at}",
    "slice": "the columns that make a slice, as in slice: [day]",
}
"""What a mode needs under the key that has its name."""
_KEPT_SECONDS = 30 * 24 * 3600
_MAX_NAME_OF_KEEPING = 100


class Wins(Part):
    """Which of several rows with the same key a merge loads: that with the highest or the lowest value of a column."""

    highest: Name | None = None
    """The column whose highest value wins, such as a time or a version; NULL loses."""
    lowest: Name | None = None
    """The column whose lowest value wins; NULL loses."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
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

    The rows without a value in a column are a separate slice.
    """

    columns: tuple[Name, ...] = ()
    """The columns that make a slice: the file replaces all rows that have their values in one of its rows; you can
    leave out this key, as in slice: [day]."""
    from_: Annotated[Literal["captured"] | None, Field(alias="from")] = None
    """captured: the captures of landing.pattern are the slice, each with the column that it fills or that has its name;
    a file without rows clears its slice."""

    @model_validator(mode="before")
    @classmethod
    def _may_be_a_list(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError(f"is {value!r}; write a list of columns, as in slice: [{value}]")  # noqa: TRY004 - see above
        return {"columns": value} if isinstance(value, list) else value

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if bool(self.columns) is bool(self.from_):
            raise ValueError("must be either a list of columns, as in slice: [day], or slice: {from: captured}")
        if twice := doubled(self.columns):
            raise ValueError(f"lists a column twice: {', '.join(twice)}")
        return self


class History(Part):
    """How mode history makes versions of the rows of a key."""

    from_: Annotated[str, Field(alias="from")]
    """From when a row is valid: a required column with dates or times, landed_at (when the file landed), or
    captured.<name>, a date that landing.pattern captures."""
    track: tuple[Name, ...] = ()
    """The columns whose values make a new version; without it all but the key and the column of from."""

    @field_validator("from_")
    @classmethod
    def _is_a_source(cls, source: str) -> str:
        if not re.fullmatch(r"(captured\.)?[a-z_][a-z0-9_]*", source):
            raise ValueError(f"is {source!r}; write a column, landed_at, or captured.<name>, as in from: changed_at")
        return source


class Table(Part):
    """The table that the rows are loaded into."""

    name: Annotated[str, Field(pattern=TABLE_NAME)]
    """The table, as schema.table; without it lake.<file type>. Lakeport creates it and adds new columns."""
    mode: Literal["append", "truncate", "replace", "merge", "slice", "history", "new_table"] = "append"
    """What happens to the rows that are in the table already."""
    key: Annotated[tuple[Name, ...], Field(validate_default=True)] = ()
    """For modes merge and history: the columns that identify a row; a row of a file replaces the row with the same
    values, or begins a new version of it."""
    wins: Wins | None = None
    """For mode merge: which of several rows with the same key in a file is loaded; without it they are an error."""
    deletes: Annotated[str, AfterValidator(single_condition)] | None = None
    """For modes merge and history: a condition, as in op = 'D'; a row of a file that meets it deletes the row with its
    key, or ends its version, and is not loaded."""
    snapshot: bool = False
    """For modes merge and history: each file has all rows; what it lacks is deleted, or its version ends."""
    slice: Annotated[Slice | None, Field(validate_default=True)] = None
    """For mode slice: which rows a file replaces."""
    history: Annotated[History | None, Field(validate_default=True)] = None
    """For mode history: from when a row is valid, and what makes a new version."""
    keep_replaced: Age | None = None
    """For modes truncate, merge, slice and history: how long replaced rows are kept, so that undo can restore them;
    without it 30d in modes slice and history, and not at all in the others."""
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
        if mode in _BY_KEY and not key:
            raise ValueError(f"is missing; mode {mode} needs the columns that identify a row, as in key: [tailnum]")
        if key and mode not in (*_BY_KEY, None):
            raise ValueError(
                f"is only for modes merge and history; mode {mode} does not replace single rows; remove key, or set "
                "mode: merge"
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

    @field_validator("deletes", "snapshot")
    @classmethod
    def _needs_a_key(cls, value: str | bool | None, info: ValidationInfo) -> str | bool | None:
        mode = info.data.get("mode", "merge")
        if value and mode not in _BY_KEY:
            raise ValueError(f"is only for modes merge and history, not for mode {mode}; remove it, or set mode: merge")
        return value

    @field_validator("history", "slice")
    @classmethod
    def _belongs_to_its_mode(cls, value: object, info: ValidationInfo) -> object:
        mode, name = info.data.get("mode"), str(info.field_name)
        if mode == name and not value:
            raise ValueError(f"is missing; mode {name} needs {_NEEDED[name]}")
        if value and mode not in (name, None):
            raise ValueError(f"is only for mode {name}, not for mode {mode}; remove {name}, or set mode: {name}")
        return value

    @field_validator("keep_replaced")
    @classmethod
    def _can_be_restored(cls, seconds: int | None, info: ValidationInfo) -> int | None:
        mode = info.data.get("mode")
        if seconds and mode not in (*_KEEPING_MODES, None):
            raise ValueError(f"is only for the modes {', '.join(_KEEPING_MODES)}, not for mode {mode}; remove it")
        return seconds

    @model_validator(mode="after")
    def _has_room_for_a_suffix(self) -> Self:
        if self.keeps_replaced_seconds and len(self.table_name) > _MAX_NAME_OF_KEEPING:
            raise ValueError(
                f"has a name of {len(self.table_name)} characters; at most {_MAX_NAME_OF_KEEPING} are allowed where "
                "replaced rows are kept, in a table with a longer name"
            )
        return self

    @property
    def keeps_replaced_seconds(self) -> int | None:
        """Return how long a load keeps the rows that it replaces, or None if it does not keep them."""
        return self.keep_replaced or (_KEPT_SECONDS if self.mode in ("slice", "history") else None)

    @property
    def is_ordered(self) -> bool:
        """Return whether rows of a file that landed earlier must not replace those of a later one.

        Mode slice decides by the slices of each file, and a late file of mode history goes between versions.
        """
        return self.mode in ("truncate", "replace", "merge")

    @property
    def replaces_rows(self) -> bool:
        """Return whether a load may delete rows of an earlier one."""
        return self.mode in ("truncate", "replace", "merge", "slice", "history")

    @property
    def schema_name(self) -> str:
        """Return the part before the dot."""
        return self.name.partition(".")[0]

    @property
    def table_name(self) -> str:
        """Return the part after the dot."""
        return self.name.partition(".")[2]
