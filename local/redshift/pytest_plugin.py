"""A stand-in for the tests of any project: the fixture `redshift_stand_in`, and `started` for everything else."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest

HOST = "127.0.0.1"
START_WITHIN_SECONDS = 60
STOP_WITHIN_SECONDS = 20
_REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class RunningStandIn:
    """Where clients find the stand-in."""

    port: int
    host: str = HOST
    database: str = "lakeport"
    user: str = "lakeport"
    password: str = "lakeport"

    @property
    def url(self) -> str:
        return f"redshift+psycopg2://{self.user}:{self.password}@{self.host}:{self.port}/{self.database}"

    def connect(self, database: str = "") -> Any:
        """Return a psycopg2 connection in autocommit mode."""
        connection = psycopg2.connect(
            host=self.host,
            port=self.port,
            dbname=database or self.database,
            user=self.user,
            password=self.password,
        )
        connection.autocommit = True
        return connection


@contextlib.contextmanager
def started(data: Path, s3_endpoint: str, *options: str) -> Iterator[RunningStandIn]:
    """Start a stand-in with its own PostgreSQL and stop it at the end; `options` are those of the command.

    COPY and UNLOAD use the S3 endpoint; without either it need not answer.
    """
    port = _free_port()
    arguments = ["--port", str(port), "--data", str(data), "--s3-endpoint", s3_endpoint, *options]
    environment = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", **os.environ}
    data.mkdir(parents=True, exist_ok=True)
    with (data / "stand-in.log").open("wb") as log:
        command = [_python(), "-m", "local.redshift", *arguments]
        process = subprocess.Popen(command, cwd=_REPOSITORY, env=environment, stdout=log, stderr=log)
    try:
        _wait(process, port, data / "stand-in.log")
        yield RunningStandIn(port)
    finally:
        process.terminate()
        process.wait(STOP_WITHIN_SECONDS)


@pytest.fixture(scope="session")
def redshift_stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStandIn]:
    """A stand-in for all tests of a session; AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL is its S3."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or f"http://{HOST}:4566"
    with started(tmp_path_factory.mktemp("redshift"), endpoint) as running:
        yield running


def _python() -> str:
    """Return the interpreter of the checkout, which has what the stand-in needs; else that of the tests."""
    own = _REPOSITORY / ".venv" / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the stand-in did not start; its log:\n{log.read_text()}")
