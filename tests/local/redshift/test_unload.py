"""UNLOAD writes files that COPY reads back."""

from typing import Any

import psycopg2
import pytest

QUERY = "UNLOAD ('SELECT * FROM t ORDER BY a') TO 's3://landing/{}' IAM_ROLE default {}"
ROWS = [(1, 'x,"y"\n', 1.25, True), (2, None, None, None)]


@pytest.fixture
def table(warehouse: Any) -> Any:
    warehouse.run("CREATE TABLE t (a int, b varchar(20), c float, d boolean); CREATE TABLE back (LIKE t)")
    warehouse.run("INSERT INTO t VALUES (1, 'x,\"y\"\n', 1.25, true), (2, NULL, NULL, NULL)")
    return warehouse


@pytest.mark.parametrize(
    ("unload", "copy", "key"),
    [
        ("CSV", "CSV EMPTYASNULL", "0000_part_00"),
        ("CSV HEADER PARALLEL OFF", "CSV EMPTYASNULL IGNOREHEADER 1", "000"),
        ("CSV GZIP", "CSV EMPTYASNULL GZIP", "0000_part_00.gz"),
        ("CSV DELIMITER AS '|' NULL AS '@'", "CSV DELIMITER '|' NULL '@'", "0000_part_00"),
        ("FORMAT AS PARQUET", "FORMAT AS PARQUET", "0000_part_00.parquet"),
    ],
)
def test_what_is_unloaded_loads_again(table: Any, unload: str, copy: str, key: str) -> None:
    prefix = f"unload/{abs(hash(unload))}/"
    table.run(QUERY.format(prefix, unload))
    table.copy_from("back", f"s3://landing/{prefix}{key}", copy)
    assert table.run("SELECT * FROM back ORDER BY a") == ROWS


def test_manifest_of_an_unload_is_one_for_copy(table: Any) -> None:
    table.run(QUERY.format("unload/listed/", "PARQUET MANIFEST"))
    table.copy_from("back", "s3://landing/unload/listed/manifest", "PARQUET MANIFEST")
    assert table.run("SELECT * FROM back ORDER BY a") == ROWS


def test_filled_place_is_written_over_only_when_allowed(table: Any) -> None:
    table.run(QUERY.format("unload/twice/", "CSV"))
    with pytest.raises(psycopg2.InternalError, match="destination on S3 is not empty"):
        table.run(QUERY.format("unload/twice/", "CSV"))
    table.run(QUERY.format("unload/twice/", "CSV ALLOWOVERWRITE"))


@pytest.mark.parametrize("rest", ["PARQUET HEADER", "CSV JSON", ""])
def test_unload_that_is_wrong_is_refused(table: Any, rest: str) -> None:
    statement = QUERY.format("unload/wrong/", rest) if rest else "UNLOAD ('SELECT 1') TO 's3://landing/x'"
    with pytest.raises(psycopg2.errors.SyntaxError):
        table.run(statement)


def test_query_that_fails_unloads_nothing(table: Any) -> None:
    for options in ("CSV", "PARQUET"):
        with pytest.raises(psycopg2.errors.UndefinedTable):
            table.run(QUERY.format("unload/failed/", options).replace("FROM t", "FROM nothing"))
    assert table.run("SELECT 1") == [(1,)]
