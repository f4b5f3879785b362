"""Reconcile files with the DAG runs that should bring them on: New without a run, In Progress in a run that ended, Fail
in one whose callback told nobody.

Files are read before runs: so a file that a run has at that time, and that run not live thereafter, is nobody's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from psycopg2.extensions import cursor

from lakeport.airflow_api import LIVE_STATES, arrival_run_id, latest_run_id, run_of, runs
from lakeport.alerts.failed_runs import KILLED, EndedRun, fail
from lakeport.alerts.outbox import raise_once
from lakeport.alerts.reject_warnings import warning
from lakeport.errors import LakeportError, ObjectChanged, UnknownDag
from lakeport.loading.finishing import archive, mark_done
from lakeport.model import RegisteredFile, TaskRun
from lakeport.recovery.reconcile.look import Look
from lakeport.redshift.statements import statement

NO_RUN = "New, and no run is there to take it"
DEAD_RUN = "In Progress in a run that ended"
UNTOLD = "Fail, and nobody was told"
LOADED = "loaded, and its run ended before it was Done"


@dataclass(frozen=True)
class OpenFile:
    """A file that has not come to its end, or of whose end nobody was told."""

    file: RegisteredFile
    file_type: str
    status: str
    status_at: datetime
    dag_id: str | None
    run_id: str | None
    is_loaded: bool


def reconcile_runs(look: Look) -> None:
    """Bring on what no run brings on."""
    files = [each for each in look.warehouse.transaction(open_files) if not _waits_for_its_time(look, each)]
    look.is_open |= bool(files)
    if not files:
        return
    live = {
        (run.dag_id, run.run_id): run
        for state in LIVE_STATES
        for run in runs(look.api, state=state, dag_id_pattern="load_")
    }
    taken: dict[tuple[str, str], list[OpenFile]] = defaultdict(list)
    waiting: dict[str, list[OpenFile]] = defaultdict(list)
    for each in files:
        if each.status != "New":
            taken[each.dag_id or "", each.run_id or ""].append(each)
        elif not look.index.starts_run(each.file_type):
            continue  # the type's next run comes at its time
        elif each.status_at <= look.ripe_before or each.file.file_id in look.registered:
            waiting[each.file_type].append(each)
    for run, of_run in taken.items():
        if run not in live:
            _end(look, *run, of_run)
    # One that has begun may have looked for its files already; one too many finds nothing, and skips itself.
    have_run_to_come = {run.dag_id for run in live.values() if not run.has_begun}
    for name, of_type in waiting.items():
        if f"load_{name}" not in have_run_to_come:
            _start(look, name, of_type)


def _waits_for_its_time(look: Look, each: OpenFile) -> bool:
    """Say whether the file is New and its type's runs start by a cron schedule: none is due for it."""
    file_type = look.file_type(each.file_type) if each.status == "New" else None
    return file_type is not None and file_type.cron is not None


def open_files(current: cursor) -> list[OpenFile]:
    """Return the files that are New or In Progress, or Fail without an alert, in the order they landed."""
    current.execute(statement("mng/open_files"))
    return [OpenFile(RegisteredFile(*row[:10]), *row[10:]) for row in current.fetchall()]


def _start(look: Look, name: str, files: Sequence[OpenFile]) -> None:
    """Start a run: its id follows from the files and from the type's last run, so that two looks start one."""

    dag_id = f"load_{name}"

    def start() -> str:
        try:
            occasion = f"after {latest_run_id(look.api, dag_id)}"
            run_id = arrival_run_id([each.file.file_id for each in files], occasion)
            return f"started run {run_id}" if look.api.start(dag_id, run_id) else f"found run {run_id}"
        except UnknownDag as error:
            raise UnknownDag(f"Airflow has no DAG {dag_id}; {_how_to_get_a_dag(look, name)}") from error

    look.heal(NO_RUN, name, _subject(files), start)


def _how_to_get_a_dag(look: Look, name: str) -> str:
    if look.file_type(name) is None:
        return f"schemas/{name}.yaml is gone or broken: put it back or mend it, and the next look starts a run"
    return (
        f"schemas/{name}.yaml is there, and a new one takes a minute: the next look starts a run; "
        "if it does not, Airflow's import errors say why"
    )


def _end(look: Look, dag_id: str, run_id: str, files: Sequence[OpenFile]) -> None:
    """Finish the files of a run that is not live: Done where they are loaded, Fail where they are not."""
    run = run_of(look.api, dag_id, run_id)
    ended_at = (run and run.ended_at) or max(each.status_at for each in files)
    if (run and run.is_live) or ended_at > look.ripe_before:
        return  # its own callback comes first
    how = f"the run ended as {run.state}" if run else "Airflow has no such run any more"
    ended = EndedRun(dag_id, run_id, look.api.address(dag_id, run_id), reason=f"{KILLED}; {how}")
    unloaded = [each for each in files if not each.is_loaded]
    if unloaded:
        found = DEAD_RUN if any(each.status == "In Progress" for each in unloaded) else UNTOLD
        look.heal(found, unloaded[0].file_type, _subject(unloaded), partial(_fail, look, ended, unloaded[0]))
    loaded = [each for each in files if each.is_loaded]
    for each in loaded:
        look.heal(LOADED, each.file_type, each.file.key, partial(_finish, look, ended, each))
    if loaded:
        _warn(look, ended, loaded)


def _fail(look: Look, run: EndedRun, of: OpenFile) -> str:
    file_type = look.file_type(of.file_type)
    table = file_type.table.name if file_type else "(its schema is gone or broken)"
    is_unsent = raise_once(
        look.warehouse,
        (run.dag_id, run.run_id),
        lambda current: fail(current, run, of.file_type, table),
        look.alerts(of.file_type),
        look.send,
    )
    return "Fail" + (", alert recorded" if is_unsent else "")


def _finish(look: Look, run: EndedRun, each: OpenFile) -> str:
    """Archive the file and mark it Done; Fail where its rows are not in the table any more."""
    by, reason = TaskRun(run.dag_id, run.run_id, "reconcile"), None
    try:
        archive(look.warehouse, look.s3, each.file_type, [each.file])
    except ObjectChanged as gone:
        reason = f"loaded, and not archived: {gone}"
    file_type = look.file_type(each.file_type)
    try:
        look.warehouse.transaction(lambda current: mark_done(current, [each.file], by, file_type, reason))
    except LakeportError as error:
        lost = frozenset([each.file.file_id])
        ended = EndedRun(run.dag_id, run.run_id, run.address, reason=str(error), lost=lost)
        return f"{_fail(look, ended, each)}: {error}"
    return reason or "archived, Done"


def _warn(look: Look, run: EndedRun, loaded: Sequence[OpenFile]) -> None:
    """Tell of rejected rows, which the run did not live to do."""
    file_type = look.file_type(loaded[0].file_type)
    if not file_type or file_type.rejects.warn is None:
        return
    by, files = TaskRun(run.dag_id, run.run_id, "reconcile"), [each.file for each in loaded]
    raise_once(
        look.warehouse,
        (run.dag_id, run.run_id),
        lambda current: warning(current, file_type, files, by),
        file_type.alerts,
        look.send,
    )


def _subject(files: Sequence[OpenFile]) -> str:
    others = len(files) - 1
    return files[0].file.key + (f" and {others} more" if others else "")
