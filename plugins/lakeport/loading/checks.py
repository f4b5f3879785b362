"""Evaluate a schema's checks on the rows of a load, inside its transaction and before it commits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import shorten

from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.errors import ChecksFailed
from lakeport.redshift import ddl
from lakeport.redshift.statements import composed
from lakeport.schema.checks import Check
from lakeport.schema.file_type import FileType

_ROWS_SHOWN = 5
_VALUE_CHARACTERS = 80


def check_rows(current: cursor, file_type: FileType) -> None:
    """Raise ChecksFailed with every check that does not hold for this load's rows in the type's table."""
    failed = [told for check in file_type.checks if (told := _offence(current, file_type, check))]
    if failed:
        told = "\n".join(failed)
        raise ChecksFailed(f"{len(failed)} of {len(file_type.checks)} checks failed, nothing was loaded:\n{told}")


def offending_rows(file_type: FileType, check: Check) -> sql.Composed:
    """Return the query for what a check objects to; no row means that it holds."""
    table = ddl.table_identifier(file_type.table)
    if check.unique:
        present = sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(sql.Identifier(name)) for name in check.unique)
        return composed("load/rows_not_unique", table=table, columns=ddl.names(check.unique), are_present=present)
    if check.row_count:
        most = check.row_count.max
        bounds = {"least": sql.Literal(check.row_count.min), "most": sql.Literal(2**62 if most is None else most)}
        return composed("load/row_count_outside", table=table, **bounds)
    if check.freshness:
        column, seconds = sql.Identifier(check.freshness.column), sql.Literal(check.freshness.within)
        return composed("load/newest_too_old", table=table, column=column, seconds=seconds)
    columns = ddl.table_names(file_type)
    return composed("load/rows_against", table=table, columns=columns, condition=_condition(check))


def _condition(check: Check) -> sql.Composable:
    if check.not_null:
        return sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(sql.Identifier(name)) for name in check.not_null)
    if check.accepted_values:
        values = sql.SQL(", ").join(map(sql.Literal, check.accepted_values.values))
        return sql.SQL("{} IN ({})").format(sql.Identifier(check.accepted_values.column), values)
    # A check's condition is SQL by nature, written by whoever writes the schema; {} in it would be a placeholder.
    return sql.Composed([sql.SQL(check.sql or "")])  # nosemgrep: sql-wrapped-unread - see above


def _offence(current: cursor, file_type: FileType, check: Check) -> str | None:
    query = offending_rows(file_type, check)
    current.execute(composed("load/first_rows", query=query, limit=sql.Literal(_ROWS_SHOWN)))
    rows, names = current.fetchall(), [column.name for column in current.description or ()]
    if not rows:
        return None
    current.execute(composed("load/count_query", query=query))
    (count,) = current.fetchone() or (0,)
    return f"- {check}: {count} against it, such as {'; '.join(_shown(names, rows))}"


def _shown(names: Sequence[str], rows: Sequence[tuple[object, ...]]) -> Iterator[str]:
    for row in rows:
        yield ", ".join(f"{name} {_value(value)}" for name, value in zip(names, row, strict=True))


def _value(value: object) -> str:
    text = "NULL" if value is None else repr(value) if isinstance(value, str) else str(value)
    return shorten(text, _VALUE_CHARACTERS, placeholder="...")
