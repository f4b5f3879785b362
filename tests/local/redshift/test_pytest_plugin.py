"""The fixture that other projects use, and further databases in it."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from local.config import REPOSITORY
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


OTHER_TEST = """
def test_table(redshift_stand_in):
    with redshift_stand_in.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE own (s super) DISTSTYLE EVEN; INSERT INTO own VALUES ('x'); SELECT s FROM own")
        assert cursor.fetchall() == [('"x"',)]
"""


def test_lines_of_the_readme_serve_an_empty_project(stand_in: Any, tmp_path: Path) -> None:
    with stand_in.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE own (a int)")  # the other one's data is separate
    readme = (REPOSITORY / "local" / "redshift" / "README.md").read_text()
    lines = readme.split("```python\n")[1].split("```")[0]
    (tmp_path / "conftest.py").write_text(lines.replace("/path/to/lakeport", str(REPOSITORY)))
    (tmp_path / "test_table.py").write_text(OTHER_TEST)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
    ]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
    before = time.monotonic()
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, env=kept)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert time.monotonic() - before < 30, "far more than it takes on a machine with other work"
