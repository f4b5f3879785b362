"""A file type's table: the statements that make it, and the differences to the one that is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from psycopg2 import sql

from lakeport.file_type import FileType
from lakeport.statements import statement
from lakeport.table_type import LOADED_AT, Column, Table

Statement = sql.SQL | sql.Composed


def table_identifier(table: Table) -> sql.Identifier:
    """Return the table's quoted name."""
    return sql.Identifier(table.schema_name, table.table_name)


def create_table(file_type: FileType) -> Iterator[Statement]:
    """Yield what creates the table and tells the catalog what its columns mean."""
    table = table_identifier(file_type.table)
    yield sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(file_type.table.schema_name))
    yield sql.SQL("CREATE TABLE IF NOT EXISTS {} ({}){}").format(
        table, sql.SQL(", ").join(_column_definitions(file_type)), _layout(file_type.table)
    )
    yield sql.SQL("COMMENT ON TABLE {} IS {}").format(table, sql.Literal(file_type.description))
    for column in file_type.columns:
        if column.description:
            name = sql.SQL("{}.{}").format(table, sql.Identifier(column.name))
            yield sql.SQL("COMMENT ON COLUMN {} IS {}").format(name, sql.Literal(column.description))


def live_columns_query() -> str:
    """Return the query for the live table's columns: name and type, in order."""
    return statement("live_columns")


def missing_columns(file_type: FileType, live: Mapping[str, str]) -> list[Column]:
    """Return the schema's columns that the live table lacks."""
    return [column for column in file_type.columns if column.name not in live]


def add_column(table: Table, column: Column) -> Statement:
    """Return what adds one column; Redshift takes one a statement, and none that is NOT NULL without a default."""
    return sql.SQL("ALTER TABLE {} ADD COLUMN {} {}").format(
        table_identifier(table), sql.Identifier(column.name), sql.SQL(str(column.type))
    )


def differences(file_type: FileType, live: Mapping[str, str]) -> list[str]:
    """List what an ADD COLUMN cannot reconcile, in words."""
    found = [
        f"{column.name} is {live[column.name]} in the table and {column.type.catalog_name()} in the schema"
        for column in file_type.columns
        if column.name in live and live[column.name] != column.type.catalog_name()
    ]
    if LOADED_AT not in live:
        found.append(f"{LOADED_AT} is missing, so this table was not made by Lakeport")
    found += [f"{column.name} is required but new" for column in missing_columns(file_type, live) if column.required]
    return found


def _column_definitions(file_type: FileType) -> Sequence[sql.Composed]:
    definitions = [
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name), sql.SQL(str(column.type)), sql.SQL(" NOT NULL" if column.required else "")
        )
        for column in file_type.columns
    ]
    return [*definitions, sql.SQL("{} TIMESTAMP DEFAULT SYSDATE").format(sql.Identifier(LOADED_AT))]


def _layout(table: Table) -> sql.Composed:
    parts: list[Statement] = []
    if table.dist_key:
        parts.append(sql.SQL(" DISTSTYLE KEY DISTKEY ({})").format(sql.Identifier(table.dist_key)))
    if table.sort_key:
        keys = sql.SQL(", ").join(map(sql.Identifier, table.sort_key))
        parts.append(sql.SQL(" COMPOUND SORTKEY ({})").format(keys))
    return sql.Composed(parts)
