"""Create the mng tables, or upgrade those of an earlier version of Lakeport.

`sql/mng/tables.sql` is their only definition.  Redshift adds one column per statement and has no IF NOT EXISTS for
columns, so the live columns are read first.  It can only lengthen VARCHAR columns, outside a transaction block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.errors import TableMismatch
from lakeport.redshift import ddl
from lakeport.redshift.live_table import length
from lakeport.redshift.rows import fetch_rows
from lakeport.redshift.session import Warehouse
from lakeport.redshift.sql_files import statement
from lakeport.redshift.statements import composed, keywords
from lakeport.schema.column_type import ColumnType

TABLES = "mng/tables"
LIVE_COLUMNS = "mng/live_columns"
_ADD = "mng/add_column"
_LENGTHEN = "load/widen_column"
_TABLE = re.compile(r"^CREATE TABLE IF NOT EXISTS (mng\.[a-z_]+) \($(.*?)^\)", re.DOTALL | re.MULTILINE)
_COLUMN = re.compile(r"^    ([a-z_]+) +([A-Z]+(?:\(\d+\))?)( +NOT NULL)?", re.MULTILINE)


@dataclass(frozen=True)
class ColumnChange:
    """A change of one column of a live table to its definition in tables.sql."""

    statement: str
    """The name of the statement in sql/."""
    table: str
    column: str
    type: str

    def composed(self) -> sql.Composed:
        table, column = ddl.table_identifier(self.table), sql.Identifier(self.column)
        return composed(self.statement, table=table, column=column, type=keywords(self.type))

    def text(self) -> str:
        """Return the statement as text; the names in tables.sql need no quotes."""
        return statement(self.statement).strip().format(table=self.table, column=self.column, type=self.type)


def make_tables(warehouse: Warehouse) -> None:
    """Create the missing tables and columns, and lengthen the columns that are too short.

    Safe to repeat, to kill at any line and to run twice at the same time: each transaction begins by reading the live
    columns, and the second one to add a column is retried.
    Raises TableMismatch, with nothing changed, for a table that cannot be upgraded to tables.sql.
    """
    for change in warehouse.transaction(_too_short):
        try:
            warehouse.alone(change.composed())
        except psycopg2.Error:
            if change in warehouse.transaction(_too_short):
                raise  # if not, another process did it, or an attempt whose reply was lost
    warehouse.transaction(_complete)


def _too_short(current: cursor) -> list[ColumnChange]:
    return lengthenings(_live(current))


def _complete(current: cursor) -> None:
    current.execute(statement(TABLES))
    for change in additions(_live(current)):
        current.execute(change.composed())


def _live(current: cursor) -> list[tuple[str, str, str]]:
    current.execute(statement(LIVE_COLUMNS))
    return [(row["table_name"], row["column_name"], row["column_type"]) for row in fetch_rows(current)]


def additions(live: Iterable[Iterable[str]]) -> list[ColumnChange]:
    """Return the columns to add to the live tables, which are rows of table, column and type."""
    return [change for change in _changes(live) if change.statement == _ADD]


def lengthenings(live: Iterable[Iterable[str]]) -> list[ColumnChange]:
    """Return the columns to lengthen; each statement must run outside a transaction."""
    return [change for change in _changes(live) if change.statement == _LENGTHEN]


def _changes(live: Iterable[Iterable[str]]) -> list[ColumnChange]:
    found: dict[str, dict[str, str]] = {}
    for table, column, type_ in live:
        found.setdefault(f"mng.{table}", {})[column] = type_
    changes: list[ColumnChange] = []
    problems: list[str] = []
    for table, column, type_, is_required in _wanted():
        if table not in found:
            continue  # tables.sql creates it
        has, wants = found[table].get(column), ColumnType.parse(type_).catalog_name()
        if has is None and is_required:
            problems.append(f"{table} has no column {column}, which every row must have")
        elif has is None:
            changes.append(ColumnChange(_ADD, table, column, type_))
        elif 0 < length(has) < length(wants):
            changes.append(ColumnChange(_LENGTHEN, table, column, type_))
        elif has != wants and not length(has) > length(wants) > 0:
            problems.append(f"{table}.{column} is {has} and must be {wants}")
    if problems:
        remedy = "rename the table and run this again; then copy its rows to the new table"
        raise TableMismatch(f"the mng tables cannot be upgraded: {'; '.join(problems)}; {remedy}")
    return changes


def _wanted() -> Iterator[tuple[str, str, str, bool]]:
    for table, columns in _TABLE.findall(statement(TABLES)):
        for column, type_, required in _COLUMN.findall(columns):
            yield table, column, type_, bool(required)
