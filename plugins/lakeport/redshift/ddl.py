"""The statements that create the table of a file type, and its differences from the live table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from psycopg2 import sql

from lakeport.redshift.statements import composed, keywords
from lakeport.schema.column import HISTORY_COLUMNS, LOADED_AT, Column
from lakeport.schema.file_type import FileType
from lakeport.schema.table import Table

Statement = sql.SQL | sql.Composed
MAX_NAME_BYTES = 127
STAGE = sql.Identifier("lakeport_stage")
"""The temporary table that COPY fills if the rows do not go to their table directly."""
TRANSFORMED = sql.Identifier("lakeport_transformed")
"""The temporary table for the result of an SQL transform."""
WINNERS = sql.Identifier("lakeport_winners")
"""The temporary table for the rows that `table.wins` selects."""

SLICES = sql.Identifier("lakeport_slices")
"""The temporary table for the slices of a file, see `table.slice`."""

LOADED_AT_DEFINITION = sql.SQL("{} TIMESTAMP DEFAULT SYSDATE").format(sql.Identifier(LOADED_AT))
"""The column that every table has for the time of the load."""


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
    yield sql.SQL("CREATE TABLE {}{} ({}){}").format(
        sql.SQL("IF NOT EXISTS " if if_missing else ""),
        table,
        sql.SQL(", ").join(
            [*_column_definitions(file_type.table_columns), *history_columns(file_type), LOADED_AT_DEFINITION]
        ),
        layout(file_type.table),
    )
    yield from comments(file_type)


def history_columns(file_type: FileType) -> list[sql.Composed]:
    """Return the definitions of the columns that mode history adds."""
    if file_type.table.mode != "history":
        return []
    types = (file_type.history_type, file_type.history_type, "timestamp")
    return [
        column_definition(name, type_, is_required=name == HISTORY_COLUMNS[0])
        for name, type_ in zip(HISTORY_COLUMNS, types, strict=True)
    ]


def nullable(columns: Iterable[Column]) -> list[sql.Composed]:
    """Return the definitions of the columns without NOT NULL."""
    return [column_definition(column.name, str(column.type), is_required=False) for column in columns]


def comments(file_type: FileType) -> Iterator[Statement]:
    """Yield the statements that comment the table and its columns."""
    table = table_identifier(file_type.table)
    yield sql.SQL("COMMENT ON TABLE {} IS {}").format(table, sql.Literal(file_type.description))
    for column in file_type.table_columns:
        if column.description:
            name = sql.SQL("{}.{}").format(table, sql.Identifier(column.name))
            yield sql.SQL("COMMENT ON COLUMN {} IS {}").format(name, sql.Literal(column.description))


def create_stage(file_type: FileType, ignored: Sequence[Column] = (), filled: Sequence[sql.Composed] = ()) -> Statement:
    """Return the statement that creates the temporary table for COPY, laid out as the table if its columns match.

    `filled` are the definitions of columns that COPY does not read, but fills with their defaults.
    """
    columns = [*_column_definitions([*file_type.copied_columns, *ignored]), *filled]
    is_alike = {*file_type.copied_columns, *file_type.fact_columns} == {*file_type.table_columns}
    as_table = layout(file_type.table) if is_alike else sql.SQL("")
    return composed("load/create_stage", stage=STAGE, columns=sql.SQL(", ").join(columns), layout=as_table)


def create_made(file_type: FileType, made: sql.Identifier, columns: Sequence[Column] = ()) -> Statement:
    """Return the statement that creates a temporary table with the columns and the layout of the table.

    With `columns`, it has these columns instead, and the table's layout if they are the same.
    """
    columns = columns or file_type.table_columns
    definitions = sql.SQL(", ").join(_column_definitions(columns))
    as_table = layout(file_type.table) if tuple(columns) == file_type.table_columns else sql.SQL("")
    return composed("load/create_stage", stage=made, columns=definitions, layout=as_table)


def create_slices(columns: Iterable[Column]) -> Statement:
    """Return the statement that creates the temporary table of the slices."""
    definitions = sql.SQL(", ").join(nullable(columns))
    return composed("load/create_stage", stage=SLICES, columns=definitions, layout=sql.SQL(""))


def table_names(file_type: FileType) -> sql.Composed:
    """Return the comma-separated columns of the table without `_loaded_at`."""
    return names(column.name for column in file_type.table_columns)


def insert_staged(file_type: FileType, staged: sql.Identifier) -> Statement:
    """Return the statement that inserts the staged rows into their table."""
    here = table_identifier(file_type.table)
    return composed("load/insert_staged", table=here, stage=staged, columns=table_names(file_type))


def insert_winners(table: Table, staged: sql.Identifier, columns: sql.Composed, by: str, direction: str) -> Statement:
    """Return the statement that inserts the first row of each key by a column; equal rows are inserted once."""
    parts = {"key": names(table.key), "by": sql.Identifier(by), "direction": keywords(direction)}
    return composed("load/insert_winners", made=WINNERS, stage=staged, columns=columns, **parts)


def delete_where(staged: sql.Identifier, deletes: str) -> Statement:
    """Return the statement that deletes the staged rows that meet a condition of the schema."""
    return composed("load/delete_where", stage=staged, condition=condition(deletes))


def condition(text: str) -> sql.Composed:
    """Return a condition that the author of a schema wrote as part of a statement."""
    # sql.SQL would take {} in it for a placeholder.
    return sql.Composed([sql.SQL(text)])  # nosemgrep: sql-wrapped-unread, sql-from-text - see above


def add_column(table: Table, column: Column) -> Statement:
    """Return the statement that adds a column; Redshift adds one per statement, and no NOT NULL without a default."""
    return sql.SQL("ALTER TABLE {} ADD COLUMN {} {}").format(
        table_identifier(table), sql.Identifier(column.name), keywords(str(column.type))
    )


def widen_column(table: Table, column: Column) -> Statement:
    """Return the statement that widens a varchar column; it runs outside any transaction."""
    name, type_ = sql.Identifier(column.name), keywords(str(column.type))
    return composed("load/widen_column", table=table_identifier(table), column=name, type=type_)


def suffixed(table: Table, suffix: str) -> str:
    """Return the table's name with a suffix, within the maximum length of a name."""
    return f"{table.schema_name}.{table.table_name[: MAX_NAME_BYTES - len(suffix)]}{suffix}"


def column_definition(name: str, type_: str, *, is_required: bool, default: str | None = None) -> sql.Composed:
    """Return the definition of a column; a default is SQL as the catalog shows it."""
    parts: list[sql.Composable] = [sql.Identifier(name), keywords(type_)]
    if default is not None:
        parts.append(sql.SQL("DEFAULT " + default))  # nosemgrep: sql-wrapped-unread, sql-from-text - from the catalog
    if is_required:
        parts.append(sql.SQL("NOT NULL"))
    return sql.SQL(" ").join(parts)


def _column_definitions(columns: Iterable[Column]) -> Sequence[sql.Composed]:
    return [column_definition(column.name, str(column.type), is_required=column.required) for column in columns]


def layout(table: Table) -> sql.Composed:
    parts: list[Statement] = []
    if table.dist_key:
        parts.append(sql.SQL(" DISTSTYLE KEY DISTKEY ({})").format(sql.Identifier(table.dist_key)))
    if table.sort_key:
        parts.append(sql.SQL(" COMPOUND SORTKEY ({})").format(names(table.sort_key)))
    return sql.Composed(parts)
