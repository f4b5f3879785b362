"""The tables of the schemas are sources for dbt, with what a load promises as tests."""

from __future__ import annotations

from typing import Any

from lakeport.cli.exporting import dbt_sources
from lakeport.schema.reader import read_file_type, schema_paths
from local.config import REPOSITORY
from tests.support.file_types import make_file_type

CHECKS: list[Any] = [
    {"unique": ["id"]},
    {"not_null": ["city"]},
    {"accepted_values": {"column": "city", "values": ["Bern", "Oslo"]}},
]


def column(sources: dict[str, Any], name: str) -> Any:
    (source,) = sources["sources"]
    (table,) = source["tables"]
    return next(each for each in table["columns"] if each["name"] == name)


def test_promises_of_a_load_are_tests_of_the_table() -> None:
    whole = dbt_sources([make_file_type(checks=CHECKS, table={"mode": "truncate"})])
    assert column(whole, "id")["data_tests"] == ["not_null", "unique"]
    accepted = {"accepted_values": {"arguments": {"values": ["Bern", "Oslo"]}}}
    assert column(whole, "city")["data_tests"] == ["not_null", accepted]
    assert "data_tests" not in column(whole, "price")
    merged = dbt_sources([make_file_type(table={"mode": "merge", "key": ["id"]})])
    assert column(merged, "id")["data_tests"] == ["not_null", "unique"]


def test_unique_in_each_load_is_left_out_for_a_table_that_grows() -> None:
    added = dbt_sources([make_file_type(checks=CHECKS)])
    assert column(added, "id")["data_tests"] == ["not_null"]


def test_check_that_lets_rows_pass_is_left_out() -> None:
    tolerant = [{**CHECKS[1], "else": "warn"}, {**CHECKS[2], "up_to": "1%"}]
    assert "data_tests" not in column(dbt_sources([make_file_type(checks=tolerant)]), "city")


def test_freshness_is_that_of_the_check() -> None:
    columns = [{"name": "at", "type": "timestamp"}]
    file_type = make_file_type(columns=columns, checks=[{"freshness": {"column": "at", "within": "36h"}}])
    (table,) = dbt_sources([file_type])["sources"][0]["tables"]
    limit = {"error_after": {"count": 36, "period": "hour"}}
    assert table["config"]["loaded_at_field"] == "at::timestamp"
    assert table["config"]["freshness"] == limit
    (table,) = dbt_sources([make_file_type()])["sources"][0]["tables"]
    assert (table["config"]["loaded_at_field"], "freshness" in table["config"]) == ("_loaded_at", False)


def test_every_schema_with_one_table_is_a_source() -> None:
    types = [read_file_type(path) for path in schema_paths(REPOSITORY / "schemas")]
    (lake,) = dbt_sources([*types, make_file_type(table={"mode": "new_table"})])["sources"]
    assert [table["name"] for table in lake["tables"]] == sorted(each.table.table_name for each in types)


def test_columns_of_versions_are_exported() -> None:
    file_type = read_file_type(REPOSITORY / "schemas" / "carriers.yaml")
    (table,) = dbt_sources([file_type])["sources"][0]["tables"]
    assert [each["name"] for each in table["columns"][-4:]] == ["_valid_from", "_valid_to", "_closed_at", "_loaded_at"]
