# ruff: noqa: S608 - the names and numbers put into these statements are the tests' own
"""The server as a process: it stops on request, restarts, and one client's errors do not affect another."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

PASSWORD = "local-only"


def connect(port: int, user: str = "lakeport", password: str = PASSWORD) -> "psycopg2.extensions.connection":
    connection = psycopg2.connect(host="127.0.0.1", port=port, dbname="lakeport", user=user, password=password)
    connection.autocommit = True
    return connection


def schema_of(warehouse: Any) -> str:
    return str(warehouse.run("SELECT current_schema()")[0][0])


@pytest.fixture
def silent_s3() -> Iterator[str]:
    """Give an endpoint that takes requests and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def run_in_background(connection: "psycopg2.extensions.connection", sql: str) -> threading.Thread:
    def run() -> None:
        with contextlib.suppress(psycopg2.Error), connection.cursor() as cursor:
            cursor.execute(sql)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_termination_ends_a_running_load_at_once(
    warehouse: Any, stand_in: Any, start_stand_in: Any, tmp_path: Path
) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(300))")
    url = stand_in.put("terminated/file.csv", b"".join(b"%d,%0200d\n" % (number, number) for number in range(300_000)))
    process, port = start_stand_in(stand_in.postgres_port, stand_in.s3_endpoint, tmp_path / "log")
    connection = connect(port)
    loading = run_in_background(connection, f"COPY {schema_of(warehouse)}.t FROM '{url}' IAM_ROLE default CSV")
    running = "SELECT count(*) FROM sys_load_history WHERE status = 'running'"
    while warehouse.run(running) == [(0,)]:
        time.sleep(0.02)
    asked_at = time.monotonic()
    process.terminate()
    assert process.wait(10) == 0
    ended_after_seconds = time.monotonic() - asked_at
    loading.join(5)
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]
    assert warehouse.run(running) == [(0,)]
    started_at = time.monotonic()
    warehouse.copy_from("t", url, "CSV")
    assert ended_after_seconds < time.monotonic() - started_at
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_silent_s3_keeps_neither_a_session_nor_the_server(
    warehouse: Any, stand_in: Any, start_stand_in: Any, silent_s3: str, tmp_path: Path
) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    process, port = start_stand_in(stand_in.postgres_port, silent_s3, tmp_path / "log")
    connection = connect(port)
    process_id = connection.info.backend_pid
    loading = run_in_background(connection, f"COPY {schema_of(warehouse)}.t FROM 's3://landing/x' IAM_ROLE default")
    time.sleep(0.3)
    stand_in.cut_off(connection)
    loading.join(5)
    alive = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {process_id}"
    deadline = time.monotonic() + 5
    while warehouse.run(alive) != [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.terminate()
    assert process.wait(5) == 0


def test_unreachable_s3_is_an_error_of_the_statement(
    warehouse: Any, stand_in: Any, start_stand_in: Any, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
    process, port = start_stand_in(stand_in.postgres_port, endpoint, tmp_path / "log")
    warehouse.run("CREATE TABLE t (a int)")
    connection = connect(port)
    with connection.cursor() as cursor:
        with pytest.raises(psycopg2.InternalError, match="S3ServiceException"):
            cursor.execute(f"COPY {schema_of(warehouse)}.t FROM 's3://landing/x' IAM_ROLE default")
        cursor.execute("SELECT 1")
    connection.close()
    process.terminate()
    assert process.wait(5) == 0


def test_client_that_leaves_while_waiting_for_a_lock_leaves_nothing(warehouse: Any, stand_in: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    url = stand_in.put("locked", "1\n")
    warehouse.run("BEGIN")
    warehouse.run("LOCK t")
    waiting = stand_in.connect()
    process_id = waiting.info.backend_pid
    thread = run_in_background(waiting, f"COPY {schema_of(warehouse)}.t FROM '{url}' IAM_ROLE default")
    time.sleep(0.3)
    stand_in.cut_off(waiting)
    thread.join(5)
    time.sleep(2.5)
    assert warehouse.run(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {process_id}") == [(0,)]
    warehouse.run("COMMIT")
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]


def test_journal_comes_back_after_the_engine_ended_its_connection(warehouse: Any, stand_in: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.copy("t", "journal", "1\n")
    superuser = connect(stand_in.postgres_port, "postgres", stand_in.superuser_password)
    with superuser.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = 'postgres' AND pid <> pg_backend_pid() AND datname = 'lakeport'"
        )
    superuser.close()
    warehouse.copy("t", "journal", "x\n", "MAXERROR 2")
    assert [code for _, _, code, _ in warehouse.errors()] == [1207]


def test_many_sessions_load_at_once(warehouse: Any, stand_in: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    url = stand_in.put("many", "".join(f"{number}\n" for number in range(100)))
    schema = schema_of(warehouse)

    def load() -> None:
        connection = stand_in.connect()
        with connection.cursor() as cursor:
            for _ in range(5):
                cursor.execute(f"COPY {schema}.t FROM '{url}' IAM_ROLE default")
        connection.close()

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert warehouse.run("SELECT count(*), count(DISTINCT a) FROM t") == [(4000, 100)]
    ids = f"SELECT count(DISTINCT query_id) FROM sys_load_history WHERE data_source = '{url}' AND status = 'completed'"
    assert warehouse.run(ids) == [(40,)]
