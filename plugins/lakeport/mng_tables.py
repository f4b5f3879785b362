"""Make the mng tables, or bring those of an earlier Lakeport up to this one."""

from __future__ import annotations

from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport import ddl
from lakeport.statements import composed, statement, words

# What tables.sql has gained: Redshift cannot add a column "if it is not there".
_GAINED = {
    "alerts": {"message": "VARCHAR(65535)", "held_by": "VARCHAR(64)", "held_until": "TIMESTAMP"},
    "files": {"archive_version_id": "VARCHAR(1024)"},
}


def make_tables(current: cursor) -> None:
    """Create the tables and columns that are missing; safe to repeat."""
    current.execute(statement("mng/tables"))
    for table, columns in _GAINED.items():
        current.execute(ddl.live_columns_query(), {"schema_name": "mng", "table_name": table})
        live = dict(current.fetchall())
        for name in columns.keys() - live.keys():
            parts = {"table": ddl.table_identifier(f"mng.{table}"), "column": sql.Identifier(name)}
            current.execute(composed("mng/add_column", **parts, type=words(columns[name])))
