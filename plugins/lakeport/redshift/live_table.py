"""A table as it is in Redshift, and its differences from a schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from psycopg2.extensions import cursor

from lakeport.redshift.rows import fetch_rows
from lakeport.redshift.sql_files import statement
from lakeport.schema.column import HISTORY_COLUMNS, LOADED_AT, Column
from lakeport.schema.file_type import FileType
from lakeport.schema.table import Table


@dataclass(frozen=True)
class LiveColumn:
    """A column in Redshift; `type` and `default` are written as the catalog shows them."""

    type: str
    is_required: bool = False
    default: str | None = None


Live = Mapping[str, LiveColumn]
"""The columns of a live table by name, in order."""


def live_columns_query() -> str:
    """Return the query for the columns of the live table, in order."""
    return statement("live_columns")


def live_columns(current: cursor, table: Table) -> dict[str, LiveColumn]:
    """Return the live table's columns, in order; none if the table does not exist."""
    current.execute(live_columns_query(), {"schema_name": table.schema_name, "table_name": table.table_name})
    return {
        row["column_name"]: LiveColumn(row["column_type"], row["is_required"], row["column_default"])
        for row in fetch_rows(current)
    }


def missing_columns(file_type: FileType, live: Live) -> list[Column]:
    """Return the schema's columns that the live table lacks."""
    return [column for column in file_type.table_columns if column.name not in live]


def widened_columns(file_type: FileType, live: Live) -> list[Column]:
    """Return the varchar columns that are longer in the schema than in the live table."""
    return [
        column
        for column in file_type.table_columns
        if column.name in live and length(column.type.catalog_name()) > length(live[column.name].type) > 0
    ]


def loose_columns(file_type: FileType, live: Live) -> list[Column]:
    """Return the columns that are required in the schema and may be NULL in the live table."""
    return [
        column
        for column in file_type.table_columns
        if column.required and column.name in live and not live[column.name].is_required
    ]


def length(catalog_name: str) -> int:
    """Return the length of a varchar by its name in the catalog, and 0 for other types."""
    match = re.fullmatch(r"character varying\((\d+)\)", catalog_name)
    return int(match[1]) if match else 0


def differences(file_type: FileType, live: Live) -> list[str]:
    """List the differences that Lakeport cannot remove itself."""
    return [*_of_columns(file_type, live), *_of_other_columns(file_type, live)]


def _of_columns(file_type: FileType, live: Live) -> Iterator[str]:
    for column in file_type.table_columns:
        found, name = live.get(column.name), column.name
        if found is None:
            if column.required:
                yield f"{name} is required but missing in the table"
            continue
        if found.type != column.type.catalog_name():
            yield f"{name} is {found.type} in the table and {column.type.catalog_name()} in the schema"
        if found.is_required and not column.required:
            yield f"{name} is NOT NULL in the table and not required in the schema"


def _of_other_columns(file_type: FileType, live: Live) -> Iterator[str]:
    known = {column.name for column in file_type.table_columns}
    for name, column in live.items():
        if name not in {*known, LOADED_AT, *HISTORY_COLUMNS} and column.is_required and column.default is None:
            yield f"{name} is NOT NULL in the table and missing in the schema"
    if file_type.table.mode == "history":
        yield from (f"{name} is missing, which mode history needs" for name in HISTORY_COLUMNS if name not in live)
    if LOADED_AT not in live:
        yield f"{LOADED_AT} is missing: Lakeport did not create this table"
