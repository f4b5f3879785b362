"""Take replaced rows out of a table, and keep them beside it so that undo can restore them.

The table `<table>__lakeport_replaced` has the columns of the live table, and the time of the load that replaced each
row.  A row that is not kept is gone: modes and schemas decide which rows are kept, and for how long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.errors import TableMismatch
from lakeport.redshift import ddl
from lakeport.redshift.live_table import Live, length, live_columns
from lakeport.redshift.rows import fetch_value
from lakeport.redshift.session import Warehouse
from lakeport.redshift.statements import composed, keywords
from lakeport.schema.table import Table

REPLACED_AT = "_replaced_at"
_SUFFIX = "__lakeport_replaced"


@dataclass(frozen=True)
class ReplacedRows:
    """The rows of a table that a load replaces: those that meet a condition, which may compare them with `by`."""

    table: sql.Identifier
    by: sql.Identifier | None = None
    condition: sql.Composed | None = None

    @property
    def tables(self) -> sql.Composed:
        """Return the tables of a query of these rows."""
        return sql.SQL(", ").join([each for each in (self.table, self.by) if each])

    @property
    def where(self) -> sql.Composable:
        """Return the condition of a query of these rows."""
        return self.condition or sql.SQL("TRUE")

    @property
    def deletion(self) -> sql.Composed:
        """Return the statement that deletes the rows."""
        if self.by is None:
            return composed("load/clear_table", table=self.table)
        return composed("load/delete_replaced", table=self.table, stage=self.by, is_replaced=self.where)


def kept_table(table: Table) -> Table:
    """Return the table that keeps the replaced rows of a table."""
    return table.model_copy(update={"name": f"{table.name}{_SUFFIX}"})


def columns_of(current: cursor, table: Table) -> list[str]:
    """Return the columns of the live table, with `_loaded_at`."""
    return list(live_columns(current, table))


def take_out(current: cursor, table: Table, replaced: ReplacedRows) -> None:
    """Delete the rows that a load replaces, and keep them if the schema keeps replaced rows."""
    keep(current, table, replaced)
    current.execute(replaced.deletion)


def keep(current: cursor, table: Table, replaced: ReplacedRows) -> None:
    """Copy rows to the table that keeps replaced rows, if the schema keeps them.

    Rows that have been kept for the time of the schema are deleted there.
    """
    seconds = table.keeps_replaced_seconds
    if seconds:
        kept = ddl.table_identifier(kept_table(table))
        current.execute(composed("load/forget_kept", kept=kept, seconds=sql.Literal(seconds)))
        names = columns_of(current, table)
        values = sql.SQL(", ").join(sql.SQL("{}.{}").format(replaced.table, sql.Identifier(name)) for name in names)
        parts = {"columns": ddl.names(names), "values": values, "tables": replaced.tables}
        current.execute(composed("load/keep_replaced", kept=kept, is_replaced=replaced.where, **parts))


def count_kept(current: cursor, table: Table) -> int | None:
    """Return how many rows this transaction has replaced and kept, or None if the schema does not keep them."""
    if not table.keeps_replaced_seconds:
        return None
    current.execute(composed("load/count_kept", kept=ddl.table_identifier(kept_table(table))))
    return int(fetch_value(current))


def fit_kept(warehouse: Warehouse, table: Table) -> None:
    """Create the table that keeps replaced rows, or give it the columns of the live table.

    Safe to repeat: it reads both tables first.  Raises TableMismatch if a column has another type.
    """
    longer, others = warehouse.transaction(partial(_changes, table=table))
    for statement in longer:
        warehouse.alone(statement)
    if others:
        warehouse.transaction(partial(_apply, statements=others))


def _apply(current: cursor, statements: Sequence[ddl.Statement]) -> None:
    for statement in statements:
        current.execute(statement)


def _changes(current: cursor, table: Table) -> tuple[list[ddl.Statement], list[ddl.Statement]]:
    """Return the statements that widen columns, each to run alone, and the other changes."""
    keeping = kept_table(table)
    live, kept = live_columns(current, table), live_columns(current, keeping)
    name = ddl.table_identifier(keeping)
    if not kept:
        return [], [_creation(name, live)]
    if wrong := [column for column in live if column in kept and _differs(live[column].type, kept[column].type)]:
        raise TableMismatch(
            f"{keeping.name} keeps the replaced rows of {table.name} for undo, and its types differ in "
            f'{", ".join(wrong)}; rename it, or run DROP TABLE {table.schema_name}."{keeping.table_name}"'
        )
    longer = [column for column in live if column in kept and length(live[column].type) > length(kept[column].type)]
    types = {column: keywords(live[column].type) for column in live}
    widen = [
        composed("load/widen_column", table=name, column=sql.Identifier(each), type=types[each]) for each in longer
    ]
    add = sql.SQL("ALTER TABLE {} ADD COLUMN {} {}")
    missing = [add.format(name, sql.Identifier(each), types[each]) for each in live if each not in kept]
    return [*widen], [*missing]


def _creation(name: sql.Identifier, live: Live) -> sql.Composed:
    definitions = [ddl.column_definition(column, live[column].type, is_required=False) for column in live]
    replaced_at = sql.SQL("{} TIMESTAMP DEFAULT SYSDATE").format(sql.Identifier(REPLACED_AT))
    columns = sql.SQL(", ").join([*definitions, replaced_at])
    return sql.SQL("CREATE TABLE IF NOT EXISTS {} ({})").format(name, columns)


def _differs(live: str, kept: str) -> bool:
    return live != kept and not (length(live) and length(kept))


def same(left: sql.Identifier, right: sql.Identifier, names: Mapping[str, bool] | list[str]) -> sql.Composed:
    """Return the condition that two rows are equal in columns; those that are true in `names` may be NULL in both."""
    equal = sql.SQL("{left} = {right}")
    or_null = sql.SQL("({left} = {right} OR ({left} IS NULL AND {right} IS NULL))")
    parts = []
    for name in names:
        may_be_null = isinstance(names, Mapping) and names[name]
        sides = [sql.SQL("{}.{}").format(table, sql.Identifier(name)) for table in (left, right)]
        parts.append((or_null if may_be_null else equal).format(left=sides[0], right=sides[1]))
    return sql.SQL(" AND ").join(parts)
