"""A file type's table: the statements that make it, and the differences to the one that is there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from psycopg2 import sql

from lakeport.redshift.statements import composed, statement, words
from lakeport.schema.file_type import FileType
from lakeport.schema.table import LOADED_AT, Column, Table

Statement = sql.SQL | sql.Composed
MAX_NAME_BYTES = 127
STAGE = sql.Identifier("lakeport_stage")
"""The temporary table into which COPY writes what is worked on before it goes to its table."""
TRANSFORMED = sql.Identifier("lakeport_transformed")
"""The temporary table for what a transform makes of the staged rows."""
WINNERS = sql.Identifier("lakeport_winners")
"""The temporary table for the rows that win where several have one key."""


def table_identifier(table: Table | str) -> sql.Identifier:
    """Return the quoted name of a table, or of `schema.table`."""
    return sql.Identifier(*(table if isinstance(table, str) else table.name).split(".", 1))


def names(columns: Iterable[str]) -> sql.Composed:
    """Return a list of quoted names."""
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def create_schema(table: Table) -> Statement:
    """Return what creates the table's schema."""
    return sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(table.schema_name))


def create_table(file_type: FileType, *, if_missing: bool = True) -> Iterator[Statement]:
    """Yield what creates the table and tells the catalog what its columns mean."""
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


def create_stage(file_type: FileType, ignored: Sequence[str] = ()) -> Statement:
    """Return what creates the temporary table for a file's rows, laid out as their table is where it can be."""
    spare = [sql.SQL("{} VARCHAR(65535)").format(sql.Identifier(name)) for name in ignored]
    columns = [*_column_definitions(file_type.copied_columns), *spare]
    layout = _layout(file_type.table) if file_type.copied_columns == file_type.table_columns else sql.SQL("")
    return composed("load/create_stage", stage=STAGE, columns=sql.SQL(", ").join(columns), layout=layout)


def create_made(file_type: FileType, made: sql.Identifier) -> Statement:
    """Return what creates a temporary table for rows that are made of the staged ones, laid out as their table is."""
    columns = sql.SQL(", ").join(_column_definitions(file_type.table_columns))
    return composed("load/create_stage", stage=made, columns=columns, layout=_layout(file_type.table))


def table_names(file_type: FileType) -> sql.Composed:
    """Return the list of the table's columns, without `_loaded_at`."""
    return names(column.name for column in file_type.table_columns)


def insert_staged(file_type: FileType, staged: sql.Identifier) -> Statement:
    """Return what brings the staged rows to their table."""
    here = table_identifier(file_type.table)
    return composed("load/insert_staged", table=here, stage=staged, columns=table_names(file_type))


def insert_winners(file_type: FileType, staged: sql.Identifier, by: str, direction: str) -> Statement:
    """Return what brings to the winners' table each key's rows that are first by a column, equal ones once."""
    parts = {"key": names(file_type.table.key), "by": sql.Identifier(by), "direction": words(direction)}
    return composed("load/insert_winners", made=WINNERS, stage=staged, columns=table_names(file_type), **parts)


def delete_replaced(table: Table, staged: sql.Identifier) -> Statement:
    """Return what deletes the rows whose keys are staged."""
    here = table_identifier(table)
    same = (sql.SQL("{}.{} = {}.{}").format(here, key, staged, key) for key in map(sql.Identifier, table.key))
    return composed("load/delete_replaced", table=here, stage=staged, is_same_key=sql.SQL(" AND ").join(same))


def live_columns_query() -> str:
    """Return the query for the live table's columns: name and type, in order."""
    return statement("live_columns")


def missing_columns(file_type: FileType, live: Mapping[str, str]) -> list[Column]:
    """Return the schema's columns that the live table lacks."""
    return [column for column in file_type.table_columns if column.name not in live]


def add_column(table: Table, column: Column) -> Statement:
    """Return what adds one column; Redshift takes one a statement, and none that is NOT NULL without a default."""
    return sql.SQL("ALTER TABLE {} ADD COLUMN {} {}").format(
        table_identifier(table), sql.Identifier(column.name), words(str(column.type))
    )


def widenings(file_type: FileType, live: Mapping[str, str]) -> list[Statement]:
    """Return what lengthens the live table's varchars to the schema's; each runs alone, outside any transaction."""
    table = table_identifier(file_type.table)
    return [
        composed("load/widen_column", table=table, column=sql.Identifier(column.name), type=words(str(column.type)))
        for column in widened_columns(file_type, live)
    ]


def widened_columns(file_type: FileType, live: Mapping[str, str]) -> list[Column]:
    """Return the columns whose varchar is longer in the schema than in the live table."""
    return [
        column
        for column in file_type.table_columns
        if length(column.type.catalog_name()) > length(live.get(column.name, "")) > 0
    ]


def length(catalog_name: str) -> int:
    """Return the length of a varchar, as the catalog names its type, and 0 for every other type."""
    match = re.fullmatch(r"character varying\((\d+)\)", catalog_name)
    return int(match[1]) if match else 0


def remedies(file_type: FileType, live: Mapping[str, str]) -> list[str]:
    """List the statements by which a person may reconcile what Lakeport does not."""
    alter, found = f"ALTER TABLE {file_type.table.name}", []
    for column in file_type.table_columns:
        name, type_ = column.name, column.type
        if name not in live and column.required:
            found.append(f"{alter} ADD COLUMN {name} {type_} NOT NULL DEFAULT <what older rows shall have>;")
        elif name in live and live[name] != type_.catalog_name():
            found += [f"{alter} ADD COLUMN {name}_new {type_};"]
            found += [f"UPDATE {file_type.table.name} SET {name}_new = {name};"]  # noqa: S608 # nosec B608 - to read
            found += [f"{alter} DROP COLUMN {name};", f"{alter} RENAME COLUMN {name}_new TO {name};"]
    if LOADED_AT not in live:
        found.append(f"{alter} ADD COLUMN {LOADED_AT} TIMESTAMP DEFAULT SYSDATE;")
    return found


def differences(file_type: FileType, live: Mapping[str, str]) -> list[str]:
    """List what an ADD COLUMN cannot reconcile, in words."""
    found = [
        f"{column.name} is {live[column.name]} in the table and {column.type.catalog_name()} in the schema"
        for column in file_type.table_columns
        if column.name in live and live[column.name] != column.type.catalog_name()
    ]
    if LOADED_AT not in live:
        found.append(f"{LOADED_AT} is missing, so this table was not made by Lakeport")
    found += [f"{column.name} is required but new" for column in missing_columns(file_type, live) if column.required]
    return found


def _column_definitions(columns: Iterable[Column]) -> Sequence[sql.Composed]:
    return [
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name), words(str(column.type)), sql.SQL(" NOT NULL" if column.required else "")
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
