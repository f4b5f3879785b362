"""Apply a plan, one transaction for each load: an interruption leaves a load either changed or unchanged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from psycopg2.extensions import cursor

from lakeport.airflow_api.dag_runs import DagRunApi, arrival_run_id, latest_run_id
from lakeport.errors import AirflowUnavailable, StatusConflict
from lakeport.mng import file_records
from lakeport.model import Status, TaskRun, dag_id_of
from lakeport.recovery.replay.planned import Planned
from lakeport.recovery.replay.restoring import forget, restore
from lakeport.redshift import ddl
from lakeport.redshift.live_table import live_columns_query
from lakeport.redshift.rows import fetch_rows
from lakeport.redshift.session import Warehouse
from lakeport.redshift.sql_files import statement
from lakeport.redshift.statements import composed
from lakeport.snapshots.writing import write_snapshots
from lakeport.wording import amount


def apply_plan(
    warehouse: Warehouse, planned: Sequence[Planned], command: str, people: str = ""
) -> Iterator[list[Planned]]:
    """Apply the plan and yield, after each commit, the files of that load; `command` is replay, undo or discard.

    `people`, who asked for it and who approved it, is logged with each change of a status.

    The rows of a load are deleted by its `_loaded_at`; status and status log change in the same transaction.  Safe to
    repeat and to interrupt: files that are changed already are skipped.  Raises StatusConflict, and leaves that load
    unchanged, if the load has changed since it was planned.
    """
    for load in _loads(planned):
        warehouse.transaction(partial(_apply_load, load=load, command=command, people=people))
        yield load
    types = {each.selected.file_type for each in planned} | {each.type_name for each in planned}
    write_snapshots(warehouse, types, is_complete=True)


def start_runs(api: DagRunApi, planned: Sequence[Planned]) -> dict[str, str]:
    """Start a run for each file type with New files; return the run, or why none was started, by file type.

    The run's id follows from the files and from the DAG's last run.  Reconcile starts the runs that fail to start.
    """
    outcomes = {}
    new = [each for each in planned if each.to == Status.NEW]
    for name in sorted({each.type_name for each in new}):
        dag_id = dag_id_of(name)
        file_ids = [each.selected.file.file_id for each in new if each.type_name == name]
        try:
            run_id = arrival_run_id(file_ids, f"replay after {latest_run_id(api, dag_id)}")
            api.start(dag_id, run_id)
        except AirflowUnavailable as error:
            outcomes[name] = f"cannot start a run; reconcile starts one within the hour: {error}"
        else:
            outcomes[name] = f"started run {run_id} of {dag_id}"
    return outcomes


def _loads(planned: Sequence[Planned]) -> list[list[Planned]]:
    """Group the files by load: files of one load are changed together."""
    loads: dict[object, list[Planned]] = {}
    for each in planned:
        selected = each.selected
        if each.is_idle:
            continue
        load = (selected.table_name, selected.loaded_at) if selected.loaded_at else selected.file.file_id
        loads.setdefault(load, []).append(each)
    return list(loads.values())


def _apply_load(current: cursor, *, load: Sequence[Planned], command: str, people: str) -> None:
    # Read mng.files only after the rows are deleted: registration waits for every transaction that has read it.
    deleted, reason = _delete_rows(current, load[0]), f"{command} {people}".strip()
    pending = [each for each in load if not _is_applied(current, each)]
    first, plan = load[0].selected, load[0]
    restored = _restore(current, plan) if pending else plan.restores
    if pending and (deleted, restored) != (plan.load_rows, plan.restores):
        raise _changed(first.file.key)
    if first.loaded_at:
        reason = f"{reason}: deleted {amount(deleted, 'row')} from {first.table_name}, loaded at {first.loaded_at}"
        reason += f", and restored {amount(restored, 'row')} that it had replaced" if restored else ""
    for each in pending:
        selected, by = each.selected, TaskRun(f"lakeport {command}", "", command)
        if each.to != Status.FILTERED_OUT:  # a discarded file keeps its figures
            values = {"file_id": selected.file.file_id, "is_older_allowed": each.is_older}
            current.execute(statement("mng/forget_load"), values)
        if each.file_type:
            values = {"file_id": selected.file.file_id, "file_type": each.file_type}
            current.execute(statement("mng/set_file_type"), values)
        if selected.status != each.to:
            file_records.move(current, [selected.file.file_id], by, from_=[selected.status], to=each.to, reason=reason)


def _delete_rows(current: cursor, each: Planned) -> int:
    """Delete the rows of the file's load and return their number."""
    if not each.load_rows:
        return 0
    table = ddl.table_identifier(str(each.selected.table_name))
    if each.drops_table:
        current.execute(live_columns_query(), _table_of(each))
        if not current.fetchall():
            return 0  # an earlier attempt has dropped the table
    current.execute(composed("load/delete_loaded", table=table), {"loaded_at": each.selected.loaded_at})
    deleted = current.rowcount
    if each.drops_table:
        current.execute(composed("load/drop_replaced", table=table))
    return deleted


def _restore(current: cursor, each: Planned) -> int | None:
    """Restore the rows that the load replaced, if that is planned, and forget its own rows that are kept."""
    if each.kept is None:
        return each.restores
    restored = None
    if each.restores is not None:
        table = each.kept.model_copy(update={"name": each.selected.table_name})
        restored = restore(current, each.selected, table, each.kept)
    forget(current, each.selected, each.kept)
    return restored


def _is_applied(current: cursor, each: Planned) -> bool:
    """Return whether an earlier attempt changed the file; raise StatusConflict if anything else changed it."""
    selected = each.selected
    current.execute(statement("mng/state_of_file"), {"file_id": selected.file.file_id})
    states = [(row["status"], row["loaded_at"]) for row in fetch_rows(current)]
    if states == [(each.to, None)]:
        return True
    if states != [(selected.status, selected.loaded_at)]:
        raise _changed(selected.file.key)
    return False


def _table_of(each: Planned) -> dict[str, str]:
    schema_name, _, table_name = str(each.selected.table_name).partition(".")
    return {"schema_name": schema_name, "table_name": table_name}


def _changed(key: str) -> StatusConflict:
    return StatusConflict(f"{key} has changed since the plan was made; run the command again to see a new plan")
