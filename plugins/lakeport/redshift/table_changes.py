"""The changes that a live table needs before it can take the rows of a file type."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg2.extensions import cursor

from lakeport.errors import TableMismatch
from lakeport.redshift import ddl
from lakeport.redshift.rows import fetch_rows
from lakeport.schema.file_type import FileType
from lakeport.schema.table import LOADED_AT, Table


def live_columns(current: cursor, table: Table) -> dict[str, str]:
    """Return the live table's columns with their types, in order; none if the table does not exist."""
    current.execute(ddl.live_columns_query(), {"schema_name": table.schema_name, "table_name": table.table_name})
    return {row["column_name"]: row["column_type"] for row in fetch_rows(current)}


def widenings(file_type: FileType, live: Mapping[str, str]) -> list[ddl.Statement]:
    """Return the statements that widen varchar columns; each runs outside a transaction, before all others."""
    return [] if file_type.table.mode in ("new_table", "replace") else ddl.widenings(file_type, live)


def widened(file_type: FileType, live: Mapping[str, str]) -> dict[str, str]:
    """Return the live columns after the widenings."""
    longer = {column.name: column.type.catalog_name() for column in ddl.widened_columns(file_type, live)}
    return {**live, **longer}


def changes(file_type: FileType, live: Mapping[str, str]) -> list[ddl.Statement]:
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
    found = ddl.differences(file_type, live)
    if found:
        raise TableMismatch(
            f"{table.name} does not match schemas/{file_type.name}.yaml: {'; '.join(found)}; "
            "change the schema, or run\n" + "\n".join(ddl.remedies(file_type, live))
        )
    return [ddl.add_column(table, column) for column in ddl.missing_columns(file_type, live)]


def add_columns(current: cursor, file_type: FileType) -> list[str]:
    """Add the type's columns that the live table lacks, and return their names.

    Safe to repeat: it reads the live columns first.  Run it in a transaction before the load, since readers wait from
    an ALTER TABLE to its commit; if the load fails, the columns stay and are empty.
    """
    missing = ddl.missing_columns(file_type, live_columns(current, file_type.table))
    for column in missing:
        current.execute(ddl.add_column(file_type.table, column))
    return [column.name for column in missing]
