# ruff: noqa: S608 - the names and numbers put into these statements are the tests' own
"""Sessions: drivers, passwords, and clients that leave, cancel or misbehave."""

import asyncio
import contextlib
import socket
import struct
import threading
import time
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import psycopg2
import psycopg2.errors
import pytest
import redshift_connector
from redshift_connector.error import ProgrammingError

PASSWORD = "local-only"


def wait_until(is_true: Any, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def big_file(stand_in: Any) -> str:
    """Give a file that takes a while to load."""
    return str(stand_in.put("big/file.csv", b"".join(b"%d,%0200d\n" % (number, number) for number in range(300_000))))


def test_wrong_password_is_refused(stand_in: Any) -> None:
    with pytest.raises(psycopg2.OperationalError, match='"lakeport"'):
        stand_in.connect(password="wrong")


def test_another_database_is_not_served(stand_in: Any) -> None:
    with pytest.raises(psycopg2.OperationalError, match='"postgres"'):
        psycopg2.connect(host="127.0.0.1", port=stand_in.port, dbname="postgres", user="lakeport", password=PASSWORD)


def test_client_killed_in_the_middle_of_a_copy_leaves_nothing_running(
    stand_in: Any, warehouse: Any, big_file: str
) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(300))")
    schema = warehouse.run("SELECT current_schema()")[0][0]
    victim = stand_in.connect(autocommit=False)
    process_id = victim.info.backend_pid

    def load() -> None:
        with contextlib.suppress(psycopg2.Error), victim.cursor() as cursor:
            cursor.execute(f"COPY {schema}.t FROM '{big_file}' IAM_ROLE default CSV")

    thread = threading.Thread(target=load)
    thread.start()
    copying = f"SELECT count(*) FROM sys_load_history WHERE status = 'running' AND session_id = {process_id}"
    wait_until(lambda: warehouse.run(copying) == [(1,)])
    stand_in.cut_off(victim)
    alive = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {process_id}"
    wait_until(lambda: warehouse.run(alive) == [(0,)], seconds=5)
    thread.join(5)
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]
    wait_until(lambda: warehouse.run(copying) == [(0,)])
    history = f"SELECT status FROM sys_load_history WHERE session_id = {process_id}"
    assert warehouse.run(history) == [("aborted",)]


def test_cancel_reaches_a_running_copy(stand_in: Any, warehouse: Any, big_file: str) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(300))")
    timer = threading.Timer(0.3, warehouse.connection.cancel)
    timer.start()
    with pytest.raises(psycopg2.errors.QueryCanceled):
        warehouse.copy_from("t", big_file, "CSV")
    timer.join()
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]


def test_asyncpg_runs_copy_by_the_extended_protocol(stand_in: Any, warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    schema = warehouse.run("SELECT current_schema()")[0][0]
    url = stand_in.put("asyncpg", "1\n2\n")

    async def load() -> Any:
        connection = await asyncpg.connect(
            host="127.0.0.1", port=stand_in.port, user="lakeport", password=PASSWORD, database="lakeport"
        )
        try:
            copy = await connection.prepare(f"COPY {schema}.t FROM '{url}' IAM_ROLE default")
            await copy.fetch()
            with pytest.raises(asyncpg.exceptions.FeatureNotSupportedError):
                await connection.fetch("SELECT DISTINCT ON (a) a FROM t")
            async with connection.transaction():
                await copy.fetch()
            return await connection.fetchval(f"SELECT count(*) FROM {schema}.t WHERE a > $1", 0)
        finally:
            await connection.close()

    assert asyncio.run(load()) == 4


def test_redshift_connector_works_unchanged(stand_in: Any, warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    schema = warehouse.run("SELECT current_schema()")[0][0]
    url = stand_in.put("connector-good", "1\n2\n")
    with redshift_connector.connect(
        host="127.0.0.1", port=stand_in.port, user="lakeport", password=PASSWORD, database="lakeport", ssl=False
    ) as connection:
        cursor = connection.cursor()
        cursor.execute(f"COPY {schema}.t FROM '{url}' IAM_ROLE default")
        cursor.execute("SELECT pg_last_copy_count()")
        assert cursor.fetchone() == [2]
        connection.rollback()
        cursor.execute(f"SELECT count(*) FROM {schema}.t WHERE a > %s", (0,))
        assert cursor.fetchone() == [0]


def test_failed_copy_in_a_block_is_reported_by_the_extended_protocol(stand_in: Any, warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    schema = warehouse.run("SELECT current_schema()")[0][0]
    url = stand_in.put("connector-bad", "x\n")
    with redshift_connector.connect(
        host="127.0.0.1", port=stand_in.port, user="lakeport", password=PASSWORD, database="lakeport", ssl=False
    ) as connection:
        cursor = connection.cursor()
        with pytest.raises(ProgrammingError, match="'t'"):
            cursor.execute(f"COPY {schema}.t FROM '{url}' IAM_ROLE default")
        with pytest.raises(ProgrammingError, match="25P02"):
            cursor.execute("SELECT 1")
        connection.rollback()
        cursor.execute("SELECT err_code FROM stl_load_errors WHERE query = pg_last_copy_id()")
        assert cursor.fetchone() == [1207]


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("!II", 8, 80877102),
        struct.pack("!II", 2**31 - 1, 196608),
        struct.pack("!II", 9, 196608) + b"x",
        b"",
    ],
)
def test_invalid_messages_of_a_client_do_not_affect_others(stand_in: Any, warehouse: Any, garbage: bytes) -> None:
    with socket.create_connection(("127.0.0.1", stand_in.port), timeout=5) as client:
        client.sendall(garbage)
        client.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            client.recv(1000)
    assert warehouse.run("SELECT 1") == [(1,)]


@pytest.mark.parametrize("name", ['"; DROP TABLE t; --', "tab\tand'quote", "ünï-🙂", "%s{}$$\\"])
def test_hostile_names_are_only_names(stand_in: Any, warehouse: Any, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    warehouse.run(f"CREATE TABLE {quoted} ({quoted} varchar(100))")
    key = f"hostile/{name}"
    url = stand_in.put(key, name + "\n").replace("\\", "\\\\").replace("'", "''")
    warehouse.copy_from(quoted, url, "DELIMITER '|'")
    assert warehouse.run(f"SELECT * FROM {quoted}") == [(name,)]
    assert warehouse.run("SELECT count(*) FROM stl_load_commits WHERE query = pg_last_copy_id()") == [(1,)]


def test_several_statements_with_a_copy_are_one_transaction(stand_in: Any, warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    url = stand_in.put("several", "1\n")
    with pytest.raises(psycopg2.Error):
        warehouse.run(f"COPY t FROM '{url}' IAM_ROLE default; SELECT no_such_column FROM t")
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]
