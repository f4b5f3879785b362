"""Change the status of files: Filtered Out, In Progress, Done."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from lakeport.airflow import callbacks
from lakeport.airflow.operators.files import FilesOperator
from lakeport.airflow.tasks import Context, cleared_at, retried_if_worth_it, task_run_of
from lakeport.model import RegisteredFile, Status, TaskRun, utc_now
from lakeport.schema.key_pattern import rank
from lakeport.schema.landing import LANDED_AT
from lakeport.settings import planned_command

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from lakeport.mng.load_records import Load
    from lakeport.redshift.session import Warehouse


class FilterNewestOperator(FilesOperator):
    """Keep the newest file by `landing.newest_by`; the others become Filtered Out, with the newest file as reason.

    A file that landed before one that is loaded becomes Filtered Out too, if its rows would replace newer ones.
    A cleared run chooses among the files that are still to load.  Safe to repeat: only New files change, and those that
    this run failed on before it was cleared.
    """

    def newest_first(self) -> list[RegisteredFile]:
        """Return the files ordered by `newest_by`; they come ordered by the time they landed."""
        files, by = self.registered_files(), self.file_type.landing.newest_by
        if by == LANDED_AT:
            return files
        return sorted(files, key=lambda file: rank(self.file_type.landing.pattern, file.key, by), reverse=True)

    def filter_out(self, current: cursor, others: list[RegisteredFile], newest: RegisteredFile, by: TaskRun) -> None:
        from lakeport.mng import claims

        reason = f"newer by {self.file_type.landing.newest_by}: "
        reason += f"{newest.key}, landed {newest.landed_at}, file {newest.file_id}"
        reason += f"; schemas/{self.file_type.name}.yaml has landing.select newest, all would load every file"
        claims.filter_out(current, [file.file_id for file in others], by, reason)

    def refuse_late(self, warehouse: Warehouse, newest: RegisteredFile, by: TaskRun) -> None:
        """Filter the file out and skip the run if its rows would replace those of a file that landed later."""
        if not self.file_type.table.is_ordered or self.file_type.landing.newest_by != LANDED_AT:
            return
        from lakeport.mng import claims
        from lakeport.snapshots.writing import write_snapshots

        find = partial(claims.newer_load, file_id=newest.file_id, by=by, table_name=self.file_type.table.name)
        if newer := warehouse.read(find):
            reason = f"{newer}, which landed later, is loaded already"
            replay = planned_command(f"replay {newest.file_id[:12]} --older")
            reason += f"; to let its rows replace newer ones, run {replay}"
            ids = [newest.file_id]
            warehouse.transaction(partial(claims.filter_out, file_ids=ids, by=by, reason=reason))
            write_snapshots(warehouse, [self.file_type.name])
            raise AirflowSkipException(f"{newest.key}: {reason}")

    def still_to_load(
        self, warehouse: Warehouse, files: list[RegisteredFile], context: Context
    ) -> list[RegisteredFile]:
        """Return the files that a cleared run can load, or only the newest if that is not one of them."""
        from lakeport.mng import claims

        by, cleared = task_run_of(context), cleared_at(context)
        if not cleared:
            return files
        self.fail_earlier_tries(warehouse, context)
        found = warehouse.read(partial(claims.standings, file_ids=self.file_ids()))
        open_ids = {each.file.file_id for each in found if each.status == Status.NEW or each.is_to_retry(by, cleared)}
        return [file for file in files if file.file_id in open_ids] or files[:1]

    def execute(self, context: Context) -> list[dict[str, Any]]:
        with retried_if_worth_it(self.file_type), self.warehouse() as warehouse:
            newest, *others = self.still_to_load(warehouse, self.newest_first(), context)
            if others:
                warehouse.transaction(lambda current: self.filter_out(current, others, newest, task_run_of(context)))
            self.refuse_late(warehouse, newest, task_run_of(context))
        self.log.info("newest of %d: %s (%d bytes)", len(others) + 1, newest.key, newest.size_bytes)
        return [newest.to_xcom()]


class MarkInProgressOperator(FilesOperator):
    """Set the files to In Progress in this run; if it was cleared, also those that it failed on before.

    Safe to repeat: files that are In Progress in this run stay so.
    """

    def execute(self, context: Context) -> None:
        from lakeport.snapshots.writing import write_snapshots

        with retried_if_worth_it(self.file_type), self.warehouse() as warehouse:
            self.claim(warehouse, context, self.file_type.table)
            write_snapshots(warehouse, [self.file_type.name])


class MarkDoneOperator(FilesOperator):
    """Set the files to Done, in the transaction that checks that their rows are in the table.

    The event of the table's asset contains the numbers of files, rows and rejected rows, and the seconds since the
    first of the files landed.  Safe to repeat: see lakeport.loading.finishing.
    """

    def done(self, current: cursor, files: Sequence[RegisteredFile], by: TaskRun) -> tuple[list[Load], bool]:
        """Set the files to Done; return their loads, and whether an alert was recorded that they are Done at last."""
        from lakeport.alerts.outbox import record
        from lakeport.alerts.recoveries import recovery
        from lakeport.loading.finishing import mark_done

        recovered = recovery(current, self.file_type, files, by)
        loads = mark_done(current, files, by, self.file_type)
        if recovered:
            record(current, (by.dag_id, by.run_id), recovered, self.file_type.alerts)
        return list(loads.values()), recovered is not None

    def execute(self, context: Context) -> None:
        from lakeport.snapshots.writing import write_snapshots

        by = task_run_of(context)
        with retried_if_worth_it(self.file_type), self.warehouse() as warehouse:
            files = self.registered_files()
            loads, is_alert_owed = warehouse.transaction(lambda current: self.done(current, files, by))
            if is_alert_owed:
                callbacks.alert(warehouse, by, lambda _: None, self.file_type.alerts)
            write_snapshots(warehouse, [self.file_type.name])
        seconds = (utc_now() - min(file.landed_at for file in files)).total_seconds()
        rows, rejected = sum(load.rows_loaded for load in loads), sum(load.rows_rejected for load in loads)
        facts = {"files": len(files), "rows": rows, "rejected": rejected, "seconds": round(seconds, 1)}
        for asset in self.outlets:
            context["outlet_events"][asset].extra.update(facts)
