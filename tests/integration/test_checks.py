"""Checks are evaluated on the rows of the load before anybody sees them: all hold, or nothing is loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lakeport.alerts.reject_warnings import reject_warning
from lakeport.errors import ChecksFailed, TooManyRejects
from lakeport.loading.finishing import mark_done
from lakeport.loading.one_file import FileLoad
from lakeport.loading.plan import task_ids
from lakeport.redshift.session import Warehouse
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
    assert (
        "1 of 2 checks failed, nothing was loaded; ask the sender for a corrected file, or change the check:\n- "
        in str(raised.value)
    )
    assert failure in str(raised.value)
    assert query(f"SELECT COUNT(*) FROM {file_type.table.name}") == [(0,)]  # noqa: S608
    recorded = "SELECT rows_in_file, rows_loaded, loaded_at FROM mng.files WHERE file_id = %s"
    assert query(recorded, (load.file.file_id,)) == [(3, 0, None)]


@pytest.mark.parametrize("consequence", ["fail", "warn", "reject"])
def test_no_row_is_in_a_reason_if_the_schema_does_not_show_rejected_rows(
    prepare_load: PrepareLoad, query: Query, consequence: str
) -> None:
    """Alerts and snapshots have the reason of a file and the warnings of its checks."""
    checks = [{"sql": "city <> 'Oslo'", "else": consequence, **({"up_to": "10%"} if consequence == "reject" else {})}]
    load = prepare_load(type_of(checks=checks, rejects={"fail": 3, "show": False}), BODY)
    if consequence == "warn":
        load.run()
        ((text,),) = query("SELECT check_warnings FROM mng.files WHERE file_id = %s", (load.file.file_id,))
    else:
        with pytest.raises(ChecksFailed) as raised:
            load.run()
        text = str(raised.value)
    assert text.endswith("- city <> 'Oslo': 1 failure")


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


def checked(**check: Any) -> Any:
    return {"sql": "id <> 2", **check}


def recorded(query: Query, load: FileLoad) -> list[tuple[Any, ...]]:
    text = "SELECT line_number, column_name, error_reason, raw_value, raw_line FROM mng.load_errors WHERE file_id = %s"
    return query(text, (load.file.file_id,))


@pytest.mark.parametrize(
    ("check", "column", "ids"),
    [
        (checked(**{"else": "reject"}), "", [1]),
        ({"not_null": ["city", "day"], "else": "reject"}, "city", [1, 2]),
        ({"accepted_values": {"column": "city", "values": ["Bern"]}, "else": "reject"}, "city", [1, 2]),
    ],
    ids=str,
)
@pytest.mark.parametrize("table", [{}, {"mode": "merge", "key": ["id"]}, {"mode": "slice", "slice": ["id"]}], ids=str)
def test_rows_that_a_check_rejects_are_kept_as_rejected_rows(
    prepare_load: PrepareLoad, query: Query, table: dict[str, Any], check: Any, column: str, ids: list[int]
) -> None:
    """They count for the limits, replace nothing, and no other check sees them."""
    body = b"id,city,day\n1,Bern,2013-01-01\n2,Oslo,2013-01-02\n" + (b"" if table else b"2,,\n")
    file_type = type_of(table=table)
    prepare_load(file_type, b"id,city,day\n2,Before,2012-01-01\n").run()
    checks = [check, {"sql": "id <> 2 OR city <> 'Oslo'", "else": "warn", "up_to": 1}]
    stricter = type_of(name=file_type.name, table=table, checks=checks, rejects={"fail": 2})
    load = prepare_load(stricter, body)
    done = load.run()
    rejected = recorded(query, load)
    assert (done.rows_in_file - done.rows_rejected, done.rows_rejected) == (done.rows_loaded, len(rejected))
    names = {"sql": "id <> 2"}.get(next(iter(check)), next(iter(check)))
    for line, name, reason, value, text in rejected:
        assert (line, name, reason.startswith(f"check: {names}")) == (-1, column, True)
        assert text == json.dumps({"id": "2", "city": value, "day": json.loads(text)["day"]}) or not column
    rows = query(f"SELECT id FROM {file_type.table.name} WHERE city <> 'Before' ORDER BY id")  # noqa: S608
    assert (1,) in rows
    before = query(f"SELECT COUNT(*) FROM {file_type.table.name} WHERE city = 'Before'")  # noqa: S608
    assert before == [(1 if not table or rejected else 0,)]
    assert load.run() == done


def test_rows_that_a_check_rejects_count_for_the_limit(prepare_load: PrepareLoad, query: Query) -> None:
    load = prepare_load(type_of(checks=[checked(**{"else": "reject"})], rejects={"fail": 1}), BODY)
    with raises_golden(TooManyRejects, "loading", "rejected by a check, more than allowed", "2 of 3 rows"):
        load.run()
    assert len(recorded(query, load)) == 2
    assert query(f"SELECT COUNT(*) FROM {load.file_type.table.name}") == [(0,)]  # noqa: S608
    load = prepare_load(type_of(checks=[checked(**{"else": "reject", "up_to": "50%"})], rejects={"fail": 9}), BODY)
    with raises_golden(ChecksFailed, "loading", "a check rejects more than up_to", "2 rows", "50%"):
        load.run()


def test_reference_that_another_table_lacks_is_rejected(prepare_load: PrepareLoad, query: Query) -> None:
    """A row with NULL in one of the columns passes, as with a foreign key."""
    cities = make_file_type(columns=[{"name": "name", "type": "varchar(8)"}, {"name": "number", "type": "integer"}])
    prepare_load(cities, b"name,number\nBern,1\nOslo,7\n").run()
    lookup = {"columns": ["city", "id"], "table": cities.table.name, "table_columns": ["name", "number"]}
    for consequence, found in (("reject", [(1,), (2,)]), ("fail", [])):
        file_type = type_of(checks=[{"exists_in": lookup, "else": consequence}], rejects={"fail": 1})
        load = prepare_load(file_type, BODY)
        if consequence == "fail":
            with pytest.raises(ChecksFailed, match=r"exists_in: city, id in .*: 1 failure, for example id 2"):
                load.run()
        else:
            load.run()
            assert [row[1:4] for row in recorded(query, load)] == [
                ("city", f"check: exists_in: city, id in {cities.table.name}", "Oslo")
            ]
        assert query(f"SELECT id FROM {file_type.table.name} ORDER BY id") == found  # noqa: S608


def test_examples_are_not_shown_if_the_schema_does_not_show_rejected_rows(prepare_load: PrepareLoad) -> None:
    """Alerts and the page Files have the message; it still counts the rows."""
    checks = ["id <> 2", {"unique": ["id"]}, {"row_count": {"max": 2}}]
    load = prepare_load(type_of(checks=checks, rejects={"show": False}), BODY)
    with pytest.raises(ChecksFailed) as raised:
        load.run()
    text = str(raised.value)
    assert ("id <> 2: 2 failures" in text, "loaded_rows 3" in text, "Oslo" in text, "id 2," in text) == (
        True,
        True,
        False,
        False,
    )


def test_check_that_warns_loads_the_rows_and_is_recorded_with_examples(
    prepare_load: PrepareLoad, query: Query, warehouse: Warehouse
) -> None:
    """Up to three examples; the alert has them, once; a check within its up_to does not warn."""
    checks = [checked(**{"else": "warn"}), checked(**{"else": "warn", "up_to": 2}), checked(up_to="70%")]
    load = prepare_load(type_of(checks=checks), BODY)
    done = load.run()
    line = "- id <> 2: 2 failures, for example id 2, city 'Oslo', day 2013-01-02; id 2, city NULL, day NULL"
    assert (done.rows_loaded, done.check_warnings) == (3, line)
    assert "rejects_reported" in task_ids(load.file_type)
    warehouse.transaction(lambda current: mark_done(current, [load.file], load.by, load.file_type))
    reason = query("SELECT status_reason FROM mng.files WHERE file_id = %s", (load.file.file_id,))
    assert reason == [(f"checks warn: {line}",)]
    alerts = [
        warehouse.transaction(lambda current: reject_warning(current, load.file_type, [load.file], load.by))
        for _ in range(2)
    ]
    assert alerts[1] is None
    assert alerts[0]
    assert alerts[0].title == f"{load.file_type.name}: {load.file.key} loaded with rows that checks warn of"
    assert ("Checks", f"{load.file.key}:\n{line}") in alerts[0].facts()


def test_check_that_cannot_be_run_loads_nothing(prepare_load: PrepareLoad) -> None:
    for check in ("town = 'Bern'", {"exists_in": {"columns": ["city"], "table": "lake.no_such_table"}}):
        with pytest.raises(ChecksFailed, match=r"a check cannot be run, nothing was loaded:\n- .*does not exist"):
            prepare_load(type_of(checks=[check]), BODY).run()
