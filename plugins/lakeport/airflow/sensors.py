"""Wait for New files."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.providers.common.sql.sensors.sql import SqlSensor
from airflow.sdk.bases.sensor import PokeReturnValue
from airflow.sdk.exceptions import AirflowSkipException

from lakeport import settings
from lakeport.airflow.tasks import Context, cleared_at, retried_if_worth_it, task_run_of, warehouse_of
from lakeport.airflow_api.dag_runs import ARRIVAL_PREFIX
from lakeport.errors import StepRefused
from lakeport.model import RegisteredFile
from lakeport.redshift.sql_files import statement
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from lakeport.airflow.triggers import NewFilesTrigger


class NewFilesSensor(SqlSensor):
    """Wait until a file of the type is New, and return the New files as XCom.

    With `select: newest` that is all New files, the newest first; with `all`, the oldest ones, one more than a run
    takes.

    A file type with a cron schedule waits without a worker: the sensor queries once, then a trigger waits and ends the
    task.  If no file arrives within `wait.for`, the run is skipped.  Other runs do not wait: they are started when
    files have been registered, so if there are none, an earlier run has taken them.  A run that was cleared also
    returns its own unfinished files.  The runs of a backfill are skipped: Airflow runs them beside one another and the
    DAG's other runs, and they would take the same files.
    """

    def __init__(
        self, *, file_type: FileType, redshift_conn_id: str = settings.REDSHIFT_CONNECTION, **kwargs: Any
    ) -> None:
        takes_all = file_type.landing.select == "all"
        limit = {"limit": file_type.landing.files_a_run + 1} if takes_all else {}
        query = "mng/oldest_new_files" if takes_all else "mng/new_files"
        parameters: dict[str, Any] = {"file_type": file_type.name, "dag_id": None, "run_id": None} | limit
        self.waits_in_trigger = file_type.cron is not None
        self.listing: dict[str, Any] = {"file_type": file_type.name, "query": query, "parameters": parameters}
        super().__init__(
            conn_id=redshift_conn_id,
            sql=statement(query),
            parameters=parameters,
            mode="poke",
            poke_interval=file_type.wait.every,
            timeout=file_type.wait.for_,
            soft_fail=True,
            **kwargs,
        )

    def execute(self, context: Context) -> Any:
        with retried_if_worth_it():
            refuse_conf(context)
        skip_backfill(context, self.listing["file_type"])
        if cleared_at(context):
            self.parameters = {
                **self.listing["parameters"],
                "dag_id": context["ti"].dag_id,
                "run_id": context["run_id"],
            }
        found = self.poke(context)
        if isinstance(found, PokeReturnValue):
            return found.xcom_value
        if cleared_at(context):
            self.refuse_unloaded(context)
        name = self.listing["file_type"]
        if not self.waits_in_trigger or context["run_id"].startswith(f"{ARRIVAL_PREFIX}__"):
            raise AirflowSkipException(
                f"no file of type {name} is New, and this run has none left to finish: an earlier run has taken them, "
                f"or none has arrived; {settings.command(f'status --type {name}')} shows where each file is"
            )
        until = datetime.now(UTC) + timedelta(seconds=self.timeout)
        return self.defer(trigger=self.trigger(until), method_name="execute")  # raises

    def trigger(self, until: datetime) -> NewFilesTrigger:
        from lakeport.airflow.triggers import NewFilesTrigger

        return NewFilesTrigger(
            **self.listing, conn_id=self.conn_id, every=self.poke_interval, until=until.isoformat(timespec="seconds")
        )

    def poke(self, context: Context) -> bool | PokeReturnValue:  # type: ignore[override]  # noqa: ARG002 - Airflow's
        """Query Redshift once, in a session like those of the other tasks: PostgresHook would open another kind."""
        with retried_if_worth_it(), warehouse_of(self.conn_id) as warehouse:
            files = warehouse.read(self.list_files)
        if files:
            return PokeReturnValue(is_done=True, xcom_value=[file.to_xcom() for file in files])
        return False

    def list_files(self, current: cursor) -> list[RegisteredFile]:
        from lakeport.redshift.rows import fetch_as

        current.execute(self.sql, self.parameters)
        return fetch_as(current, RegisteredFile)

    def refuse_unloaded(self, context: Context) -> None:
        """Skip the cleared run if the files that it once had are loaded, and fail it if not."""
        from lakeport.mng import claims

        with retried_if_worth_it(), warehouse_of(self.conn_id) as warehouse:
            loaded = warehouse.transaction(partial(claims.check_files_of_run, by=task_run_of(context)))
        if loaded:
            raise AirflowSkipException(f"loaded already, so there is nothing to do: {', '.join(loaded)}")


def refuse_conf(context: Context) -> None:
    """Raise StepRefused if somebody triggered the run with a configuration, which means nothing to it."""
    if conf := context["dag_run"].conf:
        raise StepRefused(
            f"the run was triggered with the configuration {json.dumps(conf)}, which a load DAG does not use: it loads "
            "the New files of its type; trigger it without one; to load a certain file, run "
            + settings.planned_command("replay FILE_ID")
        )


def skip_backfill(context: Context, name: str) -> None:
    """Skip a run of a backfill: it has no files.

    A backfill that runs earlier runs again clears them and changes their type, but not their ids.
    """
    if context["dag_run"].run_type == "backfill":
        replay = settings.planned_command("replay FILE_ID")
        raise AirflowSkipException(
            "a backfill loads no file, because each file is loaded once, whatever its date; trigger the DAG to load "
            f"the New files of type {name} now; to load a file again, run {replay}"
        )
