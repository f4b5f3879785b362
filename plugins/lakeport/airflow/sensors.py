"""Wait for New files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.common.sql.sensors.sql import SqlSensor
from airflow.sdk.bases.sensor import PokeReturnValue
from airflow.sdk.exceptions import AirflowSkipException
from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.airflow.tasks import Context
from lakeport.airflow.triggers import NewFilesTrigger
from lakeport.airflow_api.dag_runs import ARRIVAL_PREFIX
from lakeport.model import RegisteredFile
from lakeport.redshift.rows import fetch_as
from lakeport.redshift.statements import statement
from lakeport.schema.file_type import FileType


class NewFilesSensor(SqlSensor):
    """Wait until a file of the type is New, and return the New files as XCom.

    With `select: newest` that is all New files, the newest first; with `all`, the oldest ones, one more than a run
    takes.

    A file type with a cron schedule waits without a worker: the sensor queries once, then a trigger waits and ends the
    task.  If no file arrives within `wait.for`, the run is skipped.  A run that was started for an arrival does not
    wait: its files were registered before it began, so if there are none, an earlier run has taken them.
    """

    def __init__(
        self, *, file_type: FileType, redshift_conn_id: str = settings.REDSHIFT_CONNECTION, **kwargs: Any
    ) -> None:
        takes_all = file_type.landing.select == "all"
        limit = {"limit": file_type.landing.files_a_run + 1} if takes_all else {}
        query, parameters = "mng/oldest_new_files" if takes_all else "mng/new_files", {"file_type": file_type.name}
        self.waits_in_trigger = file_type.cron is not None
        self.listing: dict[str, Any] = {"file_type": file_type.name, "query": query, "parameters": parameters | limit}
        super().__init__(
            conn_id=redshift_conn_id,
            sql=statement(query),
            parameters=parameters | limit,
            mode="poke",
            poke_interval=file_type.wait.every,
            timeout=file_type.wait.for_,
            soft_fail=True,
            **kwargs,
        )

    def execute(self, context: Context) -> Any:
        if not self.waits_in_trigger:
            return super().execute(context)  # type: ignore[arg-type]
        found = self.poke(context)
        if isinstance(found, PokeReturnValue):
            return found.xcom_value
        until = datetime.now(UTC) + timedelta(seconds=self.timeout)
        self.defer(trigger=self.trigger(until), method_name="execute")
        raise AssertionError("unreachable: defer raises")

    def trigger(self, until: datetime) -> NewFilesTrigger:
        return NewFilesTrigger(
            **self.listing, conn_id=self.conn_id, every=self.poke_interval, until=until.isoformat(timespec="seconds")
        )

    def poke(self, context: Context) -> bool | PokeReturnValue:  # type: ignore[override]  # execute takes both
        """Query Redshift once."""
        hook = self._get_hook()  # type: ignore[attr-defined]
        files = hook.run(self.sql, parameters=self.parameters, handler=registered_files)
        if files:
            return PokeReturnValue(is_done=True, xcom_value=[file.to_xcom() for file in files])
        if context["run_id"].startswith(f"{ARRIVAL_PREFIX}__"):
            raise AirflowSkipException("no New files: an earlier run has taken the files that this run was started for")
        return False


def registered_files(current: cursor) -> list[RegisteredFile]:
    """Return the rows of the last query as registered files."""
    return fetch_as(current, RegisteredFile)
