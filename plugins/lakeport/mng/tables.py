"""Make the mng tables, or bring those of an earlier Lakeport up to this one.

`sql/mng/tables.sql` alone says what they are.  Redshift adds one column a statement and knows no "if it is not there",
so the live columns are looked at first; it lengthens a VARCHAR outside of any transaction block, and changes no other
type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.errors import TableMismatch
from lakeport.redshift import ddl
from lakeport.redshift.session import Warehouse
from lakeport.redshift.statements import composed, statement, words
from lakeport.schema.column_type import ColumnType

TABLES = "mng/tables"
LIVE_COLUMNS = "mng/live_columns"
_ADD = "mng/add_column"
_LENGTHEN = "load/widen_column"
_TABLE = re.compile(r"^CREATE TABLE IF NOT EXISTS (mng\.[a-z_]+) \($(.*?)^\)", re.DOTALL | re.MULTILINE)
_COLUMN = re.compile(r"^    ([a-z_]+) +([A-Z]+(?:\(\d+\))?)( +NOT NULL)?", re.MULTILINE)


@dataclass(frozen=True)
class ColumnChange:
    """One column of a live table that is to be as tables.sql has it."""

    statement: str
    """Name of the statement in sql/ that makes it so."""
    table: str
    column: str
    type: str

    def composed(self) -> sql.Composed:
        table, column = ddl.table_identifier(self.table), sql.Identifier(self.column)
        return composed(self.statement, table=table, column=column, type=words(self.type))

    def text(self) -> str:
        """Return the statement where no connection quotes names: those of tables.sql need no quotes."""
        return statement(self.statement).strip().format(table=self.table, column=self.column, type=self.type)


def make_tables(warehouse: Warehouse) -> None:
    """Create the tables and columns that are missing and lengthen what is too short.

    Safe to repeat, to be killed anywhere and to run twice at once: each transaction begins by looking, and the one
    that comes second to a column looks again.
    Raises TableMismatch, with nothing changed, for a table that cannot become that of tables.sql.
    """
    for change in warehouse.transaction(lambda current: lengthenings(_live(current))):
        warehouse.alone(change.composed())
    warehouse.transaction(_complete)


def _complete(current: cursor) -> None:
    current.execute(statement(TABLES))
    for change in additions(_live(current)):
        current.execute(change.composed())


def _live(current: cursor) -> list[tuple[str, str, str]]:
    current.execute(statement(LIVE_COLUMNS))
    return current.fetchall()


def additions(live: Iterable[Iterable[str]]) -> list[ColumnChange]:
    """Return the columns to add to live tables, given as rows of table, column and type."""
    return [change for change in _changes(live) if change.statement == _ADD]


def lengthenings(live: Iterable[Iterable[str]]) -> list[ColumnChange]:
    """Return the columns to lengthen; each by a statement outside of any transaction."""
    return [change for change in _changes(live) if change.statement == _LENGTHEN]


def _changes(live: Iterable[Iterable[str]]) -> list[ColumnChange]:
    found: dict[str, dict[str, str]] = {}
    for table, column, type_ in live:
        found.setdefault(f"mng.{table}", {})[column] = type_
    changes: list[ColumnChange] = []
    problems: list[str] = []
    for table, column, type_, is_required in _wanted():
        if table not in found:
            continue  # it is made whole
        has, wants = found[table].get(column), ColumnType.parse(type_).catalog_name()
        if has is None and is_required:
            problems.append(f"{table} has no column {column}, which every row must have")
        elif has is None:
            changes.append(ColumnChange(_ADD, table, column, type_))
        elif 0 < ddl.length(has) < ddl.length(wants):
            changes.append(ColumnChange(_LENGTHEN, table, column, type_))
        elif has != wants and not ddl.length(has) > ddl.length(wants) > 0:
            problems.append(f"{table}.{column} is {has} and must be {wants}")
    if problems:
        remedy = "rename that table, then run this again: it makes a new one, into which you may copy the rows"
        raise TableMismatch(f"no table of this Lakeport: {'; '.join(problems)}; {remedy}")
    return changes


def _wanted() -> Iterator[tuple[str, str, str, bool]]:
    for table, columns in _TABLE.findall(statement(TABLES)):
        for column, type_, required in _COLUMN.findall(columns):
            yield table, column, type_, bool(required)
