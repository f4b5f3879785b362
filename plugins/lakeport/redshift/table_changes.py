"""What must be done to a live table before it takes a file type's rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from psycopg2.extensions import cursor

from lakeport.errors import TableMismatch
from lakeport.redshift import ddl
from lakeport.schema.file_type import FileType
from lakeport.schema.table import LOADED_AT, Table

if TYPE_CHECKING:
    from psycopg2.extensions import cursor


def live_columns(current: cursor, table: Table) -> dict[str, str]:
    """Return the live table's columns with their types, in order; none where there is no table."""
    current.execute(ddl.live_columns_query(), {"schema_name": table.schema_name, "table_name": table.table_name})
    return dict(current.fetchall())


def widenings(file_type: FileType, live: Mapping[str, str]) -> list[ddl.Statement]:
    """Return what lengthens the table's varchars; each runs alone, before anything else."""
    return [] if file_type.table.mode in ("new_table", "replace") else ddl.widenings(file_type, live)


def widened(file_type: FileType, live: Mapping[str, str]) -> dict[str, str]:
    """Return the live columns as they are when the varchars are lengthened."""
    longer = {column.name: column.type.catalog_name() for column in ddl.widened_columns(file_type, live)}
    return {**live, **longer}


def changes(file_type: FileType, live: Mapping[str, str]) -> list[ddl.Statement]:
    """Return what makes the table, or adds the columns that are new in the schema, in one transaction.

    Raises TableMismatch, with what a person may run, where the two cannot be reconciled so.
    """
    table = file_type.table
    if table.mode == "new_table":
        return [ddl.create_schema(table)]  # each file's table is made with its rows
    if not live:
        return list(ddl.create_table(file_type))
    if table.mode == "replace" and LOADED_AT in live:
        return []  # each load makes the table anew
    found = ddl.differences(file_type, live)
    if found:
        raise TableMismatch(
            f"{table.name} does not fit schemas/{file_type.name}.yaml: {'; '.join(found)}; "
            "change the schema, or run\n" + "\n".join(ddl.remedies(file_type, live))
        )
    return [ddl.add_column(table, column) for column in ddl.missing_columns(file_type, live)]


def add_columns(current: cursor, file_type: FileType) -> list[str]:
    """Add to the live table what it lacks of the type's columns, and return their names.

    Safe to repeat: it looks at the table first.  It is a transaction of its own before the load, since readers wait
    from an ALTER TABLE to its commit; if the load fails, the columns stay and are empty.
    """
    table = file_type.table
    current.execute(ddl.live_columns_query(), {"schema_name": table.schema_name, "table_name": table.table_name})
    missing = ddl.missing_columns(file_type, dict(current.fetchall()))
    for column in missing:
        current.execute(ddl.add_column(table, column))
    return [column.name for column in missing]
