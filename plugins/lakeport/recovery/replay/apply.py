"""Carry out what was planned, one load a transaction: each is done or is not, wherever it is interrupted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from psycopg2.extensions import cursor

from lakeport.airflow_api import DagRunApi, arrival_run_id, latest_run_id
from lakeport.errors import AirflowUnavailable, StatusConflict
from lakeport.mng import file_records
from lakeport.model import Status, TaskRun
from lakeport.recovery.replay.plan import Planned
from lakeport.redshift import ddl
from lakeport.redshift.session import Warehouse
from lakeport.redshift.statements import composed, statement


def carry_out(warehouse: Warehouse, planned: Sequence[Planned], command: str) -> Iterator[list[Planned]]:
    """Do what was planned and yield, after each commit, the files it was about; `command` is replay or undo.

    Rows are deleted by the load's own time, with the status and its log in the same transaction.  Safe to repeat and
    to interrupt: a file that is done already is passed over.  Raises StatusConflict, and does nothing to that load,
    where it is not as it was when it was planned.
    """
    for load in _loads(planned):
        warehouse.transaction(partial(_do, load=load, command=command))
        yield load


def start_runs(api: DagRunApi, planned: Sequence[Planned]) -> dict[str, str]:
    """Start a run for each type of which files are New now, and return their ids, or why there is none, by type.

    The id follows from the files and from the type's last run; without a run reconcile starts one.
    """
    told = {}
    new = [each for each in planned if each.to == Status.NEW]
    for name in sorted({each.type_name for each in new}):
        dag_id = f"load_{name}"
        file_ids = [each.chosen.file.file_id for each in new if each.type_name == name]
        try:
            run_id = arrival_run_id(file_ids, f"replay after {latest_run_id(api, dag_id)}")
            api.start(dag_id, run_id)
        except AirflowUnavailable as error:
            told[name] = f"no run could be started, reconcile does it within the hour: {error}"
        else:
            told[name] = f"run {run_id} of {dag_id}"
    return told


def _loads(planned: Sequence[Planned]) -> list[list[Planned]]:
    """Return the files load by load: those that were loaded together are taken out together."""
    loads: dict[object, list[Planned]] = {}
    for each in planned:
        chosen = each.chosen
        if each.is_idle:
            continue
        together = (chosen.table_name, chosen.loaded_at) if chosen.loaded_at else chosen.file.file_id
        loads.setdefault(together, []).append(each)
    return list(loads.values())


def _do(current: cursor, *, load: Sequence[Planned], command: str) -> None:
    said = command
    # mng.files is not touched before the rows are deleted: registration waits for whoever has read it.
    deleted = _take_out(current, load[0])
    waiting = [each for each in load if not _is_done(current, each)]
    if waiting and deleted != load[0].load_rows:
        raise _changed(load[0].chosen.file.key)
    if load[0].chosen.loaded_at:
        said = f"{command}: {deleted} rows deleted from {load[0].chosen.table_name}, loaded {load[0].chosen.loaded_at}"
    for each in waiting:
        chosen, by = each.chosen, TaskRun(f"lakeport {command}", "", command)
        current.execute(statement("mng/forget_load"), {"file_id": chosen.file.file_id})
        if each.file_type:
            values = {"file_id": chosen.file.file_id, "file_type": each.file_type}
            current.execute(statement("mng/set_file_type"), values)
        if chosen.status != each.to:
            file_records.move(current, [chosen.file.file_id], by, from_=[chosen.status], to=each.to, reason=said)


def _take_out(current: cursor, each: Planned) -> int:
    """Delete the rows of the file's load and return how many they were."""
    if not each.load_rows:
        return 0
    table = ddl.table_identifier(str(each.chosen.table_name))
    if each.drops_table:
        current.execute(ddl.live_columns_query(), _name(each))
        if not current.fetchall():
            return 0  # an earlier try has dropped it
    current.execute(composed("load/delete_loaded", table=table), {"loaded_at": each.chosen.loaded_at})
    deleted = current.rowcount
    if each.drops_table:
        current.execute(composed("load/drop_replaced", table=table))
    return deleted


def _is_done(current: cursor, each: Planned) -> bool:
    """Say whether an earlier try did it; raise StatusConflict where the file is not as it was planned for."""
    chosen = each.chosen
    current.execute(statement("mng/state_of_file"), {"file_id": chosen.file.file_id})
    state = current.fetchone()
    if state == (each.to, None):
        return True
    if state != (chosen.status, chosen.loaded_at):
        raise _changed(chosen.file.key)
    return False


def _name(each: Planned) -> dict[str, str]:
    schema_name, _, table_name = str(each.chosen.table_name).partition(".")
    return {"schema_name": schema_name, "table_name": table_name}


def _changed(key: str) -> StatusConflict:
    return StatusConflict(f"{key} has changed since it was planned for; run the command again to see a new plan")
