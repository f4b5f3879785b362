"""The Redshift stand-in as a process, and a session in it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2

from local.config import REPOSITORY
from tests.support.ports import free_port, wait_for

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


PASSWORD = "local-only"


BUCKET = "landing"


@dataclass(frozen=True)
class StandIn:
    """The address of the stand-in and of its PostgreSQL."""

    port: int
    postgres_port: int
    superuser_password: str
    s3: S3Client
    s3_endpoint: str
    process: subprocess.Popen[bytes]
    certificate: Path

    def connect(
        self, *, autocommit: bool = True, password: str = PASSWORD, sslmode: str = "prefer"
    ) -> psycopg2.extensions.connection:
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, dbname="lakeport", user="lakeport", password=password, sslmode=sslmode
        )
        connection.autocommit = autocommit
        return connection

    @contextlib.contextmanager
    def engine(self) -> Iterator[psycopg2.extensions.cursor]:
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

    def cut_off(self, connection: psycopg2.extensions.connection) -> None:
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


@dataclass
class Warehouse:
    """A session in its own schema."""

    stand_in: StandIn
    connection: psycopg2.extensions.connection
    objects: list[str] = field(default_factory=list)

    def run(self, sql: str) -> list[tuple[object, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def copy(self, table: str, key: str, content: bytes | str, options: str = "") -> list[str]:
        """Load one object; return the server's notices about it."""
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
