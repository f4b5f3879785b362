"""The table that takes a file type's rows, and its columns: what `table` and `columns` say in a schema."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from lakeport.column_type import ColumnType
from lakeport.schema_words import Name, Part, doubled

LOADED_AT = "_loaded_at"


def _column_type(value: object) -> ColumnType:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no column type")  # noqa: TRY004 - pydantic reports ValueError with its place
    return ColumnType.parse(value)


class Table(Part):
    """The table that takes the rows."""

    name: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,126}\.[a-z_][a-z0-9_]{0,126}$")]
    mode: Literal["append", "truncate", "replace", "merge", "new_table"] = "append"
    key: Annotated[tuple[Name, ...], Field(validate_default=True)] = ()
    dist_key: Name | None = None
    sort_key: tuple[Name, ...] = ()

    @field_validator("key", "sort_key")
    @classmethod
    def _names_each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        twice = doubled(names)
        if twice:
            raise ValueError(f"{', '.join(twice)} stands there twice")
        return names

    @field_validator("key")
    @classmethod
    def _is_for_merge(cls, key: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        mode = info.data.get("mode")
        if mode == "merge" and not key:
            raise ValueError("is missing: mode merge finds by it the rows that a file replaces, as in key: [tailnum]")
        if key and mode not in ("merge", None):
            raise ValueError(f"is for mode merge; mode {mode} replaces no single rows")
        return key

    @property
    def replaces_rows(self) -> bool:
        """Say whether a load may take rows of an earlier one away."""
        return self.mode in ("truncate", "replace", "merge")

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
    width: Annotated[int, Field(ge=1, le=65535)] | None = None
    description: str = ""

    @field_validator("name")
    @classmethod
    def _is_not_ours(cls, name: str) -> str:
        if name == LOADED_AT:
            raise ValueError(f"{LOADED_AT} is added to every table by Lakeport; give the column another name")
        return name
