"""The whole stack, seen from outside: drop a file, read mng, look at Airflow, at the archive and at the sinks."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from local import credentials
from local.aws import names, resources
from local.config import HOST, REPOSITORY, Config
from local.sinks.services import mail_directory, slack_directory

PATIENCE_SECONDS = 120
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

    def query(self, text: str, values: Any = None, *, port: int | None = None, **who: str) -> list[tuple[Any, ...]]:
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
        return until(
            lambda: (row := self.file(version)) and row["status"] in statuses and row, lambda: self.file(version)
        )

    def _with_status(self, version: str, statuses: tuple[str, ...]) -> dict[str, Any] | None:
        row = self.file(version)
        return row if row and row["status"] in statuses else None

    def rows(self, table: str) -> int:
        ((count,),) = self.query(f"SELECT COUNT(*) FROM {table}")  # noqa: S608
        return int(count)

    def airflow(self, path: str) -> Any:
        """Read from Airflow's REST API."""
        return self._http(f"/api/v2{path}", None, {"Authorization": f"Bearer {self._token()}"})

    def command(self, *arguments: str) -> str:
        """Run `./lakeport` against this stack."""
        variables = {**os.environ, "LAKEPORT_STATE": str(self.config.state)}
        return subprocess.check_output([REPOSITORY / "lakeport", *arguments], env=variables, text=True)

    def mails(self) -> list[Any]:
        paths = sorted(mail_directory(self.config).glob("*.eml"))
        return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]

    def slack_messages(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted(slack_directory(self.config).glob("*.json"))]

    def _token(self) -> str:
        user = {"username": credentials.USER, "password": credentials.PASSWORD}
        return str(self._http("/auth/token", user, {})["access_token"])

    def _http(self, path: str, body: object, headers: dict[str, str]) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.config.airflow_url + path, data, {"Content-Type": "application/json", **headers}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def until(look: Callable[[], Any], explain: Callable[[], object] = lambda: "") -> Any:
    """Look until there is something to see; fail with what is there instead."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        time.sleep(0.2)
    pytest.fail(f"waited {PATIENCE_SECONDS} s in vain: {explain()}")


@pytest.fixture(scope="session")
def lakeport(stack: Config) -> Iterator[Lakeport]:
    running = Lakeport(stack)
    schemas = {f"load_{path.stem}" for path in Path(REPOSITORY / "schemas").glob("*.yaml")}
    until(lambda: schemas <= {dag["dag_id"] for dag in running.airflow("/dags")["dags"]})
    yield running
