"""Reconcile files with the DAG runs that should load them.

It finds New files without a queued run, In Progress files of a run that has ended, and Fail files without an alert.
Files are read before runs: if a file belongs to a run and that run is not live afterwards, no process will finish it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from psycopg2.extensions import cursor

from lakeport.airflow_api import LIVE_STATES, arrival_run_id, latest_run_id, run_of, runs
from lakeport.alerts.failed_runs import KILLED, EndedRun, fail_files
from lakeport.alerts.outbox import raise_once
from lakeport.alerts.reject_warnings import reject_warning
from lakeport.errors import LakeportError, ObjectChanged, UnknownDag
from lakeport.loading.finishing import archive, mark_done
from lakeport.model import DAG_ID_PREFIX, RegisteredFile, Status, TaskRun, dag_id_of
from lakeport.recovery.reconcile.reconciliation import Reconciliation
from lakeport.redshift.rows import fetch_rows, from_row
from lakeport.redshift.statements import statement

NO_RUN = "New, but no run is queued for it"
DEAD_RUN = "In Progress, but its run has ended"
NO_ALERT = "Fail, but no alert was sent"
NOT_DONE = "loaded, but its run ended before the file was Done"


@dataclass(frozen=True)
class OpenFile:
    """A file that is not finished, or a Fail file without an alert."""

    file: RegisteredFile
    file_type: str
    status: Status
    status_at: datetime
    dag_id: str | None
    run_id: str | None
    is_loaded: bool

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> OpenFile:
        """Read a row of `mng/open_files`."""
        others = ("file_type", "status_at", "dag_id", "run_id", "is_loaded")
        values = {name: row[name] for name in others}
        return cls(from_row(RegisteredFile, row), status=Status(row["status"]), **values)


def reconcile_runs(reconciliation: Reconciliation) -> None:
    """Finish the files of ended runs, and start runs for New files that have none."""
    found = reconciliation.warehouse.transaction(open_files)
    files = [each for each in found if not _waits_for_schedule(reconciliation, each)]
    reconciliation.is_open |= bool(files)
    if not files:
        return
    live = {
        (run.dag_id, run.run_id): run
        for state in LIVE_STATES
        for run in runs(reconciliation.api, state=state, dag_id_pattern=DAG_ID_PREFIX)
    }
    taken: dict[tuple[str, str], list[OpenFile]] = defaultdict(list)
    waiting: dict[str, list[OpenFile]] = defaultdict(list)
    for each in files:
        if each.status != Status.NEW:
            taken[each.dag_id or "", each.run_id or ""].append(each)
        elif not reconciliation.index.starts_run(each.file_type):
            continue  # the next scheduled run takes it
        elif each.status_at <= reconciliation.ripe_before or each.file.file_id in reconciliation.registered:
            waiting[each.file_type].append(each)
    for key, run_files in taken.items():
        if key not in live:
            _finish_run(reconciliation, *key, run_files)
    # A run that has begun may have listed its files already; a run too many finds nothing and skips itself.
    queued = {run.dag_id for run in live.values() if not run.has_begun}
    for name, type_files in waiting.items():
        if dag_id_of(name) not in queued:
            _start(reconciliation, name, type_files)


def _waits_for_schedule(reconciliation: Reconciliation, each: OpenFile) -> bool:
    """Say whether the file is New and its file type runs on a cron schedule, so that no run is due for it."""
    file_type = reconciliation.file_type(each.file_type) if each.status == Status.NEW else None
    return file_type is not None and file_type.cron is not None


def open_files(current: cursor) -> list[OpenFile]:
    """Return the files that are New, In Progress, or Fail without an alert, in the order they landed."""
    current.execute(statement("mng/open_files"))
    return [OpenFile.from_row(row) for row in fetch_rows(current)]


def _start(reconciliation: Reconciliation, name: str, files: Sequence[OpenFile]) -> None:
    """Start a run whose id follows from the files and the DAG's last run, so that two processes start only one."""
    dag_id = dag_id_of(name)

    def start() -> str:
        try:
            occasion = f"after {latest_run_id(reconciliation.api, dag_id)}"
            run_id = arrival_run_id([each.file.file_id for each in files], occasion)
            is_new = reconciliation.api.start(dag_id, run_id)
        except UnknownDag as error:
            raise UnknownDag(f"Airflow has no DAG {dag_id}; {_missing_dag_remedy(reconciliation, name)}") from error
        return f"started run {run_id}" if is_new else f"run {run_id} exists already"

    reconciliation.fix(NO_RUN, name, _subject(files), start)


def _missing_dag_remedy(reconciliation: Reconciliation, name: str) -> str:
    if reconciliation.file_type(name) is None:
        return f"schemas/{name}.yaml is missing or invalid; restore or fix it, and the next reconcile starts a run"
    return (
        f"schemas/{name}.yaml is valid, and Airflow reads a new schema within a minute, so the next reconcile starts "
        "a run; if the DAG does not appear, see Airflow's import errors"
    )


def _finish_run(reconciliation: Reconciliation, dag_id: str, run_id: str, files: Sequence[OpenFile]) -> None:
    """Finish the files of a run that is not live: Done if they are loaded, Fail if they are not."""
    run = run_of(reconciliation.api, dag_id, run_id)
    ended_at = (run and run.ended_at) or max(each.status_at for each in files)
    if (run and run.is_live) or ended_at > reconciliation.ripe_before:
        return  # its own callback comes first
    outcome = f"the run ended as {run.state}" if run else "Airflow no longer has this run"
    ended = EndedRun(dag_id, run_id, reconciliation.api.address(dag_id, run_id), reason=f"{KILLED}; {outcome}")
    unloaded = [each for each in files if not each.is_loaded]
    if unloaded:
        problem = DEAD_RUN if any(each.status == Status.IN_PROGRESS for each in unloaded) else NO_ALERT
        first = unloaded[0]
        reconciliation.fix(problem, first.file_type, _subject(unloaded), partial(_fail, reconciliation, ended, first))
    loaded = [each for each in files if each.is_loaded]
    for each in loaded:
        reconciliation.fix(NOT_DONE, each.file_type, each.file.key, partial(_finish, reconciliation, ended, each))
    if loaded:
        _warn(reconciliation, ended, loaded)


def _fail(reconciliation: Reconciliation, run: EndedRun, each: OpenFile) -> str:
    file_type = reconciliation.file_type(each.file_type)
    table = file_type.table.name if file_type else "(unknown: its schema is missing or invalid)"
    is_unsent = raise_once(
        reconciliation.warehouse,
        (run.dag_id, run.run_id),
        lambda current: fail_files(current, run, each.file_type, table),
        reconciliation.alerts(each.file_type),
        reconciliation.send,
    )
    return f"{Status.FAIL}, alert recorded" if is_unsent else str(Status.FAIL)


def _finish(reconciliation: Reconciliation, run: EndedRun, each: OpenFile) -> str:
    """Archive the file and mark it Done, or Fail if its rows are no longer in the table."""
    by, reason = TaskRun(run.dag_id, run.run_id, "reconcile"), None
    try:
        archive(reconciliation.warehouse, reconciliation.s3, each.file_type, [each.file])
    except ObjectChanged as error:
        reason = f"loaded, but not archived: {error}"
    file_type = reconciliation.file_type(each.file_type)
    try:
        reconciliation.warehouse.transaction(lambda current: mark_done(current, [each.file], by, file_type, reason))
    except LakeportError as error:
        lost = frozenset([each.file.file_id])
        ended = EndedRun(run.dag_id, run.run_id, run.url, reason=str(error), lost=lost)
        return f"{_fail(reconciliation, ended, each)}: {error}"
    return reason or f"archived, {Status.DONE}"


def _warn(reconciliation: Reconciliation, run: EndedRun, loaded: Sequence[OpenFile]) -> None:
    """Warn of rejected rows if the run ended before it did."""
    file_type = reconciliation.file_type(loaded[0].file_type)
    if not file_type or file_type.rejects.warn is None:
        return
    by, files = TaskRun(run.dag_id, run.run_id, "reconcile"), [each.file for each in loaded]
    raise_once(
        reconciliation.warehouse,
        (run.dag_id, run.run_id),
        lambda current: reject_warning(current, file_type, files, by),
        file_type.alerts,
        reconciliation.send,
    )


def _subject(files: Sequence[OpenFile]) -> str:
    others = len(files) - 1
    return files[0].file.key + (f" and {others} more" if others else "")
