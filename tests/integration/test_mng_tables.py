"""The mng tables of an earlier Lakeport become those of this one, and keep what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from psycopg2 import sql

from lakeport.errors import TableMismatch
from lakeport.mng.tables import LIVE_COLUMNS, TABLES, make_tables
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from lakeport.redshift.sql_files import statement
from tests.support.golden import golden

Query = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(autouse=True)
def restored(warehouse: Warehouse) -> Iterator[None]:
    """Leave today's tables to the tests after these."""
    yield
    forget(warehouse)
    warehouse.transaction(lambda current: current.execute(statement(TABLES)))


def forget(warehouse: Warehouse) -> None:
    warehouse.transaction(lambda current: current.execute("DROP SCHEMA mng CASCADE"))


@pytest.fixture
def earlier(warehouse: Warehouse, query: Query) -> None:
    """The tables of a Lakeport that had none of the columns that may be empty, with what it wrote."""
    forget(warehouse)

    def make(current: Any) -> None:
        current.execute(statement(TABLES))
        current.execute("INSERT INTO mng.alerts (dag_id, run_id, raised_at) VALUES ('load_trips', 'run1', SYSDATE)")
        current.execute(MAY_BE_EMPTY)
        for table, column in current.fetchall():
            names = sql.Identifier("mng", table), sql.Identifier(column)
            current.execute(sql.SQL("ALTER TABLE {} DROP COLUMN {}").format(*names))

    warehouse.transaction(make)


MAY_BE_EMPTY = """
SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'mng' AND is_nullable = 'YES'
"""


def columns(query: Query) -> set[tuple[str, str, str]]:
    return {(table, column, type_) for table, column, type_ in query(statement(LIVE_COLUMNS))}


def test_earlier_tables_are_upgraded_and_keep_their_rows(warehouse: Warehouse, query: Query, earlier: None) -> None:
    before = columns(query)
    for _ in range(2):
        make_tables(warehouse)
    after = columns(query)

    assert query("SELECT run_id, message, held_by, held_until FROM mng.alerts") == [("run1", None, None, None)]
    assert after == todays(warehouse, query)
    assert len(after) > len(before) + 20


def todays(warehouse: Warehouse, query: Query) -> set[tuple[str, str, str]]:
    """Return the columns of tables that were made today."""
    forget(warehouse)
    make_tables(warehouse)
    return columns(query)


def test_two_that_make_tables_at_once_make_the_same(warehouse: Warehouse, query: Query, earlier: None) -> None:
    """Each in its own session, as `make up` beside `lakeport mng init`."""

    def make(_: int) -> None:
        with Warehouse(connect_to_redshift) as another:
            make_tables(another)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, range(4)))
    assert columns(query) == todays(warehouse, query)


def test_shorter_column_is_lengthened_and_longer_left(warehouse: Warehouse, query: Query) -> None:
    warehouse.alone("ALTER TABLE mng.alerts ALTER COLUMN run_id TYPE VARCHAR(400)")
    warehouse.alone("ALTER TABLE mng.files DROP COLUMN status_reason")
    warehouse.alone("ALTER TABLE mng.files ADD COLUMN status_reason VARCHAR(99)")

    make_tables(warehouse)

    assert {
        ("alerts", "run_id", "character varying(400)"),
        ("files", "status_reason", "character varying(4096)"),
    } <= columns(query)


def test_table_that_cannot_be_upgraded_is_left_unchanged(warehouse: Warehouse, query: Query, earlier: None) -> None:
    """All problems are reported together, and no column is added."""
    warehouse.alone("ALTER TABLE mng.files ADD COLUMN try_number DATE")
    warehouse.alone("ALTER TABLE mng.load_errors DROP COLUMN line_number")
    before = columns(query)

    with pytest.raises(TableMismatch) as raised:
        make_tables(warehouse)

    assert "mng.files.try_number" in str(raised.value)
    assert "mng.load_errors" in str(raised.value)
    golden("loading", "mng tables cannot be upgraded", str(raised.value))
    assert columns(query) == before
