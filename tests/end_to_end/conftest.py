"""The whole stack, seen from outside: drop a file, read mng, look at Airflow, at the archive and at the sinks."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Any

import psutil
import psycopg2
import pytest
from psycopg2 import sql

from local import airflow_api, credentials, processes
from local import stack as local_stack
from local.aws import names, resources
from local.config import HOST, REPOSITORY, Config
from local.sinks.services import mail_directory, slack_directory

PATIENCE_SECONDS = 120
IMPATIENCE_SECONDS = 30
"""How long a test waits once another has waited in vain: the session has failed, and need not be long about it."""
SAMPLES = REPOSITORY / "samples"


@dataclass
class Lakeport:
    """A running stack."""

    config: Config

    def client(self, service: str) -> Any:
        return resources.session().client(service, endpoint_url=self.config.aws_endpoint)  # type: ignore[call-overload]

    def drop(self, sample: str, key: str) -> str:
        """Put a sample into landing and return its version."""
        body = (SAMPLES / sample).read_bytes()
        answer = self.client("s3").put_object(Bucket=names.LANDING_BUCKET, Key=key, Body=body)
        return str(answer["VersionId"])

    def query(
        self, text: str | sql.Composable, values: Any = None, *, port: int | None = None, **who: str
    ) -> list[tuple[Any, ...]]:
        login: dict[str, Any] = {
            "user": credentials.USER,
            "password": credentials.PASSWORD,
            "dbname": credentials.DATABASE,
        } | who
        connection = psycopg2.connect(host=HOST, port=port or self.config.ports.redshift, **login)
        try:
            with connection, connection.cursor() as current:
                current.execute(text, values)
                rows: list[tuple[Any, ...]] = current.fetchall()
                return rows
        finally:
            connection.close()

    def file(self, version: str) -> dict[str, Any]:
        """Return the row of mng.files, empty if there is none."""
        columns = "file_id, file_type, key, status, status_reason, run_id, rows_in_file, rows_loaded, rows_rejected"
        columns += ", archive_bucket, archive_key, loaded_at"
        rows = self.query(f"SELECT {columns} FROM mng.files WHERE version_id = %s", (version,))  # noqa: S608
        assert len(rows) <= 1
        return dict(zip(columns.split(", "), rows[0], strict=True)) if rows else {}

    def wait_for(self, version: str, *statuses: str) -> dict[str, Any]:
        """Wait until the file has one of the statuses and return its row."""
        row: dict[str, Any] = until(lambda: self._with_status(version, statuses), lambda: self.file(version))
        return row

    def _with_status(self, version: str, statuses: tuple[str, ...]) -> dict[str, Any] | None:
        row = self.file(version)
        return row if row and row["status"] in statuses else None

    def rows(self, table: str) -> int:
        ((count,),) = self.query(f"SELECT COUNT(*) FROM {table}")  # noqa: S608
        return int(count)

    def airflow(self, path: str) -> Any:
        """Read from Airflow's REST API."""
        return airflow_api.call(self.config, path)

    def live_runs(self, dag_id: str) -> int:
        """Return how many runs have not ended."""
        pages = (self.airflow(f"/dags/{dag_id}/dagRuns?state={state}&limit=1") for state in ("queued", "running"))
        return sum(page["total_entries"] for page in pages)

    def command(self, *arguments: str) -> str:
        """Run `./lakeport` against this stack."""
        variables = {**os.environ, "LAKEPORT_STATE": str(self.config.state)}
        return subprocess.check_output([REPOSITORY / "lakeport", *arguments], env=variables, text=True)

    def mails(self) -> list[Any]:
        paths = sorted(mail_directory(self.config).glob("*.eml"))
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]

    def slack_messages(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted(slack_directory(self.config).glob("*.json"))]


def until(look: Callable[[], Any], explain: Callable[[], object] = lambda: "") -> Any:
    """Look until there is something to see; fail with what is there instead."""
    global _patience_seconds
    deadline = time.monotonic() + _patience_seconds
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        time.sleep(0.2)
    waited, _patience_seconds = _patience_seconds, IMPATIENCE_SECONDS
    pytest.fail(f"waited {waited} s in vain: {explain()}")


_patience_seconds = PATIENCE_SECONDS


@pytest.fixture
def lakeport(stack: Config) -> Lakeport:
    """A stack that is whole: where a part of it has ended, nothing is waited for, and its log is shown."""
    services = local_stack.services(stack)
    for name in (service.name for service in services if not processes.running(stack, service.name)):
        pytest.fail(f"{name} has ended:\n{processes.tail(processes.log_path(stack, name))}")
    until(
        lambda: all(service.is_ready() for service in services),
        lambda: [service.name for service in services if not service.is_ready()],
    )
    return Lakeport(stack)


@contextmanager
def killed(lakeport: Lakeport, *parts: str) -> Iterator[None]:
    """Kill parts of the stack with all processes they started, and bring them back whatever happens."""
    try:
        for part in parts:
            process = processes.running(lakeport.config, part)
            assert process
            family = [process, *process.children(recursive=True)]
            kill(*family)
            psutil.wait_procs(family)
        yield
    finally:
        local_stack.up(lakeport.config, report=lambda _: None, only=frozenset(parts))


def kill(*family: psutil.Process | None) -> None:
    for process in family:
        if process:
            with suppress(psutil.NoSuchProcess):
                process.kill()
