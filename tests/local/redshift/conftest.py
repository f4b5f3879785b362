"""A real PostgreSQL, a real S3 server and the stand-in between them, once for all tests."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import psycopg2
import pytest

from local import credentials, postgres_files
from local.config import Config
from local.redshift.engine import own_postgres

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REPOSITORY = Path(__file__).parents[3]
PASSWORD = "local-only"
BUCKET = "landing"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class StandIn:
    """Where the stand-in is and what is behind it."""

    port: int
    postgres_port: int
    superuser_password: str
    s3: "S3Client"
    s3_endpoint: str
    process: subprocess.Popen[bytes]
    certificate: Path

    def connect(self, *, autocommit: bool = True, password: str = PASSWORD) -> "psycopg2.extensions.connection":
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, dbname="lakeport", user="lakeport", password=password
        )
        connection.autocommit = autocommit
        return connection

    @contextlib.contextmanager
    def engine(self) -> "Iterator[psycopg2.extensions.cursor]":
        """Give a superuser's cursor on the PostgreSQL behind the stand-in."""
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=self.postgres_port,
            dbname="lakeport",
            user="postgres",
            password=self.superuser_password,
        )
        try:
            connection.autocommit = True
            yield connection.cursor()
        finally:
            connection.close()

    def cut_off(self, connection: "psycopg2.extensions.connection") -> None:
        """Break a client's connection, as its death would."""
        with socket.socket(fileno=os.dup(connection.fileno())) as copy:
            copy.shutdown(socket.SHUT_RDWR)

    def put(self, key: str, content: bytes | str) -> str:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content.encode() if isinstance(content, str) else content)
        return f"s3://{BUCKET}/{key}"


def start(
    superuser_password: str, postgres_port: int, s3_endpoint: str, log: Path, *more: str
) -> tuple[subprocess.Popen[bytes], int]:
    port = free_port()
    environment = os.environ | {
        "LAKEPORT_POSTGRES_PASSWORD": superuser_password,
        "LAKEPORT_REDSHIFT_PASSWORD": PASSWORD,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    command = [sys.executable, "-m", "local.redshift", "--port", str(port), "--postgres-port", str(postgres_port)]
    command += ["--s3-endpoint", s3_endpoint, *more]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=output, stderr=output)
    wait_for(port, process, log)
    return process, port


Starter = Callable[..., tuple[subprocess.Popen[bytes], int]]


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port}: {log.read_text()}")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    """PostgreSQL alone, and of these tests' own: they change its roles, its databases and their isolation."""
    with own_postgres.started(tmp_path_factory.mktemp("postgres")) as config:
        yield config
        postgres_files.remove(config)


@pytest.fixture(scope="session")
def s3_endpoint(start_parts: Callable[..., Config]) -> str:
    return start_parts("aws").aws_endpoint


@pytest.fixture(scope="session")
def s3(s3_endpoint: str) -> "S3Client":
    client: S3Client = boto3.client(
        "s3",
        endpoint_url=s3_endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture(scope="session")
def stand_in(
    engine: Config,
    start_stand_in: Starter,
    s3_endpoint: str,
    s3: "S3Client",
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[StandIn]:
    log = tmp_path_factory.mktemp("stand-in") / "log"
    certificate = log.with_name("certificate.pem")
    postgres_port, password = engine.ports.postgres, credentials.load(engine).postgres_password
    process, port = start_stand_in(postgres_port, s3_endpoint, log, "--certificate", str(certificate))
    yield StandIn(port, postgres_port, password, s3, s3_endpoint, process, certificate)
    process.terminate()
    assert process.wait(10) == 0, log.read_text()
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture(scope="session")
def start_stand_in(engine: Config) -> Starter:
    """Give the way to start a stand-in on the PostgreSQL of these tests."""
    return partial(start, credentials.load(engine).postgres_password)


@dataclass
class Warehouse:
    """A session of its own, in a schema of its own."""

    stand_in: StandIn
    connection: "psycopg2.extensions.connection"
    objects: list[str] = field(default_factory=list)

    def run(self, sql: str) -> list[tuple[object, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def copy(self, table: str, key: str, content: bytes | str, options: str = "") -> list[str]:
        """Load one object; return what the server said about it."""
        url = self.stand_in.put(key, content)
        return self.copy_from(table, url, options)

    def copy_from(self, table: str, url: str, options: str = "") -> list[str]:
        self.connection.notices.clear()
        self.run(f"COPY {table} FROM '{url}' IAM_ROLE default {options}")
        return [notice.strip() for notice in self.connection.notices]

    def errors(self) -> list[tuple[object, ...]]:
        """Return the rejected records of the last COPY: line, column, code, reason."""
        return self.run(
            "SELECT line_number, trim(colname), err_code, trim(err_reason) FROM stl_load_errors"
            " WHERE query = pg_last_copy_id() ORDER BY filename, line_number"
        )


@pytest.fixture
def warehouse(stand_in: StandIn, request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    connection = stand_in.connect()
    warehouse = Warehouse(stand_in, connection)
    schema = f"s{abs(hash(request.node.nodeid))}"
    warehouse.run(f"CREATE SCHEMA {schema}")
    warehouse.run(f"SET search_path TO {schema}")
    yield warehouse
    if not connection.closed:
        warehouse.run("ROLLBACK")
        warehouse.run(f"DROP SCHEMA {schema} CASCADE")
        connection.close()
