# ruff: noqa: S608 - the names and numbers put into these statements are the tests' own
"""Transactions: conflicts are real, TRUNCATE commits, and the views outlive a rollback."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.errors
import pytest

from tests.support.golden import raises_golden


@pytest.fixture
def other(stand_in: Any, warehouse: Any) -> Iterator[Any]:
    """Give a second session on the same schema."""
    connection = stand_in.connect()
    with connection.cursor() as cursor:
        cursor.execute(f"SET search_path TO {warehouse.run('SELECT current_schema()')[0][0]}")
        yield cursor
    connection.close()


def test_keys_are_declared_and_never_enforced(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE parent (id int PRIMARY KEY, code varchar(5) UNIQUE)")
    warehouse.run(
        "CREATE TABLE t (a int, b int REFERENCES parent(id), CONSTRAINT one UNIQUE (b), PRIMARY KEY (a, b),"
        " FOREIGN KEY (b) REFERENCES parent (id))"
    )
    warehouse.run("ALTER TABLE t ADD CONSTRAINT two UNIQUE (a)")
    warehouse.run("INSERT INTO t VALUES (1, 9), (1, 9)")
    assert warehouse.run("SELECT count(*) FROM t") == [(2,)]
    with pytest.raises(psycopg2.errors.NotNullViolation):
        warehouse.run("INSERT INTO t VALUES (NULL, 1)")


def test_update_of_a_row_changed_since_the_snapshot_is_1023(warehouse: Any, other: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.run("INSERT INTO t VALUES (1)")
    warehouse.run("BEGIN")
    warehouse.run("SELECT * FROM t")
    other.execute("UPDATE t SET a = 2")
    with pytest.raises(psycopg2.InternalError) as caught:
        warehouse.run("UPDATE t SET a = 3")
    assert caught.value.pgcode == "XX000"
    assert caught.value.diag.message_primary == "1023"
    assert "Serializable isolation violation on table" in str(caught.value.diag.message_detail)


def test_a_transaction_reads_the_snapshot_of_its_first_statement(warehouse: Any, other: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.run("BEGIN ISOLATION LEVEL READ COMMITTED")
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]
    other.execute("INSERT INTO t VALUES (1)")
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]


def test_lock_as_the_first_statement_sees_what_was_committed_meanwhile(warehouse: Any, other: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.run("BEGIN")
    other.execute("INSERT INTO t VALUES (1)")
    warehouse.run("LOCK t")
    assert warehouse.run("SELECT count(*) FROM t") == [(1,)]


def test_copy_is_rolled_back_with_its_transaction_and_stays_logged(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.run("BEGIN")
    warehouse.run("SELECT 1")
    warehouse.copy("t", "rolled-back", "1\nx\n2\n", "MAXERROR 5")
    ((query_id, rows),) = warehouse.run("SELECT pg_last_copy_id(), pg_last_copy_count()")
    assert warehouse.errors() == [(2, "a", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer")]
    warehouse.run("ROLLBACK")
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]
    logged = f"SELECT count(*) FROM stl_load_errors WHERE query = {query_id}"
    assert (rows, warehouse.run(logged)) == (2, [(1,)])
    history = f"SELECT status, loaded_rows, error_count FROM sys_load_history WHERE query_id = {query_id}"
    assert warehouse.run(history) == [("completed", 2, 1)]


def test_copy_that_is_rolled_back_was_not_the_last_one_unless_it_failed(warehouse: Any) -> None:
    last = "SELECT pg_last_copy_id(), pg_last_copy_count()"
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.copy("t", "before", "1\n")
    before = warehouse.run(last)
    warehouse.run("BEGIN")
    warehouse.copy("t", "rolled-back", "1\n2\n")
    assert warehouse.run(last) == [(before[0][0] + 1, 2)]
    warehouse.run("ROLLBACK")
    assert warehouse.run(last) == before
    warehouse.run("BEGIN")
    with pytest.raises(psycopg2.InternalError):
        warehouse.copy("t", "failed", "x\n")
    warehouse.run("ROLLBACK")
    assert warehouse.run(last) == [(before[0][0] + 2, 0)]


def test_every_copy_of_one_transaction_is_seen_inside_it(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.run("BEGIN")
    first = warehouse.copy("t", "first", "1\n") and warehouse.run("SELECT pg_last_copy_id()")[0][0]
    warehouse.copy("t", "second", "2\n3\n")
    rows = warehouse.run(f"SELECT loaded_rows FROM sys_load_history WHERE query_id >= {first} ORDER BY query_id")
    warehouse.run("COMMIT")
    assert rows == [(1,), (2,)]
    again = warehouse.run(f"SELECT loaded_rows FROM sys_load_history WHERE query_id >= {first} ORDER BY query_id")
    assert again == rows


def test_failed_copy_outside_a_block_leaves_the_session_usable(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    with raises_golden(psycopg2.InternalError, "stand_in", "load failed", "'t'"):
        warehouse.copy("t", "failed", "1\nx\n")
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]
    assert warehouse.run("SELECT pg_last_copy_count()") == [(0,)]
    assert warehouse.errors() == [(2, "a", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer")]


def test_the_number_of_the_last_copy_belongs_to_the_session(warehouse: Any, other: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.copy("t", "own", "1\n")
    other.execute("SELECT pg_last_copy_id(), pg_last_copy_count()")
    assert other.fetchone() == (-1, 0)


def test_truncate_commits_what_came_before_it(warehouse: Any, other: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.run("CREATE TABLE noted (a int)")
    warehouse.run("BEGIN")
    warehouse.run("INSERT INTO noted VALUES (1)")
    warehouse.run("TRUNCATE t")
    other.execute("SELECT count(*) FROM noted")
    assert other.fetchone() == (1,)


@pytest.mark.parametrize(
    "statement", ["VACUUM", "ALTER TABLE t APPEND FROM s", "ALTER TABLE t ALTER a TYPE varchar(9)"]
)
def test_statement_that_needs_no_transaction_is_refused_in_a_block(warehouse: Any, statement: str) -> None:
    warehouse.run("CREATE TABLE t (a varchar(5)); CREATE TABLE s (a varchar(5))")
    warehouse.run("BEGIN")
    with raises_golden(psycopg2.errors.ActiveSqlTransaction, "stand_in", f"in a transaction: {statement}"):
        warehouse.run(statement)
    warehouse.run("ROLLBACK")
    warehouse.run(statement)


def test_append_moves_all_rows(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, b int DEFAULT 7); CREATE TABLE s (a int); INSERT INTO s VALUES (1), (2)")
    with raises_golden(psycopg2.Error, "stand_in", "APPEND of fewer columns", "FILLTARGET"):
        warehouse.run("ALTER TABLE t APPEND FROM s")
    warehouse.run("ALTER TABLE t APPEND FROM s FILLTARGET")
    assert warehouse.run("SELECT * FROM t ORDER BY a") == [(1, 7), (2, 7)]
    assert warehouse.run("SELECT count(*) FROM s") == [(0,)]


@pytest.mark.parametrize(
    ("case", "tables", "statement"),
    [
        ("both options", "TABLE t (a int); CREATE TABLE s (b int)", "t APPEND FROM s IGNOREEXTRA FILLTARGET"),
        ("a temporary table", "TABLE t (a int); CREATE TEMP TABLE s (a int)", "t APPEND FROM s"),
        ("a table to itself", "TABLE t (a int)", "t APPEND FROM t"),
        ("an identity column", "TABLE t (a int IDENTITY(1,1)); CREATE TABLE s (a int)", "t APPEND FROM s"),
        ("different types", "TABLE t (a varchar(5)); CREATE TABLE s (a varchar(6))", "t APPEND FROM s"),
    ],
)
def test_append_that_redshift_does_not_take_is_refused(warehouse: Any, case: str, tables: str, statement: str) -> None:
    warehouse.run(f"CREATE {tables}")
    with raises_golden(psycopg2.Error, "stand_in", f"APPEND: {case}"):
        warehouse.run(f"ALTER TABLE {statement}")


def test_isolation_of_a_database_is_altered_for_those_who_connect_later(stand_in: Any, warehouse: Any) -> None:
    levels = []
    for level in ("SERIALIZABLE", "SNAPSHOT"):
        warehouse.run(f"ALTER DATABASE lakeport ISOLATION LEVEL {level}")
        with contextlib.closing(stand_in.connect()) as later, later.cursor() as cursor:
            cursor.execute("SELECT trim(isolation_level) FROM stv_db_isolation_level")
            levels += cursor.fetchall()
    assert levels == [("Serializable",), ("Snapshot Isolation",)]
    with raises_golden(psycopg2.errors.SyntaxError, "stand_in", "unknown isolation level", "SNAPSHOT or SERIALIZABLE"):
        warehouse.run("ALTER DATABASE lakeport ISOLATION LEVEL READ COMMITTED")


def test_serializable_mode_finds_a_cycle_between_two_tables(stand_in: Any, tmp_path: Path, start_stand_in: Any) -> None:
    process, port = start_stand_in(
        stand_in.postgres_port,
        stand_in.s3_endpoint,
        tmp_path / "log",
        "--isolation",
        "serializable",
        "--database",
        "strict",
    )
    try:
        sessions = [connect_to(port), connect_to(port)]
        first, second = (session.cursor() for session in sessions)
        first.execute("CREATE TABLE a (n int)")
        first.execute("CREATE TABLE b (n int)")
        sessions[0].commit()
        first.execute("SELECT count(*) FROM a")
        second.execute("SELECT count(*) FROM b")
        first.execute("INSERT INTO b VALUES (1)")
        second.execute("INSERT INTO a VALUES (1)")
        sessions[0].commit()
        with pytest.raises(psycopg2.InternalError, match="1023"):
            sessions[1].commit()
        sessions[1].rollback()
        second.execute("SELECT trim(isolation_level) FROM stv_db_isolation_level")
        assert second.fetchone() == ("Serializable",)
        for session in sessions:
            session.close()
    finally:
        process.terminate()
        assert process.wait(10) == 0


def connect_to(port: int) -> "psycopg2.extensions.connection":
    return psycopg2.connect(host="127.0.0.1", port=port, dbname="strict", user="lakeport", password="local-only")
