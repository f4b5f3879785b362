"""Types with a cron schedule wait in the triggerer, all by one query."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest
from airflow.sdk.bases.sensor import PokeReturnValue
from airflow.triggers.base import TaskSkippedEvent, TaskSuccessEvent, TriggerEvent

from lakeport.airflow.sensors import NewFilesSensor
from lakeport.airflow.triggers import NewFilesTrigger, Rows, Watch
from lakeport.model import RegisteredFile
from lakeport.redshift.session import Warehouse
from lakeport.schema.file_type import FileType
from lakeport.secrets_manager import read_secret
from lakeport.settings import REDSHIFT_CONNECTION, redshift_secret
from local.config import Config
from local.warehouse import certificate
from tests.integration.file_types import make_file_type

Land = Callable[..., RegisteredFile]


class CountingWatch(Watch):
    """Record how often it polled for how many types."""

    def __init__(self, conn_id: str) -> None:
        super().__init__(conn_id)
        self.looks: list[int] = []

    async def rows_of(self, query: str, parameters: dict[str, Any]) -> Rows:
        if "file_types" in parameters:
            self.looks.append(len(parameters["file_types"]))
        return await super().rows_of(query, parameters)


@pytest.fixture
def connection_id(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> str:
    """Define the Airflow connection with the values of the command line's secret."""
    secret = read_secret(redshift_secret())
    login = f"{secret['username']}:{secret['password']}"
    url = f"postgres://{login}@{secret['host']}:{secret['port']}/{secret['database']}"
    monkeypatch.setenv(f"AIRFLOW_CONN_{REDSHIFT_CONNECTION.upper()}", url)
    return REDSHIFT_CONNECTION


def waiting(file_type: FileType, seconds: float, every: float = 0.2) -> NewFilesTrigger:
    sensor = NewFilesSensor(task_id="wait_for_files", file_type=file_type)
    sensor.poke_interval = every
    return sensor.trigger(datetime.now(UTC) + timedelta(seconds=seconds))


async def event_of(trigger: NewFilesTrigger) -> TriggerEvent:
    """Run a trigger after Airflow has stored it and read it back."""
    path, values = trigger.serialize()
    assert path == "lakeport.airflow.triggers.NewFilesTrigger"
    async for event in NewFilesTrigger(**values).run():
        return event
    raise AssertionError("a trigger ends with an event")


def keys_of(event: TriggerEvent) -> list[str]:
    assert isinstance(event, TaskSuccessEvent)
    files: Any = (event.xcoms or {})["return_value"]
    return [file["key"] for file in files]


def scheduled(**landing: Any) -> FileType:
    file_type = make_file_type()
    return make_file_type(
        name=file_type.name, landing={"pattern": f"{file_type.name}/*", **landing}, schedule="0 6 * * *"
    )


def test_many_waiting_types_share_one_query_and_end_separately(land: Land, connection_id: str) -> None:
    types = [scheduled() for _ in range(12)]

    async def run() -> tuple[list[TriggerEvent], list[int]]:
        watch = CountingWatch(connection_id)
        Watch._of_loops[id(asyncio.get_running_loop()), connection_id] = watch
        waits = [asyncio.create_task(event_of(waiting(each, 4))) for each in types]
        await asyncio.sleep(1)
        assert not any(wait.done() for wait in waits)
        await asyncio.to_thread(land, types[3], b"id,city,price\n")
        await asyncio.wait_for(asyncio.shield(waits[3]), 3)
        assert [wait.done() for wait in waits].count(True) == 1
        return list(await asyncio.gather(*waits)), watch.looks

    events, looks = asyncio.run(run())
    [success] = [event for event in events if isinstance(event, TaskSuccessEvent)]
    assert sum(isinstance(event, TaskSkippedEvent) for event in events) == 11
    assert keys_of(success) == [f"{types[3].name}/trips.csv"]
    assert max(looks) == 12
    assert len(looks) <= 4 / 0.2 + 2


def test_select_all_returns_files_in_order_and_one_more_than_a_run_takes(land: Land, connection_id: str) -> None:
    file_type = scheduled(select="all", max_files=2)
    for name in "abcd":
        land(file_type, b"id,city,price\n", name)
    event = asyncio.run(event_of(waiting(file_type, 5)))
    assert [key[-1] for key in keys_of(event)] == ["a", "b", "c"]


def test_wait_that_ended_while_the_triggerer_was_down_is_skipped_at_once(connection_id: str) -> None:
    """A second poll would sleep until pytest's time-out."""

    async def run() -> tuple[TriggerEvent, list[int]]:
        watch = CountingWatch(connection_id)
        Watch._of_loops[id(asyncio.get_running_loop()), connection_id] = watch
        return await event_of(waiting(scheduled(), -60, every=1000)), watch.looks

    event, looks = asyncio.run(run())
    assert isinstance(event, TaskSkippedEvent)
    assert looks in ([], [1])


def test_first_query_of_a_run_connects_as_the_other_tasks_do(
    land: Land, connection_id: str, redshift: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of root certificates that does not exist stops libpq, but not the sessions of the product."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate(redshift)))
    name = f"AIRFLOW_CONN_{connection_id.upper()}"
    url = os.environ[name].replace("127.0.0.1", "localhost")
    monkeypatch.setenv(name, f"{url}?sslmode=verify-full&sslrootcert=%2Fetc%2Fpki%2Fnone.crt")
    file_type = make_file_type()
    land(file_type, b"id,city,price\n")
    found = NewFilesSensor(task_id="wait_for_files", file_type=file_type).poke({})
    assert isinstance(found, PokeReturnValue)
    assert [file["key"] for file in found.xcom_value or []] == [f"{file_type.name}/trips.csv"]


def test_every_wait_gets_the_error_of_a_failed_query(connection_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error is not a timeout: the task fails and is retried."""
    monkeypatch.setenv(
        f"AIRFLOW_CONN_{connection_id.upper()}",
        "postgres://127.0.0.1:1/nowhere",
    )

    async def run() -> list[Any]:
        waits = [event_of(waiting(scheduled(), 60)) for _ in range(3)]
        return list(await asyncio.gather(*waits, return_exceptions=True))

    assert [type(found) for found in asyncio.run(run())] == [psycopg2.OperationalError] * 3
