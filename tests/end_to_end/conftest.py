"""The whole stack, seen from outside: drop a file, read mng, look at Airflow, at the archive and at the sinks."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql

from local import airflow_api, credentials
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
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        time.sleep(0.2)
    pytest.fail(f"waited {PATIENCE_SECONDS} s in vain: {explain()}")


@pytest.fixture(scope="session")
def lakeport(stack: Config) -> Lakeport:
    return Lakeport(stack)
