"""Wait for files outside any worker: for all types that wait, one query now and then by the triggerer.

A task ends in its trigger.  One that goes back to a worker when its wait is over may be taken for failed by Airflow
3.2.1 and 3.3.1 where many do so at once, although it is healthy.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, ClassVar

from airflow.sdk import BaseHook
from airflow.triggers.base import BaseTrigger, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent
from psycopg2.extensions import cursor

from lakeport.airflow.tasks import connected
from lakeport.model import RegisteredFile
from lakeport.redshift.session import Warehouse
from lakeport.redshift.statements import statement

Rows = list[tuple[Any, ...]]


class NewFilesTrigger(BaseTrigger):
    """End the task with the New files of a type as its XCom, or skip it when none came until `until`.

    `query` is the statement that lists the files, with its `parameters`; `every` is in seconds, `until` a moment in
    ISO 8601, so that a triggerer that was restarted waits no longer.
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
            self.log.info("no file of type %s came until %s", self.values["file_type"], self.values["until"])
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
                return [RegisteredFile(*row).to_xcom() for row in rows]


class Watch:
    """One look at mng.files for every type that waits on a connection, as often as the most impatient one asks."""

    _of_loops: ClassVar[dict[tuple[int, str], Watch]] = {}

    def __init__(self, conn_id: str) -> None:
        self._conn_id = conn_id
        self._waiting: dict[asyncio.Future[None], tuple[str, float]] = {}
        self._looking: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, conn_id: str) -> Watch:
        """Return the one watch of this event loop, which a triggerer has one of."""
        place = (id(asyncio.get_running_loop()), conn_id)
        return cls._of_loops.setdefault(place, cls(conn_id))

    async def wait_for(self, file_type: str, every: float) -> None:
        """Return when a file of the type is New; raises what a look met."""
        seen = asyncio.get_running_loop().create_future()
        self._waiting[seen] = (file_type, every)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_again_and_again())
        try:
            await seen
        finally:  # also where the wait is given up
            self._waiting.pop(seen, None)

    async def _look_again_and_again(self) -> None:
        while self._waiting:
            await asyncio.sleep(min(every for _, every in self._waiting.values()))
            types = tuple({file_type for file_type, _ in self._waiting.values()})
            if not types:
                return
            try:
                rows = await self.rows_of(statement("mng/types_with_new_files"), {"file_types": types})
            except Exception as error:  # noqa: BLE001 - whatever it is, those that wait must hear of it
                for seen in [seen for seen in self._waiting if not seen.done()]:
                    seen.set_exception(error)
                return
            found = {file_type for (file_type,) in rows}
            for seen in [seen for seen, (file_type, _) in self._waiting.items() if file_type in found]:
                if not seen.done():
                    seen.set_result(None)

    async def rows_of(self, query: str, parameters: dict[str, Any]) -> Rows:
        """Run a query in a thread, on a connection of its own: none is kept open between two looks."""
        to = await BaseHook.aget_connection(self._conn_id)

        def read(current: cursor) -> Rows:
            current.execute(query, parameters)
            rows: Rows = current.fetchall()
            return rows

        def run() -> Rows:
            with Warehouse(lambda: connected(to)) as warehouse:
                return warehouse.transaction(read)

        return await asyncio.to_thread(run)
