"""The changes that a live table needs before it can take the rows of a file type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from psycopg2.extensions import cursor

from lakeport.errors import TableMismatch
from lakeport.redshift import ddl
from lakeport.redshift.live_table import (
    Live,
    LiveColumn,
    differences,
    live_columns,
    loose_columns,
    missing_columns,
    widened_columns,
)
from lakeport.redshift.rebuilding import rebuild_statements
from lakeport.schema.column import LOADED_AT
from lakeport.schema.file_type import FileType


def widenings(file_type: FileType, live: Live) -> list[ddl.Statement]:
    """Return the statements that widen varchar columns; each runs outside a transaction, before all others."""
    if file_type.table.mode in ("new_table", "replace"):
        return []
    return [ddl.widen_column(file_type.table, column) for column in widened_columns(file_type, live)]


def widened(file_type: FileType, live: Mapping[str, LiveColumn]) -> dict[str, LiveColumn]:
    """Return the live columns after the widenings."""
    longer = {
        column.name: replace(live[column.name], type=column.type.catalog_name())
        for column in widened_columns(file_type, live)
    }
    return {**live, **longer}


def changes(file_type: FileType, live: Live) -> list[ddl.Statement]:
    """Return the statements that create the table or add the schema's new columns; run them in one transaction.

    Raises TableMismatch, with the statements to run by hand, if the table differs in another way.
    """
    table = file_type.table
    if table.mode == "new_table":
        return [ddl.create_schema(table)]  # the load creates the table of each file
    if not live:
        return list(ddl.create_table(file_type))
    if table.mode == "replace" and LOADED_AT in live:
        return []  # each load creates a new table
    found = differences(file_type, live)
    if found:
        raise TableMismatch(
            f"{table.name} does not match schemas/{file_type.name}.yaml: {'; '.join(found)}; change the schema, or "
            "rebuild the table (repeat its GRANTs afterwards) with\n" + "\n".join(rebuild_statements(file_type, live))
        )
    return [ddl.add_column(table, column) for column in missing_columns(file_type, live)]


def takes_null_against_the_schema(current: cursor, file_type: FileType) -> bool:
    """Return whether the live table has a column without NOT NULL that the schema requires."""
    return bool(loose_columns(file_type, live_columns(current, file_type.table)))


def add_columns(current: cursor, file_type: FileType) -> list[str]:
    """Add the type's columns that the live table lacks, and return their names.

    Safe to repeat: it reads the live columns first.  Run it in a transaction before the load, since readers wait from
    an ALTER TABLE to its commit; if the load fails, the columns stay and are empty.
    """
    missing = missing_columns(file_type, live_columns(current, file_type.table))
    for column in missing:
        current.execute(ddl.add_column(file_type.table, column))
    return [column.name for column in missing]
