"""Faults around Redshift: permissions that are missing, and connections that go silent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection

from lakeport.redshift.connecting import connect
from lakeport.redshift.session import Warehouse, is_passing
from tests.support.redshift_stand_in import PASSWORD

QUICK = {
    "connect_timeout": 2,
    "keepalives_idle": 1,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    "tcp_user_timeout": 2000,
}
"""The product's time-outs, shortened by the connection's extra."""
WITHIN_SECONDS = 10
Serve = Callable[..., Callable[[], connection]]


@pytest.fixture
def serve(stand_in: Any, start_stand_in: Any, tmp_path: Path) -> Iterator[Serve]:
    """Start a stand-in with these options, and return what connects to it as the product does."""
    processes, opened = [], []

    def run(*options: str) -> Callable[[], connection]:
        process, port = start_stand_in(stand_in.postgres_port, stand_in.s3_endpoint, tmp_path / "log", *options)
        processes.append(process)

        def open_connection() -> connection:
            found = connect(
                host="127.0.0.1", port=port, database="lakeport", username="lakeport", password=PASSWORD, extra=QUICK
            )
            opened.append(found)
            return found

        return open_connection

    yield run
    for process in processes:
        process.terminate()
        process.wait(10)
    for each in opened:
        each.close()


@pytest.mark.parametrize(
    ("permission", "options", "message"),
    [
        ("role", "", r"Not authorized to get credentials of role arn:aws:iam::\d+:role/"),
        ("role", "MANIFEST", "Not authorized to get credentials of role"),
        ("read", "", "S3ServiceException:Access Denied,Status 403,Error AccessDenied"),
        ("read", "MANIFEST", "COPY with MANIFEST parameter requires full path of an S3 object"),
        ("s3", "", "S3ServiceException:Access Denied,Status 403,Error AccessDenied"),
        ("s3", "MANIFEST", "S3ServiceException:Access Denied,Status 403,Error AccessDenied"),
    ],
)
def test_missing_permission_fails_copy_as_on_aws(
    stand_in: Any, serve: Serve, permission: str, options: str, message: str
) -> None:
    url = stand_in.put("faults.csv", "1\n")
    current = serve("--missing-permission", permission)().cursor()
    current.execute("CREATE TEMP TABLE t (a integer)")
    with pytest.raises(psycopg2.InternalError, match=message) as raised:
        current.execute(f"COPY t FROM '{url}' IAM_ROLE default CSV {options}")
    assert not is_passing(raised.value)
    assert f"code:      {30000 if permission == 'role' else 8001}" in str(raised.value)


def test_connection_that_never_begins_ends_by_its_time_out(serve: Serve) -> None:
    open_connection = serve("--silent-after", "0")
    started = time.monotonic()
    with pytest.raises(psycopg2.OperationalError, match="timeout expired") as raised:
        open_connection()
    assert time.monotonic() - started < WITHIN_SECONDS
    assert is_passing(raised.value)


@pytest.mark.parametrize("option", ["--silent-after", "--silent-during"])
def test_connection_that_goes_silent_ends_by_its_time_outs(serve: Serve, option: str) -> None:
    """After a statement nothing is acknowledged (tcp_user_timeout); during one nothing comes (keepalives)."""
    current = serve(option, "3")().cursor()
    statements = 2 if option == "--silent-after" else 1  # BEGIN is one, too
    for number in range(statements):
        current.execute(f"SELECT {number}")
        assert current.fetchone() == (number,)
    started = time.monotonic()
    with pytest.raises(psycopg2.OperationalError, match="timed out") as raised:
        current.execute("SELECT 3")
    assert time.monotonic() - started < WITHIN_SECONDS
    assert is_passing(raised.value)


def test_session_repeats_its_work_on_another_connection(stand_in: Any, serve: Serve) -> None:
    silent, sound = serve("--silent-during", "4"), serve()
    connections = iter([silent, sound])

    def open_next() -> connection:
        return next(connections)()

    begun: list[int] = []

    def work(current: Any) -> list[tuple[int]]:
        begun.append(current.connection.info.backend_pid)
        current.execute("SELECT 1")
        current.execute("SELECT 2")
        found: list[tuple[int]] = current.fetchall()
        return found

    with Warehouse(open_next) as warehouse:
        assert warehouse.transaction(work) == [(2,)]
    assert len(begun) == 2
