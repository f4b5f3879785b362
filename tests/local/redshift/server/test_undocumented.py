"""Where AWS's documentation is silent, the stand-in answers in either way, as its options choose."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from lakeport.redshift.session import Warehouse
from tests.support.golden import raises_golden

Connect = Callable[..., Any]
TWO_BAD_ROWS = "1\nx\n2\ny\n"
LINES = "SELECT line_number FROM sys_load_error_detail WHERE session_id = pg_backend_pid() ORDER BY line_number"


@pytest.fixture
def serve(stand_in: Any, start_stand_in: Any, tmp_path: Path) -> Callable[..., Any]:
    """Start a stand-in with these options and its own database, and return a function that connects to it."""

    @contextmanager
    def run(*options: str) -> Iterator[Connect]:
        database = f"undocumented_{uuid.uuid4().hex[:8]}"
        more = ["--database", database, *options]
        process, port = start_stand_in(stand_in.postgres_port, stand_in.s3_endpoint, tmp_path / "log", *more)
        opened = []

        def connect() -> Any:
            connection = psycopg2.connect(
                host="127.0.0.1", port=port, dbname=database, user="lakeport", password="local-only"
            )
            opened.append(connection)
            return connection

        try:
            yield connect
        finally:
            for each in opened:
                each.close()
            process.terminate()
            process.wait(10)

    return run


def copy_two_bad_rows(stand_in: Any, connection: Any) -> Any:
    """Load two rows and reject two, in a transaction that stays open; return its cursor."""
    url = stand_in.put("undocumented.csv", TWO_BAD_ROWS)
    current = connection.cursor()
    current.execute("CREATE TEMP TABLE t (a integer)")
    current.execute(f"COPY t FROM '{url}' IAM_ROLE default CSV MAXERROR 10")
    return current


def rows(current: Any, sql: str) -> list[Any]:
    current.execute(sql)
    return [row[0] for row in current.fetchall()]


def test_views_show_a_copy_late(serve: Any, stand_in: Any) -> None:
    with serve("--views-late", "1") as connect:
        current = copy_two_bad_rows(stand_in, connect())
        assert rows(current, LINES) == []
        deadline = time.monotonic() + 60
        while not (found := rows(current, LINES)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert found == [2, 4]


def test_ids_of_views_differ_from_the_id_of_the_last_copy(serve: Any, stand_in: Any) -> None:
    with serve("--different-ids") as connect:
        current = copy_two_bad_rows(stand_in, connect())
        assert rows(current, "SELECT 1 FROM sys_load_error_detail WHERE query_id = pg_last_copy_id()") == []
        assert rows(current, "SELECT 1 FROM stl_load_errors WHERE query = pg_last_copy_id()") == [1, 1]
        ids = ["SELECT query_id FROM sys_load_detail", "SELECT DISTINCT query_id FROM sys_load_error_detail"]
        assert rows(current, ids[0]) == rows(current, ids[1])


@pytest.mark.parametrize(("choice", "lines"), [("none", [2, 4]), ("split", [-1, 2]), ("all", [-1, -1])])
def test_line_numbers_are_unknown(serve: Any, stand_in: Any, choice: str, lines: list[int]) -> None:
    with serve("--unknown-lines", choice) as connect:
        assert rows(copy_two_bad_rows(stand_in, connect()), LINES) == lines


def test_conflict_is_worded_as_under_snapshot_isolation(serve: Any) -> None:
    with serve("--conflict-wording", "concurrent") as connect:
        one, other = connect(), connect()
        one.cursor().execute("CREATE TABLE t (a integer); INSERT INTO t VALUES (1)")
        one.commit()
        one.cursor().execute("SELECT * FROM t")
        other.cursor().execute("UPDATE t SET a = 2")
        other.commit()
        with raises_golden(psycopg2.InternalError, "stand_in", "conflict in the other wording") as caught:
            one.cursor().execute("UPDATE t SET a = 3")
        assert caught.value.pgcode == "XX000"


def test_first_statement_after_a_while_without_clients_is_cancelled(serve: Any) -> None:
    with serve("--cancel-after-resume") as connect:
        connection = connect()
        with pytest.raises(psycopg2.errors.QueryCanceled):
            connection.cursor().execute("SELECT 1")
        assert rows(connection.cursor(), "SELECT 1") == [1]
        assert rows(connect().cursor(), "SELECT 1") == [1]


def test_session_of_the_product_survives_the_cancelled_statement(serve: Any) -> None:
    with serve("--cancel-after-resume") as connect, Warehouse(connect) as warehouse:
        assert warehouse.transaction(lambda current: rows(current, "SELECT 1")) == [1]


def test_hostile_is_all_of_them_and_an_option_by_itself_has_precedence(serve: Any, stand_in: Any) -> None:
    with serve("--hostile", "--views-late", "0") as connect:
        connection = connect()
        with pytest.raises(psycopg2.errors.QueryCanceled):
            connection.cursor().execute("SELECT 1")
        current = copy_two_bad_rows(stand_in, connection)
        assert rows(current, LINES) == [-1, 2]
        assert rows(current, "SELECT 1 FROM sys_load_error_detail WHERE query_id = pg_last_copy_id()") == []
