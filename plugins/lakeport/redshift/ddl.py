"""The statements that create the table of a file type, and its differences from the live table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from psycopg2 import sql

from lakeport.redshift.statements import composed, keywords, statement
from lakeport.schema.file_type import FileType
from lakeport.schema.table import LOADED_AT, Column, Table

Statement = sql.SQL | sql.Composed
MAX_NAME_BYTES = 127
STAGE = sql.Identifier("lakeport_stage")
"""The temporary table that COPY fills if the rows do not go to their table directly."""
TRANSFORMED = sql.Identifier("lakeport_transformed")
"""The temporary table for the result of an SQL transform."""
WINNERS = sql.Identifier("lakeport_winners")
"""The temporary table for the rows that `table.wins` selects."""


def table_identifier(table: Table | str) -> sql.Identifier:
    """Return the quoted name of a table, or of `schema.table`."""
    return sql.Identifier(*(table if isinstance(table, str) else table.name).split(".", 1))


def names(columns: Iterable[str]) -> sql.Composed:
    """Return a comma-separated list of quoted names."""
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def create_schema(table: Table) -> Statement:
    """Return the statement that creates the table's schema."""
    return sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(table.schema_name))


def create_table(file_type: FileType, *, if_missing: bool = True) -> Iterator[Statement]:
    """Yield the statements that create the table with its comments."""
    table = table_identifier(file_type.table)
    yield create_schema(file_type.table)
    loaded_at = sql.SQL("{} TIMESTAMP DEFAULT SYSDATE").format(sql.Identifier(LOADED_AT))
    yield sql.SQL("CREATE TABLE {}{} ({}){}").format(
        sql.SQL("IF NOT EXISTS " if if_missing else ""),
        table,
        sql.SQL(", ").join([*_column_definitions(file_type.table_columns), loaded_at]),
        _layout(file_type.table),
    )
    yield sql.SQL("COMMENT ON TABLE {} IS {}").format(table, sql.Literal(file_type.description))
    for column in file_type.table_columns:
        if column.description:
            name = sql.SQL("{}.{}").format(table, sql.Identifier(column.name))
            yield sql.SQL("COMMENT ON COLUMN {} IS {}").format(name, sql.Literal(column.description))


def create_stage(file_type: FileType, ignored: Sequence[Column] = ()) -> Statement:
    """Return the statement that creates the temporary table for COPY, laid out as the table if its columns match."""
    columns = _column_definitions([*file_type.copied_columns, *ignored])
    layout = _layout(file_type.table) if file_type.copied_columns == file_type.table_columns else sql.SQL("")
    return composed("load/create_stage", stage=STAGE, columns=sql.SQL(", ").join(columns), layout=layout)


def create_made(file_type: FileType, made: sql.Identifier) -> Statement:
    """Return the statement that creates a temporary table with the columns and the layout of the table."""
    columns = sql.SQL(", ").join(_column_definitions(file_type.table_columns))
    return composed("load/create_stage", stage=made, columns=columns, layout=_layout(file_type.table))


def table_names(file_type: FileType) -> sql.Composed:
    """Return the comma-separated columns of the table without `_loaded_at`."""
    return names(column.name for column in file_type.table_columns)


def insert_staged(file_type: FileType, staged: sql.Identifier) -> Statement:
    """Return the statement that inserts the staged rows into their table."""
    here = table_identifier(file_type.table)
    return composed("load/insert_staged", table=here, stage=staged, columns=table_names(file_type))


def insert_winners(file_type: FileType, staged: sql.Identifier, by: str, direction: str) -> Statement:
    """Return the statement that inserts the first row of each key by a column; equal rows are inserted once."""
    parts = {"key": names(file_type.table.key), "by": sql.Identifier(by), "direction": keywords(direction)}
    return composed("load/insert_winners", made=WINNERS, stage=staged, columns=table_names(file_type), **parts)


def delete_replaced(table: Table, staged: sql.Identifier) -> Statement:
    """Return the statement that deletes the rows with the keys of staged rows."""
    here = table_identifier(table)
    same = (sql.SQL("{}.{} = {}.{}").format(here, key, staged, key) for key in map(sql.Identifier, table.key))
    return composed("load/delete_replaced", table=here, stage=staged, is_same_key=sql.SQL(" AND ").join(same))


def live_columns_query() -> str:
    """Return the query for the name and the type of each column of the live table, in order."""
    return statement("live_columns")


def missing_columns(file_type: FileType, live: Mapping[str, str]) -> list[Column]:
    """Return the schema's columns that the live table lacks."""
    return [column for column in file_type.table_columns if column.name not in live]


def add_column(table: Table, column: Column) -> Statement:
    """Return the statement that adds a column; Redshift adds one per statement, and no NOT NULL without a default."""
    return sql.SQL("ALTER TABLE {} ADD COLUMN {} {}").format(
        table_identifier(table), sql.Identifier(column.name), keywords(str(column.type))
    )


def widenings(file_type: FileType, live: Mapping[str, str]) -> list[Statement]:
    """Return the statements that widen varchar columns to the schema; each runs outside any transaction."""
    table = table_identifier(file_type.table)
    return [
        composed("load/widen_column", table=table, column=sql.Identifier(column.name), type=keywords(str(column.type)))
        for column in widened_columns(file_type, live)
    ]


def widened_columns(file_type: FileType, live: Mapping[str, str]) -> list[Column]:
    """Return the varchar columns that are longer in the schema than in the live table."""
    return [
        column
        for column in file_type.table_columns
        if length(column.type.catalog_name()) > length(live.get(column.name, "")) > 0
    ]


def length(catalog_name: str) -> int:
    """Return the length of a varchar by its name in the catalog, and 0 for other types."""
    match = re.fullmatch(r"character varying\((\d+)\)", catalog_name)
    return int(match[1]) if match else 0


def remedies(file_type: FileType, live: Mapping[str, str]) -> list[str]:
    """List the statements, for a person to run, that fit the live table to the schema."""
    alter, found = f"ALTER TABLE {file_type.table.name}", []
    for column in file_type.table_columns:
        name, type_ = column.name, column.type
        if name not in live and column.required:
            found.append(f"{alter} ADD COLUMN {name} {type_} NOT NULL DEFAULT <value for existing rows>;")
        elif name in live and live[name] != type_.catalog_name():
            found += [f"{alter} ADD COLUMN {name}_new {type_};"]
            found += [f"UPDATE {file_type.table.name} SET {name}_new = {name};"]  # noqa: S608 # nosec B608 - to read
            found += [f"{alter} DROP COLUMN {name};", f"{alter} RENAME COLUMN {name}_new TO {name};"]
    if LOADED_AT not in live:
        found.append(f"{alter} ADD COLUMN {LOADED_AT} TIMESTAMP DEFAULT SYSDATE;")
    return found


def differences(file_type: FileType, live: Mapping[str, str]) -> list[str]:
    """List the differences that ADD COLUMN cannot remove."""
    found = [
        f"{column.name} is {live[column.name]} in the table and {column.type.catalog_name()} in the schema"
        for column in file_type.table_columns
        if column.name in live and live[column.name] != column.type.catalog_name()
    ]
    if LOADED_AT not in live:
        found.append(f"{LOADED_AT} is missing: Lakeport did not create this table")
    found += [
        f"{column.name} is required but missing in the table"
        for column in missing_columns(file_type, live)
        if column.required
    ]
    return found


def _column_definitions(columns: Iterable[Column]) -> Sequence[sql.Composed]:
    return [
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name), keywords(str(column.type)), sql.SQL(" NOT NULL" if column.required else "")
        )
        for column in columns
    ]


def _layout(table: Table) -> sql.Composed:
    parts: list[Statement] = []
    if table.dist_key:
        parts.append(sql.SQL(" DISTSTYLE KEY DISTKEY ({})").format(sql.Identifier(table.dist_key)))
    if table.sort_key:
        parts.append(sql.SQL(" COMPOUND SORTKEY ({})").format(names(table.sort_key)))
    return sql.Composed(parts)
