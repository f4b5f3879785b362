"""Run the checks of a schema on the rows of a load, in its transaction and before its commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import shorten

from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.errors import ChecksFailed
from lakeport.redshift import ddl
from lakeport.redshift.rows import fetch_rows, fetch_value
from lakeport.redshift.statements import composed
from lakeport.schema.checks import (
    AcceptedValuesCheck,
    AnyCheck,
    ConditionCheck,
    FreshnessCheck,
    NotNullCheck,
    RowCountCheck,
    UniqueCheck,
)
from lakeport.schema.file_type import FileType

_ROWS_SHOWN = 5
_VALUE_CHARACTERS = 80


def check_rows(current: cursor, file_type: FileType) -> None:
    """Raise ChecksFailed with every check that the rows of this load in the type's table do not pass."""
    failures = [failure for check in file_type.checks if (failure := _failure(current, file_type, check))]
    if failures:
        lines = "\n".join(failures)
        raise ChecksFailed(f"{len(failures)} of {len(file_type.checks)} checks failed, nothing was loaded:\n{lines}")


def offending_rows(file_type: FileType, check: AnyCheck) -> sql.Composed:
    """Return the query for the rows that do not pass a check."""
    table = ddl.table_identifier(file_type.table)
    match check:
        case UniqueCheck(unique=names):
            return composed("load/rows_not_unique", table=table, columns=ddl.names(names), are_present=_present(names))
        case RowCountCheck(row_count=count):
            bounds = {"least": sql.Literal(count.min), "most": sql.Literal(2**62 if count.max is None else count.max)}
            return composed("load/row_count_outside", table=table, **bounds)
        case FreshnessCheck(freshness=age):
            column, seconds = sql.Identifier(age.column), sql.Literal(age.within)
            return composed("load/newest_too_old", table=table, column=column, seconds=seconds)
    columns = ddl.table_names(file_type)
    return composed("load/rows_against", table=table, columns=columns, condition=_condition(check))


def _present(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(sql.Identifier(name)) for name in names)


def _condition(check: ConditionCheck | NotNullCheck | AcceptedValuesCheck) -> sql.Composable:
    match check:
        case NotNullCheck(not_null=names):
            return _present(names)
        case AcceptedValuesCheck(accepted_values=accepted):
            values = sql.SQL(", ").join(map(sql.Literal, accepted.values))
            return sql.SQL("{} IN ({})").format(sql.Identifier(accepted.column), values)
        case ConditionCheck():
            # The condition is SQL by the author of the schema; sql.SQL would take {} in it for a placeholder.
            return sql.Composed([sql.SQL(check.sql)])  # nosemgrep: sql-wrapped-unread - see above


def _failure(current: cursor, file_type: FileType, check: AnyCheck) -> str | None:
    query = offending_rows(file_type, check)
    current.execute(composed("load/first_rows", query=query, limit=sql.Literal(_ROWS_SHOWN)))
    rows = fetch_rows(current)
    if not rows:
        return None
    current.execute(composed("load/count_query", query=query))
    count, examples = fetch_value(current), "; ".join(map(_row_text, rows))
    return f"- {check}: {count} failure{'s' * (count != 1)}, for example {examples}"


def _row_text(row: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in row.items())


def _value(value: object) -> str:
    text = "NULL" if value is None else repr(value) if isinstance(value, str) else str(value)
    return shorten(text, _VALUE_CHARACTERS, placeholder="...")
