"""Finish the files of a run that has ended: archive and set to Done what is loaded, set the rest to Fail."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from psycopg2.extensions import cursor

from lakeport.airflow_api.dag_runs import DagRun, run_of
from lakeport.alerts.failed_runs import KILLED, EndedRun, fail_files
from lakeport.alerts.outbox import raise_alert, record
from lakeport.alerts.recoveries import recovery
from lakeport.alerts.reject_warnings import reject_warning
from lakeport.errors import LakeportError, ObjectChanged
from lakeport.loading.finishing import archive, mark_done
from lakeport.model import RegisteredFile, Status, TaskRun
from lakeport.recovery.reconcile.open_files import OpenFile, OwedAlert, subject_of
from lakeport.recovery.reconcile.reconciliation import Reconciliation
from lakeport.schema.file_type import FileType

DEAD_RUN = "In Progress, but its run has ended"
NO_ALERT = "failed, but no alert names it"
NOT_DONE = "loaded, but its run ended before the file was Done"


def finish_run(reconciliation: Reconciliation, dag_id: str, run_id: str, files: Sequence[OpenFile]) -> None:
    """Finish the files of a run that is not live: Done if they are loaded, Fail if they are not.

    Airflow does not end a run whose DAG is gone, so a run without a schema counts as ended.
    """
    run, has_schema = run_of(reconciliation.api, dag_id, run_id), reconciliation.has_schema(files[0].file_type)
    ended_at = (run and run.ended_at) or max(each.status_at for each in files)
    if (run and run.is_live and has_schema) or ended_at > reconciliation.ripe_before:
        return  # its own callback comes first
    ended = EndedRun(dag_id, run_id, reconciliation.api.address(dag_id, run_id), reason=f"{KILLED}; {_outcome(run)}")
    unloaded = [each for each in files if not each.is_loaded]
    if unloaded:
        name = unloaded[0].file_type
        reconciliation.fix(DEAD_RUN, name, subject_of(unloaded), partial(_fail, reconciliation, ended, name))
    loaded = [each for each in files if each.is_loaded]
    for each in loaded:
        reconciliation.fix(NOT_DONE, each.file_type, each.file.key, partial(_finish, reconciliation, ended, each))
    if loaded:
        _warn(reconciliation, ended, loaded)


def alert_failures(reconciliation: Reconciliation, owed: OwedAlert, run: DagRun | None) -> None:
    """Send an alert about the failures of a run that no alert names; the run is not live."""
    reason = f"{KILLED}; {_outcome(run)}"
    ended = EndedRun(owed.dag_id, owed.run_id, reconciliation.api.address(owed.dag_id, owed.run_id), reason=reason)
    reconciliation.fix(NO_ALERT, owed.file_type, owed.subject, partial(_fail, reconciliation, ended, owed.file_type))


def _outcome(run: DagRun | None) -> str:
    if run and run.is_live:
        return "the schema was removed or renamed while the run was in progress"
    return f"the run ended as {run.state}" if run else "Airflow no longer has this run"


def _fail(reconciliation: Reconciliation, run: EndedRun, type_name: str) -> str:
    file_type = reconciliation.file_type(type_name)
    table = file_type.table.name if file_type else "(unknown: its schema is missing or invalid)"
    is_unsent = raise_alert(
        reconciliation.warehouse,
        (run.dag_id, run.run_id),
        lambda current: fail_files(current, run, type_name, table),
        reconciliation.alerts(type_name),
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
        reconciliation.warehouse.transaction(partial(_done, file=each.file, by=by, file_type=file_type, reason=reason))
    except LakeportError as error:
        lost = frozenset([each.file.file_id])
        ended = EndedRun(run.dag_id, run.run_id, run.url, task_id="reconcile", reason=str(error), lost=lost)
        return f"{_fail(reconciliation, ended, each.file_type)}: {error}"
    return reason or f"archived, {Status.DONE}"


def _done(current: cursor, file: RegisteredFile, by: TaskRun, file_type: FileType | None, reason: str | None) -> None:
    recovered = recovery(current, file_type, [file], by) if file_type else None
    mark_done(current, [file], by, file_type, reason)
    if file_type and recovered:
        record(current, (by.dag_id, by.run_id), recovered, file_type.alerts)


def _warn(reconciliation: Reconciliation, run: EndedRun, loaded: Sequence[OpenFile]) -> None:
    """Send the warning about rejected rows if the run ended before it could."""
    file_type = reconciliation.file_type(loaded[0].file_type)
    if not file_type or not file_type.may_warn:
        return
    by, files = TaskRun(run.dag_id, run.run_id, "reconcile"), [each.file for each in loaded]
    reconciliation.raise_alert(
        (run.dag_id, run.run_id), lambda current: reject_warning(current, file_type, files, by), file_type.alerts
    )
