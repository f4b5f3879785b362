"""Loads and rejected rows in the mng tables.

Every function works on the cursor of a transaction that its caller commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from psycopg2.extensions import cursor
from psycopg2.extras import execute_values

from lakeport.errors import StatusConflict
from lakeport.mng.file_records import clipped
from lakeport.model import TaskRun
from lakeport.redshift.joined_rows import joined_rows
from lakeport.redshift.rows import fetch_rows, fetch_value, from_row
from lakeport.redshift.sql_files import statement
from lakeport.redshift.statements import composed
from lakeport.wording import share

_WARNINGS_BYTES = 4096
_COUNTS = {"file_id": "VARCHAR(64)", "rows_in_file": "BIGINT", "rows_loaded": "BIGINT", "rows_rejected": "BIGINT"}


@dataclass(frozen=True)
class RejectedRow:
    """One rejected row with its full line."""

    line_number: int
    column_name: str
    column_type: str
    position: int
    error_code: int
    error_reason: str
    raw_value: str | None
    raw_line: str | None


@dataclass(frozen=True)
class Load:
    """The load of one file; `loaded_at` is set when it is committed."""

    table_name: str
    rows_in_file: int
    rows_loaded: int
    rows_rejected: int
    query_id: int
    loaded_at: datetime | None = None
    rows_replaced: int | None = None
    """How many rows the COPY, maybe of several files, replaced and kept for undo; None if its table keeps none."""
    check_warnings: str | None = None
    """The checks that the rows do not pass and that only warn, one a line."""


class RejectedLine(NamedTuple):
    """One rejected row as alerts show it."""

    file_id: str
    line_number: int
    column_name: str
    raw_value: str | None
    error_reason: str
    position: int | None = None
    raw_line: str | None = None


def load_of(current: cursor, file_id: str) -> Load | None:
    """Return the file's committed load, if it has one; raises StatusConflict if the file is not registered."""
    return loads_of(current, [file_id]).get(file_id)


def loads_of(current: cursor, file_ids: Sequence[str]) -> dict[str, Load]:
    """Return the committed loads of the files, by file id.

    Raises StatusConflict if a file is not registered.
    """
    current.execute(statement("mng/loads_of_files"), {"file_ids": tuple(file_ids)})
    rows = {row["file_id"]: row for row in fetch_rows(current)}
    unknown = set(file_ids) - set(rows)
    if unknown:
        raise StatusConflict(f"not registered in mng.files: {', '.join(sorted(unknown))}")
    return {file_id: from_row(Load, row) for file_id, row in rows.items() if row["loaded_at"]}


def has_later_load(current: cursor, load: Load) -> bool:
    """Return whether a later load wrote to the same table."""
    current.execute(statement("mng/later_loads"), asdict(load))
    return bool(fetch_value(current))


def record_loads(
    current: cursor, loads: Mapping[str, Load], rejected: Mapping[str, Sequence[RejectedRow]], by: TaskRun
) -> None:
    """Record the loads of the files of one COPY, by file id, in the transaction that loads them.

    Raises StatusConflict if a file is not In Progress in this run or is already loaded; then nothing may be committed.
    """
    first = next(iter(loads.values()))
    counts = [(file_id, each.rows_in_file, each.rows_loaded, each.rows_rejected) for file_id, each in loads.items()]
    values: dict[str, Any] = {"run_id": by.run_id, "table_name": first.table_name, "query_id": first.query_id}
    values["rows_replaced"] = first.rows_replaced  # by all files of the COPY: they are undone together
    values["check_warnings"] = clipped(first.check_warnings, _WARNINGS_BYTES)  # a COPY of several files has none
    with joined_rows(current, _COUNTS, counts) as counted:
        update = composed("mng/record_loads", counted=counted.table)
        current.execute(update, {**values, **counted.values})
        updated = current.rowcount
    if updated != len(loads):
        raise StatusConflict(
            f"only {share(updated, len(loads), 'file is', 'files are')} In Progress in run {by.run_id} and not loaded "
            f"yet: {', '.join(sorted(loads))}; see mng.status_log"
        )
    _record_rejected(current, rejected, by)


def record_failed_load(current: cursor, file_id: str, load: Load, rejected: Sequence[RejectedRow], by: TaskRun) -> None:
    """Record the rows and the rejected rows of a load that was rolled back."""
    values = {"file_id": file_id, "run_id": by.run_id, **asdict(load)}
    current.execute(statement("mng/record_failed_load"), values)
    _record_rejected(current, {file_id: rejected}, by)


def first_rejected(current: cursor, file_ids: Sequence[str], run_id: str) -> list[RejectedLine]:
    """Return the first rejected rows of a run's files, five at most."""
    if not file_ids:
        return []
    current.execute(statement("mng/first_load_errors"), {"run_id": run_id, "file_ids": tuple(file_ids)})
    return [RejectedLine(**row) for row in fetch_rows(current)]


def _record_rejected(current: cursor, rejected: Mapping[str, Sequence[RejectedRow]], by: TaskRun) -> None:
    current.execute(statement("mng/forget_load_errors"), {"file_ids": tuple(rejected), "run_id": by.run_id})
    rows = [(file_id, by.run_id, *_clipped(row)) for file_id, of_file in rejected.items() for row in of_file]
    if rows:
        template = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, SYSDATE)"
        execute_values(current, statement("mng/record_load_errors"), rows, template=template, page_size=100)


def _clipped(row: RejectedRow) -> Iterable[Any]:
    limits = {"error_reason": 512, "raw_value": 1024, "raw_line": 65535}
    values = ((each.name, getattr(row, each.name)) for each in fields(row))
    return (clipped(value, limits[name]) if name in limits else value for name, value in values)
