"""Report files that are Fail although Airflow shows their run as successful: somebody marked it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from psycopg2.extensions import cursor

from lakeport.airflow_api.dag_runs import run_of
from lakeport.mng.file_records import clipped
from lakeport.recovery.reconcile.reconciliation import Reconciliation
from lakeport.redshift.rows import fetch_rows
from lakeport.redshift.sql_files import statement
from lakeport.settings import planned_command
from lakeport.snapshots.writing import write_snapshots

MARKED = "Fail, but its run is marked as successful"
_NOTE = "; Airflow shows its run as successful: somebody marked it by hand"
_FILES = 200
_REASON_BYTES = 4096


def reconcile_contradictions(reconciliation: Reconciliation) -> None:
    """Note the contradiction in the file's reason, which `status` shows; so each is reported once."""
    states, noted = dict[tuple[str, str], str](), set[str | None]()
    for each in reconciliation.warehouse.transaction(_failed_files):
        run = each["dag_id"], each["run_id"]
        if run not in states:
            found = run_of(reconciliation.api, *run)
            states[run] = found.state if found else ""
        if states[run] == "success":
            reconciliation.fix(MARKED, each["file_type"], each["key"], partial(_note, reconciliation, each))
            noted.add(each["file_type"])
    write_snapshots(reconciliation.warehouse, noted, is_complete=True)


def _failed_files(current: cursor) -> list[dict[str, Any]]:
    current.execute(statement("mng/failed_files_with_runs"), {"noted": f"%{_NOTE}", "limit": _FILES})
    return fetch_rows(current)


def _note(reconciliation: Reconciliation, file: Mapping[str, Any]) -> str:
    reason = f"{clipped(file['status_reason'], _REASON_BYTES - len(_NOTE))}{_NOTE}"
    values = {**file, "reason": reason}
    reconciliation.warehouse.transaction(lambda current: current.execute(statement("mng/note_reason"), values))
    replay = planned_command(f"replay {file['file_id'][:12]}")
    return f"noted; to load it, run {replay}"
