"""Checks are evaluated on the rows of the load before anybody sees them: all hold, or nothing is loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lakeport.errors import ChecksFailed
from lakeport.loading.one_file import FileLoad
from lakeport.schema.file_type import FileType
from tests.integration.file_types import make_file_type
from tests.support.golden import raises_golden

PrepareLoad = Callable[..., FileLoad]
Query = Callable[..., list[tuple[Any, ...]]]

COLUMNS = [
    {"name": "id", "type": "integer", "required": True},
    {"name": "city", "type": "varchar(8)"},
    {"name": "day", "type": "date"},
]
FORMAT = {"type": "csv", "header_lines": 1, "emptyasnull": True}
BODY = b"id,city,day\n1,Bern,2013-01-01\n2,Oslo,2013-01-02\n2,,\n"


def type_of(**changes: Any) -> FileType:
    return make_file_type(format=FORMAT, columns=COLUMNS, **changes)


@pytest.mark.parametrize(
    "check",
    [
        "id > 0",
        "city IN ('Bern', 'Oslo')",
        "city LIKE '%o' OR id < 3",
        {"sql": "(id > 0) AND ((city <> ';--') OR id = 1)"},
        {"unique": ["city"]},
        {"unique": ["id", "city"]},
        {"not_null": ["id"]},
        {"accepted_values": {"column": "city", "values": ["Bern", "Oslo", "it's"]}},
        {"accepted_values": {"column": "id", "values": [1, 2]}},
        {"row_count": {"min": 3, "max": 3}},
        {"row_count": {"min": 1}},
        {"freshness": {"column": "day", "within": "100000d"}},
    ],
    ids=str,
)
def test_rows_are_loaded_if_the_check_passes(prepare_load: PrepareLoad, check: Any) -> None:
    assert prepare_load(type_of(checks=[check]), BODY).run().rows_loaded == 3


@pytest.mark.parametrize(
    ("check", "failure"),
    [
        ("id <> 2", "id <> 2: 2 failures, for example id 2, city 'Oslo', day 2013-01-02; id 2, city NULL, day NULL"),
        ({"unique": ["id"]}, "unique: id: 1 failure, for example id 2, times 2"),
        ({"not_null": ["id", "day"]}, "not_null: id, day: 1 failure, for example id 2, city NULL, day NULL"),
        ({"accepted_values": {"column": "city", "values": ["Bern"]}}, "1 failure, for example id 2, city 'Oslo'"),
        ({"row_count": {"min": 4}}, "row_count: {'min': 4}: 1 failure, for example loaded_rows 3"),
        ({"row_count": {"max": 2}}, "1 failure, for example loaded_rows 3"),
        ({"freshness": {"column": "day", "within": "36h"}}, "1 failure, for example newest 2013-01-02"),
    ],
    ids=str,
)
@pytest.mark.parametrize("mode", ["append", "replace"])
def test_check_that_fails_keeps_the_rows_out(
    prepare_load: PrepareLoad, query: Query, mode: str, check: Any, failure: str
) -> None:
    file_type = type_of(checks=[check, "id > 0"], table={"mode": mode})
    load = prepare_load(file_type, BODY)
    with pytest.raises(ChecksFailed) as raised:
        load.run()
    assert "1 of 2 checks failed, nothing was loaded:\n- " in str(raised.value)
    assert failure in str(raised.value)
    assert query(f"SELECT COUNT(*) FROM {file_type.table.name}") == [(0,)]  # noqa: S608
    recorded = "SELECT rows_in_file, rows_loaded, loaded_at FROM mng.files WHERE file_id = %s"
    assert query(recorded, (load.file.file_id,)) == [(3, 0, None)]


def test_merged_rows_are_checked_without_those_they_leave(prepare_load: PrepareLoad, query: Query) -> None:
    table = {"mode": "merge", "key": ["id"]}
    file_type = type_of(table=table)
    prepare_load(file_type, b"id,city,day\n1,Bern,\n2,Oslo,\n").run()
    stricter = type_of(name=file_type.name, table=table, checks=["city = 'Rome'"])
    prepare_load(stricter, b"id,city,day\n2,Rome,\n").run()
    with pytest.raises(ChecksFailed):
        prepare_load(stricter, b"id,city,day\n2,Lima,\n").run()
    rows = query(f"SELECT id, city FROM {file_type.table.name} ORDER BY id")  # noqa: S608
    assert rows == [(1, "Bern"), (2, "Rome")]


def test_only_the_rows_of_the_load_are_checked(prepare_load: PrepareLoad) -> None:
    """What an earlier file brought is not this file's fault."""
    file_type = type_of()
    prepare_load(file_type, BODY).run()
    stricter = type_of(name=file_type.name, checks=["id > 2", {"unique": ["id"]}])
    assert prepare_load(stricter, b"id,city,day\n3,Rome,\n").run().rows_loaded == 1


def test_all_failed_checks_are_reported_together(prepare_load: PrepareLoad) -> None:
    load = prepare_load(type_of(checks=["id > 1", {"unique": ["id"]}, "id < 9"]), BODY)
    with raises_golden(ChecksFailed, "loading", "checks failed", "2 of 3 checks"):
        load.run()
