"""Which of the database's errors pass by themselves, and which need a person."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import psycopg2
import pytest

from lakeport.redshift.session import Warehouse, is_passing, is_wrong_password
from local import postgres as local_postgres
from local.config import HOST, Config


@pytest.fixture
def session(postgres: Config) -> Iterator[psycopg2.extensions.connection]:
    connection = local_postgres.connect(postgres)
    yield connection
    connection.close()


def error_of(session: psycopg2.extensions.connection, statement: str) -> psycopg2.Error:
    with pytest.raises(psycopg2.Error) as raised, session.cursor() as current:
        current.execute(statement)
    return raised.value


def raising(sqlstate: str, message: str) -> str:
    """Return a statement that fails the way Redshift does."""
    return f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}', MESSAGE = '{message}'; END $$"


@pytest.mark.parametrize(
    ("sqlstate", "message"),
    [
        ("40001", "could not serialize access due to concurrent update"),
        ("40P01", "deadlock detected"),
        ("XX000", "1023\n  DETAIL:  Serializable isolation violation on table - 100, transactions forming the cycle"),
        ("XX000", "could not complete because of conflict with concurrent transaction"),
        ("57P01", "terminating connection due to administrator command"),
        ("08006", "connection failure"),
        ("53300", "too many connections"),
    ],
)
def test_conflicts_and_lost_connections_pass(
    session: psycopg2.extensions.connection, sqlstate: str, message: str
) -> None:
    assert is_passing(error_of(session, raising(sqlstate, message)))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 FROM nowhere",
        "SELEC 1",
        "SELECT 1 / 0",
        "SELECT 'x'::integer",
        raising("23502", "null value"),
        raising("XX000", "Load into table trips failed. Check sys_load_error_detail for details."),
        raising("XX000", "Assert\n  DETAIL:  code 1023"),
        raising("42501", "permission denied"),
    ],
)
def test_errors_that_a_retry_would_repeat_are_not_temporary(
    session: psycopg2.extensions.connection, statement: str
) -> None:
    assert not is_passing(error_of(session, statement))


def test_closed_connection_passes(postgres: Config) -> None:
    connection = local_postgres.connect(postgres)
    connection.close()

    with pytest.raises(psycopg2.InterfaceError) as raised:
        connection.cursor()

    assert is_passing(raised.value)


def test_wrong_password_is_recognised_and_does_not_pass(postgres: Config) -> None:
    with pytest.raises(psycopg2.OperationalError) as raised:
        psycopg2.connect(host=HOST, port=postgres.ports.postgres, user="postgres", password="wrong", dbname="postgres")

    assert is_wrong_password(raised.value)
    assert not is_passing(raised.value)


def test_unreachable_server_passes() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        with pytest.raises(psycopg2.OperationalError) as raised:
            psycopg2.connect(host=HOST, port=taken.getsockname()[1], user="x", password="x", dbname="x")

    assert is_passing(raised.value)
    assert not is_wrong_password(raised.value)


def test_warehouse_that_was_never_used_opens_nothing() -> None:
    def connect() -> psycopg2.extensions.connection:
        raise AssertionError("opened for nothing")

    with Warehouse(connect):
        pass


def test_reading_takes_no_transaction_is_repeated_and_leaves_the_session_usable(postgres: Config) -> None:
    statements = iter(["SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 1 AS found"])

    def read(current: psycopg2.extensions.cursor) -> tuple[int, object]:
        current.execute(next(statements))
        return current.connection.info.transaction_status, current.fetchone()

    with Warehouse(lambda: local_postgres.connect(postgres)) as warehouse:
        assert warehouse.read(read) == (psycopg2.extensions.TRANSACTION_STATUS_IDLE, (1,))
        with pytest.raises(psycopg2.errors.UndefinedTable):
            warehouse.read(lambda current: current.execute("SELECT 1 FROM nowhere"))
        warehouse.transaction(lambda current: current.execute("SELECT 1"))
