"""The table that takes a file type's rows, and its columns: what `table` and `columns` say in a schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from lakeport.column_type import ColumnType
from lakeport.schema_words import Name, Part, doubled

LOADED_AT = "_loaded_at"


def _column_type(value: object) -> ColumnType:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no column type")  # noqa: TRY004 - pydantic reports ValueError with its place
    return ColumnType.parse(value)


class Table(Part):
    """The table that takes the rows."""

    meanings: ClassVar[Mapping[str, str]] = {
        "name": "The table, as schema.table; without it lake.<file type>. Made, and given new columns, by Lakeport.",
        "mode": "What becomes of the rows that are in the table already.",
        "key": "For mode merge: the columns by which a row of a file finds the one it replaces.",
        "dist_key": "The column by which Redshift spreads the rows over its nodes; without it Redshift chooses.",
        "sort_key": "The columns by which Redshift sorts the rows.",
    }
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

    meanings: ClassVar[Mapping[str, str]] = {
        "name": "The column's name in the table.",
        "type": "The column's type in Redshift; lengths count bytes.",
        "required": "A row without a value here is rejected.",
        "description": "What the column means; shown in the catalog and in Airflow.",
        "header": "The file's own word for the column, where that is no legal name.",
        "width": "How many characters the column has, in a file of type fixed_width.",
    }
    name: Name
    type: Annotated[
        ColumnType,
        BeforeValidator(_column_type),
        WithJsonSchema({"type": "string", "examples": ["integer", "varchar(20)", "decimal(8,2)", "timestamp"]}),
    ]
    required: bool = False
    width: Annotated[int, Field(ge=1, le=65535)] | None = None
    description: str = ""
    header: Annotated[
        str | None,
        Field(max_length=1000),
    ] = None

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
