"""The statements, for a person to run, that rebuild a table to fit its schema.

Redshift changes neither the type of a column nor its NOT NULL, and does not drop a column of the distribution or sort
key.  A new table takes the rows and the name of the old one; it has the schema's types, NOT NULL and keys, and the
defaults and the other columns of the old table.
"""

from __future__ import annotations

from collections.abc import Iterator

from psycopg2 import sql

from lakeport.redshift import ddl
from lakeport.redshift.live_table import Live
from lakeport.redshift.statements import as_text, keywords
from lakeport.schema.column import LOADED_AT, Column
from lakeport.schema.file_type import FileType

PLACEHOLDER = "<value for existing rows>"


def rebuild_statements(file_type: FileType, live: Live) -> list[str]:
    """Return the statements as text; where a new column is required, a placeholder is in place of its value."""
    if LOADED_AT not in live and _has_columns_of(file_type, live):
        add = sql.SQL("ALTER TABLE {} ADD COLUMN {}")
        return [f"{as_text(add.format(ddl.table_identifier(file_type.table), ddl.LOADED_AT_DEFINITION))};"]
    return [f"{as_text(each)};" for each in _rebuild(file_type, live)]


def _has_columns_of(file_type: FileType, live: Live) -> bool:
    return all(
        column.name in live
        and live[column.name].type == column.type.catalog_name()
        and (column.required or not live[column.name].is_required)
        for column in file_type.table_columns
    )


def _rebuild(file_type: FileType, live: Live) -> Iterator[sql.SQL | sql.Composed]:
    new_type = file_type.into(ddl.suffixed(file_type.table, "__lakeport_new"))
    old, new = ddl.table_identifier(file_type.table), ddl.table_identifier(new_type.table)
    others = [name for name in live if name not in {*(each.name for each in file_type.table_columns), LOADED_AT}]
    definitions = [_definition(column, live) for column in file_type.table_columns]
    definitions += [
        ddl.column_definition(name, live[name].type, is_required=live[name].is_required, default=live[name].default)
        for name in others
    ]
    yield sql.SQL("BEGIN")
    yield sql.SQL("CREATE TABLE {} ({}){}").format(
        new, sql.SQL(", ").join([*definitions, ddl.LOADED_AT_DEFINITION]), ddl.layout(file_type.table)
    )
    values = {column.name: _value(column, live) for column in file_type.table_columns if _is_filled(column, live)}
    values |= {name: sql.Identifier(name) for name in (*others, *([LOADED_AT] if LOADED_AT in live else []))}
    yield sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
        new, ddl.names(values), sql.SQL(", ").join(values.values()), old
    )
    yield from ddl.comments(new_type)
    yield sql.SQL("DROP TABLE {}").format(old)
    yield sql.SQL("ALTER TABLE {} RENAME TO {}").format(new, sql.Identifier(file_type.table.table_name))
    yield sql.SQL("COMMIT")


def _definition(column: Column, live: Live) -> sql.Composed:
    default = live[column.name].default if column.name in live else None
    return ddl.column_definition(column.name, str(column.type), is_required=column.required, default=default)


def _is_filled(column: Column, live: Live) -> bool:
    return column.name in live or column.required


def _value(column: Column, live: Live) -> sql.Composable:
    if column.name not in live:
        return sql.SQL(PLACEHOLDER)
    name = sql.Identifier(column.name)
    # A cast would cut a text that is too long; without one the INSERT fails.
    is_cast = live[column.name].type != column.type.catalog_name() and column.type.name not in ("varchar", "char")
    return sql.SQL("CAST({} AS {})").format(name, keywords(str(column.type))) if is_cast else name
