"""Wait for files in the triggerer, which runs one query for all file types that wait.

A waiting task ends in its trigger.  Airflow 3.2.1 and 3.3.1 may mark a healthy task as failed if many tasks return from
their trigger to a worker at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, ClassVar

from airflow.sdk import BaseHook
from airflow.triggers.base import BaseTrigger, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent
from psycopg2.extensions import cursor

from lakeport.airflow.tasks import open_session
from lakeport.model import RegisteredFile
from lakeport.redshift.rows import fetch_rows, from_row
from lakeport.redshift.session import Warehouse
from lakeport.redshift.sql_files import statement

Rows = list[dict[str, Any]]


class NewFilesTrigger(BaseTrigger):
    """End the task with the New files of a type as its XCom, or skip it if there are none by `until`.

    `query` names the statement that lists the files, with its `parameters`.  `every` is in seconds.  `until` is a time
    in ISO 8601, so that a restart of the triggerer does not extend the wait.
    """

    def __init__(
        self, *, file_type: str, query: str, parameters: dict[str, Any], conn_id: str, every: float, until: str
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.values: dict[str, Any] = {"file_type": file_type, "query": query, "parameters": parameters}
        self.values |= {"conn_id": conn_id, "every": every, "until": until}

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__qualname__}", self.values

    async def run(self) -> AsyncIterator[TriggerEvent]:
        seconds = (datetime.fromisoformat(self.values["until"]) - datetime.now(UTC)).total_seconds()
        try:
            async with asyncio.timeout(max(seconds, 0)):
                files = await self._files()
        except TimeoutError:
            self.log.info("no file of type %s arrived by %s", self.values["file_type"], self.values["until"])
            yield TaskSkippedEvent()
        else:
            yield TaskSuccessEvent(xcoms={"return_value": files})

    async def _files(self) -> list[Any]:
        watch = Watch.of(self.values["conn_id"])
        query = statement(self.values["query"])
        while True:
            await watch.wait_for(self.values["file_type"], self.values["every"])
            rows = await watch.rows_of(query, self.values["parameters"])
            if rows:
                return [from_row(RegisteredFile, row).to_xcom() for row in rows]


class Watch:
    """Poll mng.files once for all file types that wait on a connection, at their shortest interval."""

    _of_loops: ClassVar[dict[tuple[int, str], Watch]] = {}

    def __init__(self, conn_id: str) -> None:
        self._conn_id = conn_id
        self._waiting: dict[asyncio.Future[None], tuple[str, float]] = {}
        self._polling: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, conn_id: str) -> Watch:
        """Return the watch of this event loop; a triggerer has one loop."""
        place = (id(asyncio.get_running_loop()), conn_id)
        return cls._of_loops.setdefault(place, cls(conn_id))

    async def wait_for(self, file_type: str, every: float) -> None:
        """Return when a file of the type is New; raises the error of a failed poll."""
        seen = asyncio.get_running_loop().create_future()
        self._waiting[seen] = (file_type, every)
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll())
        try:
            await seen
        finally:  # also if the wait is cancelled
            self._waiting.pop(seen, None)

    async def _poll(self) -> None:
        while self._waiting:
            await asyncio.sleep(min(every for _, every in self._waiting.values()))
            types = tuple({file_type for file_type, _ in self._waiting.values()})
            if not types:
                return
            try:
                rows = await self.rows_of(statement("mng/types_with_new_files"), {"file_types": types})
            except Exception as error:  # noqa: BLE001 - every waiting task must get the error
                for seen in [seen for seen in self._waiting if not seen.done()]:
                    seen.set_exception(error)
                return
            found = {row["file_type"] for row in rows}
            for seen in [seen for seen, (file_type, _) in self._waiting.items() if file_type in found]:
                if not seen.done():
                    seen.set_result(None)

    async def rows_of(self, query: str, parameters: dict[str, Any]) -> Rows:
        """Run a query in a thread, in a new session: no session stays open between two polls."""
        airflow_connection = await BaseHook.aget_connection(self._conn_id)

        def read(current: cursor) -> Rows:
            current.execute(query, parameters)
            return fetch_rows(current)

        def run() -> Rows:
            with Warehouse(lambda: open_session(airflow_connection)) as warehouse:
                return warehouse.read(read)

        return await asyncio.to_thread(run)
