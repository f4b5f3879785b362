"""The mng tables: what Lakeport knows of every load and of every rejected row.

Every function works on the cursor of a transaction that its caller commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor
from psycopg2.extras import execute_values

from lakeport.errors import StatusConflict
from lakeport.mng.file_records import clipped
from lakeport.model import TaskRun
from lakeport.redshift.statements import composed, rows_of_literals, statement

_COUNTS = {"file_id": "VARCHAR(64)", "rows_in_file": "BIGINT", "rows_loaded": "BIGINT", "rows_rejected": "BIGINT"}


@dataclass(frozen=True)
class RejectedRow:
    """One row that COPY refused, with the full line it stood in."""

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
    """What the load did with one file; `loaded_at` is set once it is committed."""

    table_name: str
    rows_in_file: int
    rows_loaded: int
    rows_rejected: int
    query_id: int
    loaded_at: datetime | None = None


def load_of(current: cursor, file_id: str) -> Load | None:
    """Return the file's committed load, if it has one; raises StatusConflict where there is no such file."""
    return loads_of(current, [file_id]).get(file_id)


def loads_of(current: cursor, file_ids: Sequence[str]) -> dict[str, Load]:
    """Return the committed loads of those of the files that have one, by file id.

    Raises StatusConflict where a file is not registered.
    """
    current.execute(statement("mng/loads_of_files"), {"file_ids": tuple(file_ids)})
    rows = current.fetchall()
    unknown = set(file_ids) - {file_id for file_id, *_ in rows}
    if unknown:
        raise StatusConflict(f"not registered in mng.files: {', '.join(sorted(unknown))}")
    loads = {file_id: Load(*values) for file_id, *values in rows}
    return {file_id: load for file_id, load in loads.items() if load.loaded_at}


def has_later_load(current: cursor, load: Load) -> bool:
    """Say whether something was loaded into the same table after this load."""
    current.execute(statement("mng/later_loads"), asdict(load))
    (later,) = current.fetchone() or (0,)
    return bool(later)


def record_loads(
    current: cursor, loads: Mapping[str, Load], rejected: Mapping[str, Sequence[RejectedRow]], by: TaskRun
) -> None:
    """Record the loads of the files of one COPY, by file id, in the transaction that loads them.

    Raises StatusConflict where a file is not In Progress in this run or has been loaded: then nothing may be
    committed.
    """
    first = next(iter(loads.values()))
    counts = [(file_id, each.rows_in_file, each.rows_loaded, each.rows_rejected) for file_id, each in loads.items()]
    update = composed("mng/record_loads", counted=rows_of_literals(_COUNTS, counts))
    current.execute(update, {"run_id": by.run_id, "table_name": first.table_name, "query_id": first.query_id})
    if current.rowcount != len(loads):
        raise StatusConflict(
            f"of {len(loads)} files only {current.rowcount} are In Progress in run {by.run_id} and not loaded yet: "
            f"{', '.join(sorted(loads))}"
        )
    _record_rejected(current, rejected, by)


def record_failed_load(current: cursor, file_id: str, load: Load, rejected: Sequence[RejectedRow], by: TaskRun) -> None:
    """Record what the load of one file found, which was rolled back."""
    values = {"file_id": file_id, "run_id": by.run_id, **asdict(load)}
    current.execute(statement("mng/record_failed_load"), values)
    _record_rejected(current, {file_id: rejected}, by)


def first_rejected(current: cursor, file_ids: Sequence[str], run_id: str) -> list[Any]:
    """Return a few rejected rows of a run's files, as (file_id, line, column, value, reason)."""
    if not file_ids:
        return []
    current.execute(statement("mng/first_load_errors"), {"run_id": run_id, "file_ids": tuple(file_ids)})
    return current.fetchall()


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
