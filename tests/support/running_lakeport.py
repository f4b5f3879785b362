"""The whole stack, seen from outside: drop a file, read mng, look at Airflow, at the archive and at the sinks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection

from local import airflow_api, credentials, families, processes
from local import stack as local_stack
from local.aws import names, resources
from local.config import HOST, REPOSITORY, Config
from local.forking import Forker
from local.sinks.services import mail_directory, slack_directory
from tests.support.command import Command
from tests.support.waiting import PATIENCE_SECONDS, until

SAMPLES = REPOSITORY / "samples"


_session = cache(resources.session)


@dataclass
class Lakeport:
    """A running stack."""

    config: Config
    _command: Command | None = None
    forker: Forker | None = None
    _sessions: dict[tuple[Any, ...], connection] = field(default_factory=dict)

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()

    def client(self, service: str) -> Any:
        """Return a client of the local AWS server; to make another session takes longer than what it is asked."""
        return _session().client(service, endpoint_url=self.config.aws_endpoint)  # type: ignore[call-overload]

    def drop(self, sample: str, key: str) -> str:
        """Put a sample into landing and return its version."""
        return self.put((SAMPLES / sample).read_bytes(), key)

    def put(self, body: bytes, key: str) -> str:
        """Put an object into landing and return its version."""
        answer = self.client("s3").put_object(Bucket=names.LANDING_BUCKET, Key=key, Body=body)
        return str(answer["VersionId"])

    def query(
        self, text: str | sql.Composable, values: Any = None, *, port: int | None = None, **who: str
    ) -> list[tuple[Any, ...]]:
        login: dict[str, Any] = {
            "user": credentials.USER,
            "password": credentials.PASSWORD,
            "dbname": credentials.DATABASE,
            "sslmode": "disable",
        } | who
        with self._session(host=HOST, port=port or self.config.ports.redshift, **login).cursor() as current:
            current.execute(text, values)
            rows: list[tuple[Any, ...]] = current.fetchall()
            return rows

    def _session(self, **login: Any) -> connection:
        """Return the session that this user has there: tests that wait ask often."""
        key = tuple(sorted(login.items()))
        if key not in self._sessions or self._sessions[key].closed:
            self._sessions[key] = psycopg2.connect(**login)
            self._sessions[key].autocommit = True
        return self._sessions[key]

    def file(self, version: str) -> dict[str, Any]:
        """Return the row of mng.files, empty if there is none."""
        columns = "file_id, file_type, key, status, status_reason, run_id, rows_in_file, rows_loaded, rows_rejected"
        columns += ", archive_bucket, archive_key, loaded_at"
        rows = self.query(f"SELECT {columns} FROM mng.files WHERE version_id = %s", (version,))  # noqa: S608
        assert len(rows) <= 1
        return dict(zip(columns.split(", "), rows[0], strict=True)) if rows else {}

    def wait_for(self, version: str, *statuses: str) -> dict[str, Any]:
        """Wait until the file has one of the statuses and return its row."""
        row: dict[str, Any] = until(
            lambda: self._with_status(version, statuses), lambda: self.file(version), pause_seconds=0.5
        )
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
        """Run what `./lakeport` runs against this stack, and return its output."""
        assert self._command
        done = self._command.run(arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def mails(self) -> list[Any]:
        paths = sorted(mail_directory(self.config).glob("*.eml"))
        return [_mail(path) for path in paths]

    def slack_messages(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted(slack_directory(self.config).glob("*.json"))]


@cache
def _mail(path: Path) -> EmailMessage:
    return message_from_bytes(path.read_bytes(), policy=policy.default)


@contextmanager
def killed(lakeport: Lakeport, *parts: str) -> Iterator[None]:
    """Kill parts of the stack with all processes they started, and bring them back whatever happens."""
    try:
        for part in parts:
            process = processes.running(lakeport.config, part)
            assert process
            family = [process, *process.children(recursive=True)]
            kill(*family)
            families.wait(family, until=time.monotonic() + PATIENCE_SECONDS)
        yield
    finally:
        local_stack.up(lakeport.config, report=lambda _: None, only=frozenset(parts), forker=lakeport.forker)


def kill(*family: psutil.Process | None) -> None:
    for process in family:
        if process:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def copying_task(lakeport: Lakeport) -> psutil.Process | None:
    """Return the task that copies, or the only one that runs; its parent is the worker that watches it."""
    scheduler = processes.running(lakeport.config, "airflow-scheduler")
    workers = scheduler.children() if scheduler else []
    children = [child for worker in workers for child in worker.children()]
    tasks = [child for child in children if is_at_work(child)]
    if len(tasks) == 1:
        return tasks[0]
    # The title of a worker has the id of its task: others may run at the same time, such as finish_ended_runs.
    running = lakeport.airflow("/dags/~/dagRuns/~/taskInstances?state=running")["task_instances"]
    copying = [each["id"] for each in running if each["task_id"] == "copy_to_table"]
    found = [task for task in tasks if any(id_ in title_of_worker(task) for id_ in copying)]
    return found[0] if len(found) == 1 else None


def title_of_worker(task: psutil.Process) -> str:
    """Return the command line of the process that watches a task, empty if the task has ended."""
    try:
        worker = task.parent()
        return " ".join(worker.cmdline()) if worker else ""
    except psutil.NoSuchProcess:
        return ""


def is_at_work(task: psutil.Process) -> bool:
    """Return whether it has not ended, whether or not it was waited for."""
    try:
        return bool(task.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
