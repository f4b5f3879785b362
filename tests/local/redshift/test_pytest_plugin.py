"""The fixture that other projects use, and further databases in it."""

import time
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from local.redshift import pytest_plugin

redshift_stand_in = pytest_plugin.redshift_stand_in


@pytest.fixture
def stand_in(starts_programs: None, redshift_stand_in: pytest_plugin.RunningStandIn) -> Any:
    return redshift_stand_in


def test_databases_are_made_used_apart_and_dropped(stand_in: Any) -> None:
    first = stand_in.connect()
    with first.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a int)")
        cursor.execute("CREATE DATABASE other WITH CONNECTION LIMIT UNLIMITED ISOLATION LEVEL SNAPSHOT")
    second = stand_in.connect("other")
    with second.cursor() as cursor:
        cursor.execute("CREATE TABLE u (a varchar(3), s super, PRIMARY KEY (a)); INSERT INTO u VALUES ('x', array(1))")
        cursor.execute("SELECT current_database(), u.s[0]::int, pi()::varchar(5) FROM u")
        assert cursor.fetchall() == [("other", 1, "3.141")]
        cursor.execute("SELECT DISTINCT trim(tablename) FROM pg_table_def WHERE schemaname = 'public'")
        assert cursor.fetchall() == [("u",)]
        with pytest.raises(psycopg2.Error, match="cross-database"):
            cursor.execute("SELECT * FROM lakeport.public.t")
    second.close()
    with first.cursor() as cursor:
        cursor.execute("SELECT database_name FROM svv_redshift_databases ORDER BY 1")
        assert cursor.fetchall() == [("lakeport",), ("other",)]
        cursor.execute("DROP DATABASE other")
    for name in ("other", "lakeport_template", "postgres"):
        with pytest.raises(psycopg2.OperationalError, match="does not exist"):
            stand_in.connect(name)


def test_new_data_is_a_copy_that_starts_soon(stand_in: Any, tmp_path: Path) -> None:
    before = time.monotonic()
    with pytest_plugin.started(tmp_path / "data", "http://127.0.0.1:9") as another:
        seconds = time.monotonic() - before
        connection = another.connect()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_class WHERE relname = 't' AND relnamespace = 'public'::regnamespace"
            )
            assert cursor.fetchall() == [(0,)]
        connection.close()
    assert seconds < 15, "far more than it takes on a machine with other work"
