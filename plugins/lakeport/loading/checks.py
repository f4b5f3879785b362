"""Run the checks of a schema on the rows of a load, in its transaction and before its commit.

Checks that reject rows run on the staged rows, before these replace rows of the table; the others on the loaded rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.errors import ChecksFailed
from lakeport.mng.load_records import RejectedRow
from lakeport.redshift import ddl
from lakeport.redshift.rows import fetch_rows, fetch_value
from lakeport.redshift.session import is_passing
from lakeport.redshift.statements import composed
from lakeport.schema.checks import (
    AcceptedValuesCheck,
    AnyCheck,
    ConditionCheck,
    ExistsInCheck,
    FreshnessCheck,
    NotNullCheck,
    RowCountCheck,
    UniqueCheck,
)
from lakeport.schema.file_type import FileType
from lakeport.wording import amount, share

_ROWS_SHOWN = 3
_VALUE_CHARACTERS = 80
_MAX_REJECTED = 100_000  # as many as one COPY may reject
_REMEDY = "ask the sender for a corrected file, or change the check"


@dataclass(frozen=True)
class CheckedRows:
    """The rows that are checked: those of a table that meet a condition."""

    file_type: FileType
    table: sql.Identifier
    is_checked: sql.Composable

    @property
    def parts(self) -> dict[str, sql.Composable]:
        """Return the parts of every statement about them."""
        return {"table": self.table, "is_checked": self.is_checked}

    def against(self, check: AnyCheck) -> sql.Composed:
        """Return the query for the rows that do not pass a check."""
        match check:
            case UniqueCheck(unique=names):
                parts = {"columns": ddl.names(names), "are_present": _present(names)}
                return composed("load/rows_not_unique", **self.parts, **parts)
            case RowCountCheck(row_count=count):
                bounds = {
                    "least": sql.Literal(count.min),
                    "most": sql.Literal(2**62 if count.max is None else count.max),
                }
                return composed("load/row_count_outside", **self.parts, **bounds)
            case FreshnessCheck(freshness=age):
                newest = {"column": sql.Identifier(age.column), "seconds": sql.Literal(age.within)}
                return composed("load/newest_too_old", **self.parts, **newest)
        columns = ddl.table_names(self.file_type)
        return composed("load/rows_against", columns=columns, is_against=_is_against(check, self.table), **self.parts)

    def examples(self, current: cursor, check: AnyCheck) -> tuple[int, str]:
        """Return how many rows do not pass a check, and some of them as text if the schema shows rejected rows."""
        query = self.against(check)
        try:
            current.execute(composed("load/first_rows", query=query, limit=sql.Literal(_ROWS_SHOWN)))
        except psycopg2.Error as error:
            if is_passing(error):
                raise
            raise ChecksFailed(
                f"a check cannot be run, nothing was loaded:\n- {check}: "
                f"{self.file_type.rejects.values_in_message(str(error).strip())}"
            ) from error
        rows = fetch_rows(current)
        if not rows:
            return 0, ""
        current.execute(composed("load/count_query", query=query))
        is_shown = self.file_type.rejects.show or not check.is_of_rows
        return int(fetch_value(current)), f", for example {'; '.join(map(_row_text, rows))}" if is_shown else ""

    def is_exceeded(self, current: cursor, check: AnyCheck, failing: int) -> bool:
        """Return whether more rows do not pass than `up_to` allows; without it, whether any."""
        if check.up_to is None:
            return bool(failing)
        current.execute(composed("load/count_checked", **self.parts))
        return check.up_to.is_exceeded(failing, int(fetch_value(current)))


def loaded_rows(file_type: FileType) -> CheckedRows:
    """Return the rows of this load in the type's table."""
    return CheckedRows(file_type, ddl.table_identifier(file_type.table), sql.SQL("_loaded_at = SYSDATE"))


def check_rows(current: cursor, file_type: FileType) -> str | None:
    """Return the checks that warn of the rows of this load in the type's table, as text, or None.

    Raises ChecksFailed with every check that must hold and does not.
    """
    rows = loaded_rows(file_type)
    checks = [check for check in file_type.checks if check.else_ != "reject"]
    found = [(check.else_, line) for check in checks if (line := _failure(current, rows, check))]
    if failures := [line for consequence, line in found if consequence == "fail"]:
        lines = "\n".join(failures)
        raise ChecksFailed(
            f"{share(len(failures), len(file_type.checks), 'check')} failed, nothing was loaded; {_REMEDY}:\n{lines}"
        )
    return "\n".join(line for _, line in found) or None


def reject_rows(current: cursor, file_type: FileType, staged: sql.Identifier) -> list[RejectedRow]:
    """Take the rows that checks reject out of the staged rows, and return them.

    A row is rejected by the first check that it does not pass.  A row that `table.deletes` selects is not checked.
    Raises ChecksFailed if a check rejects more rows than its `up_to`.
    """
    rejected = list[RejectedRow]()
    rows = CheckedRows(file_type, staged, _is_loaded(file_type))
    for check in file_type.checks:
        if check.else_ == "reject":
            rejected += _rejected_by(current, rows, check)
    return rejected


def _rejected_by(current: cursor, rows: CheckedRows, check: AnyCheck) -> list[RejectedRow]:
    count, examples = rows.examples(current, check)
    if count > _MAX_REJECTED or (check.up_to and rows.is_exceeded(current, check, count)):
        limit = check.up_to or f"{_MAX_REJECTED:,}"
        raise ChecksFailed(
            f"a check rejects {amount(count, 'row')}, {limit} are allowed, nothing was loaded; {_REMEDY}:\n"
            f"{_line(check, count, examples)}"
        )
    if not count:
        return []
    current.execute(rows.against(check))
    found = [_rejected_row(check, row) for row in fetch_rows(current)]
    current.execute(composed("load/delete_rows_against", is_against=_is_against(check, rows.table), **rows.parts))
    return found


def _rejected_row(check: AnyCheck, row: Mapping[str, Any]) -> RejectedRow:
    """Return a row without its line, which COPY reports only of rows that it rejects."""
    column = next(iter(check.columns), "")
    value = row.get(column)
    text = json.dumps({name: None if each is None else str(each) for name, each in row.items()}, ensure_ascii=False)
    return RejectedRow(-1, column, "", 0, 0, f"check: {check}", None if value is None else str(value), text)


def _is_loaded(file_type: FileType) -> sql.Composable:
    deletes = file_type.table.deletes
    if not deletes:
        return sql.SQL("TRUE")
    return sql.SQL("CASE WHEN {} THEN FALSE ELSE TRUE END").format(ddl.condition(deletes))


def _present(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(sql.Identifier(name)) for name in names)


def _is_against(check: AnyCheck, table: sql.Identifier) -> sql.Composable:
    """Return the condition that a row does not pass a check of single rows."""
    match check:
        case NotNullCheck(not_null=names):
            passes: sql.Composable = _present(names)
        case AcceptedValuesCheck(accepted_values=accepted):
            values = sql.SQL(", ").join(map(sql.Literal, accepted.values))
            passes = sql.SQL("{} IN ({})").format(sql.Identifier(accepted.column), values)
        case ExistsInCheck(exists_in=of):
            other = sql.Identifier("lakeport_other")
            same = sql.SQL("{}.{} = {}.{}")
            pairs = [(table, sql.Identifier(mine), other, sql.Identifier(theirs)) for mine, theirs in of.pairs]
            is_same = sql.SQL(" AND ").join(same.format(*pair) for pair in pairs)
            parts = {"other": ddl.table_identifier(of.table), "alias": other, "is_same": is_same}
            return composed("load/is_not_in", are_present=_present(of.columns), **parts)
        case ConditionCheck():
            passes = ddl.condition(check.sql)
        case _:
            raise TypeError(f"{check.kind} is not a check of single rows")
    return sql.SQL("NOT ({})").format(passes)


def _failure(current: cursor, rows: CheckedRows, check: AnyCheck) -> str | None:
    count, examples = rows.examples(current, check)
    return _line(check, count, examples) if rows.is_exceeded(current, check, count) else None


def _line(check: AnyCheck, count: int, examples: str) -> str:
    return f"- {check}: {amount(count, 'failure')}{examples}"


def _row_text(row: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in row.items())


def _value(value: object) -> str:
    text = "NULL" if value is None else repr(value) if isinstance(value, str) else str(value)
    return shorten(text, _VALUE_CHARACTERS, placeholder="...")
