"""Reconcile files with the DAG runs that should load them.

It finds New files without a queued run, In Progress files of a run that has ended, and failures that no alert names.
Files are read before runs: if a file belongs to a run and that run is not live afterwards, no process will finish it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

from lakeport import settings
from lakeport.airflow_api.dag_runs import LIVE_STATES, DagRun, arrival_run_id, latest_run_id, run_of, runs
from lakeport.airflow_api.pools import missing_pools, remedy
from lakeport.alerts.invalid_schemas import invalid_schema_alert, run_of_schema
from lakeport.errors import UnknownDag
from lakeport.model import DAG_ID_PREFIX, Status, dag_id_of
from lakeport.recovery.reconcile.ended_runs import alert_failures, finish_run
from lakeport.recovery.reconcile.open_files import OpenFile, OwedAlert, open_files, owed_alerts, subject_of
from lakeport.recovery.reconcile.reconciliation import FAILURES, NOT_CHECKED, Finding, Reconciliation
from lakeport.schema.reader import alerts_of_invalid, owner_of_invalid

NO_RUN = "New, but no run is queued for it"
NO_POOL = "waiting for a pool that does not exist"
INVALID_SCHEMA = "New, but its schema is invalid"


def reconcile_runs(reconciliation: Reconciliation) -> None:
    """Finish the files of ended runs, and start runs for New files that have none."""
    found = reconciliation.warehouse.transaction(open_files)
    owed = reconciliation.warehouse.transaction(owed_alerts)
    files = [each for each in found if not _waits_for_schedule(reconciliation, each)]
    reconciliation.is_open |= bool(files or owed)
    if not files and not owed:
        return
    try:
        _check_pools(reconciliation, files)
    except FAILURES as error:
        reconciliation.report_failure(NOT_CHECKED, "", "pools", error)
    live = {
        (run.dag_id, run.run_id): run
        for state in LIVE_STATES
        for run in runs(reconciliation.api, state=state, dag_id_pattern=DAG_ID_PREFIX)
    }
    _finish_ended(reconciliation, files, live)
    _alert_owed(reconciliation, owed)
    # A run that has begun may have listed its files already; a run too many finds nothing and skips itself.
    queued = {run.dag_id for run in live.values() if not run.has_begun}
    for name, type_files in _waiting(reconciliation, files).items():
        if dag_id_of(name) not in queued:
            _start(reconciliation, name, type_files)


def _finish_ended(
    reconciliation: Reconciliation, files: Sequence[OpenFile], live: Mapping[tuple[str, str], DagRun]
) -> None:
    """Finish the files of runs that have ended, and of file types without a schema, whose runs cannot go on."""
    taken = defaultdict[tuple[str, str], list[OpenFile]](list)
    for each in files:
        if each.status != Status.NEW:
            taken[each.dag_id or "", each.run_id or ""].append(each)
    for key, run_files in taken.items():
        if key not in live or not reconciliation.has_schema(run_files[0].file_type):
            finish_run(reconciliation, *key, run_files)


def _alert_owed(reconciliation: Reconciliation, owed: Sequence[OwedAlert]) -> None:
    for alert in owed:
        run = run_of(reconciliation.api, alert.dag_id, alert.run_id)
        if alert.last_at <= reconciliation.ripe_before and not (run and run.is_live):
            alert_failures(reconciliation, alert, run)


def _waiting(reconciliation: Reconciliation, files: Sequence[OpenFile]) -> dict[str, list[OpenFile]]:
    """Return the New files of each type for which a run must be started; the next scheduled run takes the others."""
    waiting = defaultdict[str, list[OpenFile]](list)
    for each in files:
        is_ripe = each.status_at <= reconciliation.ripe_before or each.file.file_id in reconciliation.registered
        if each.status == Status.NEW and reconciliation.index.starts_run(each.file_type) and is_ripe:
            waiting[each.file_type].append(each)
    return waiting


def _check_pools(reconciliation: Reconciliation, files: Sequence[OpenFile]) -> None:
    """Report the pools that Airflow lacks: tasks there wait, and Airflow shows no error."""
    types = filter(None, map(reconciliation.file_type, sorted({each.file_type for each in files})))
    by_pool = defaultdict[str, list[str]](list)
    for file_type in types:
        if file_type.pool:
            by_pool[file_type.pool].append(file_type.name)
    for name in missing_pools(reconciliation.api, by_pool):
        action = f"not fixed: Airflow has no pool {name}; {remedy([name])}"
        finding = Finding(NO_POOL, ", ".join(by_pool[name]), name, action, is_fixed=False)
        reconciliation.findings.append(finding)


def _waits_for_schedule(reconciliation: Reconciliation, each: OpenFile) -> bool:
    """Return whether the file is New and its file type runs on a cron schedule, so that no run is due for it."""
    file_type = reconciliation.file_type(each.file_type) if each.status == Status.NEW else None
    return file_type is not None and file_type.cron is not None


def _start(reconciliation: Reconciliation, name: str, files: Sequence[OpenFile]) -> None:
    """Start a run whose id follows from the files and the DAG's last run, so that two processes start only one.

    The runs of an invalid schema all fail, so its owner is alerted instead.
    """
    dag_id = dag_id_of(name)
    if problems := reconciliation.schema_problems(name):
        _alert_owner(reconciliation, name, problems, files)
        return

    def start() -> str:
        try:
            occasion = f"after {latest_run_id(reconciliation.api, dag_id)}"
            run_id = arrival_run_id([each.file.file_id for each in files], occasion)
            is_new = reconciliation.api.start(dag_id, run_id)
        except UnknownDag as error:
            raise UnknownDag(f"Airflow has no DAG {dag_id}; {_missing_dag_remedy(reconciliation, name)}") from error
        return f"started run {run_id}" if is_new else f"run {run_id} exists already"

    reconciliation.fix(NO_RUN, name, subject_of(files), start)


def _alert_owner(reconciliation: Reconciliation, name: str, problems: Sequence[str], files: Sequence[OpenFile]) -> None:
    path, dag_id = settings.schemas_folder() / f"{name}.yaml", dag_id_of(name)
    owner = owner_of_invalid(path)
    make_alert = partial(invalid_schema_alert, dag_id=dag_id, file_type=name, problems=problems, owner=owner)
    reconciliation.raise_alert(run_of_schema(dag_id), make_alert, alerts_of_invalid(path))
    action = f"not fixed, its owner is alerted: {problems[0]}"
    finding = Finding(INVALID_SCHEMA, name, subject_of(files), action, is_fixed=False, is_alerted=True)
    reconciliation.findings.append(finding)


def _missing_dag_remedy(reconciliation: Reconciliation, name: str) -> str:
    if reconciliation.file_type(name) is None:
        return f"schemas/{name}.yaml is missing or invalid; restore or fix it, and the next reconcile starts a run"
    return (
        f"schemas/{name}.yaml is valid, and Airflow reads a new schema within a minute, so the next reconcile starts "
        "a run; if the DAG does not appear, see Airflow's import errors"
    )
