"""Problems of a transform's query are found before it runs, and quoted text is not mistaken for code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lakeport.schema.file_type import FileType
from lakeport.schema.sql_text import code_of, query_in
from lakeport.schema.transform_files import query_problems
from local.config import REPOSITORY


@pytest.fixture
def file_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileType:
    monkeypatch.setenv("LAKEPORT_TRANSFORMS", str(tmp_path))
    values = {
        "name": "trips",
        "description": "Trips.",
        "owner": "tests",
        "landing": {"pattern": "trips/{city}.csv"},
        "format": {"type": "csv"},
        "columns": [{"name": "id", "type": "integer"}],
        "transform": {"sql": "daily"},
    }
    return FileType.model_validate(values)


def problems_of(file_type: FileType, tmp_path: Path, query: bytes | str) -> list[str]:
    (tmp_path / "daily.sql").write_bytes(query.encode() if isinstance(query, str) else query)
    return list(query_problems(file_type))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM {stage}",
        "-- Trips; by day.\nwith days AS (SELECT 1) SELECT id FROM {table};\n-- the end\n",
        "SELECT ';' AS a, \";\" AS b /* ; \n */ FROM {stage} WHERE key = %(key)s AND c = %(captured_city)s",
        "SELECT 'it''s; fine' FROM {stage}",
    ],
)
def test_query_without_problems(file_type: FileType, tmp_path: Path, query: str) -> None:
    assert problems_of(file_type, tmp_path, query) == []


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("SELECT 1; SELECT 2", "several statements"),
        ("SELECT a # b; DROP TABLE t", "several statements"),
        ("SELECT a[1; DROP TABLE t] FROM t", "several statements"),
        ("SELECT 'a\\'; DROP TABLE t; --'", "several statements"),
        ("DELETE FROM {stage}", "not a query"),
        ("selected", "not a query"),
        ("-- SELECT", "not a query"),
        ("SELECT id FROM {staged}", "{staged}"),
        ("SELECT %(file)s FROM {stage}", "%(file)s"),
        (b"SELECT '\xff'", "UTF-8"),
    ],
)
def test_query_with_a_problem(file_type: FileType, tmp_path: Path, query: bytes | str, value: str) -> None:
    [problem] = problems_of(file_type, tmp_path, query)
    assert problem.startswith("transforms/daily.sql ")
    assert value in problem


def test_missing_query_is_reported_with_a_similar_one(file_type: FileType, tmp_path: Path) -> None:
    (tmp_path / "dailies.sql").write_text("SELECT 1")
    [problem] = query_problems(file_type)
    assert "daily.sql" in problem
    assert "'dailies'" in problem


@pytest.mark.parametrize("text", ["SELECT 1 ;  \n-- end; \n", "SELECT 1;", "SELECT 1", "SELECT 1 /* ; */ ;"])
def test_query_ends_before_its_semicolon(text: str) -> None:
    assert ";" not in code_of(query_in(text))
    assert text.startswith(query_in(text))
    assert query_in(text).startswith("SELECT 1")


def test_reading_schemas_imports_no_driver() -> None:
    """The Lambda and editors read schemas without Redshift, AWS or Airflow."""
    drivers = ["psycopg2", "boto3", "botocore", "airflow", "typer"]
    code = f"import sys, lakeport.schema.reader; print([name for name in {drivers} if name in sys.modules])"
    environment = {"PYTHONPATH": str(REPOSITORY / "plugins")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
