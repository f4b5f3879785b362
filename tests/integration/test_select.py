"""Which New files a run takes, in which order, and the status of the other files and of bad ones."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from lakeport.airflow.operators.copy_all_from_s3 import CheckAllLoadedOperator, CopyAllFromS3Operator
from lakeport.airflow.operators.prepare import PrepareFilesOperator
from lakeport.airflow.operators.status import FilterNewestOperator, MarkDoneOperator
from lakeport.airflow.operators.take_files import TakeFilesOperator
from lakeport.airflow.sensors import NewFilesSensor
from lakeport.mng import claims
from lakeport.model import RegisteredFile, TaskRun
from lakeport.redshift.fitting import fit_table
from lakeport.redshift.session import Warehouse
from lakeport.redshift.sql_files import statement
from lakeport.schema.file_type import FileType
from tests.integration.file_types import make_file_type
from tests.support.archives import packed
from tests.support.golden import raises_golden
from tests.support.operators import run

Query = Callable[..., list[tuple[Any, ...]]]
Land = Callable[..., RegisteredFile]
HEADER = b"id,city,price\n"


def type_of(**landing: Any) -> FileType:
    file_type = make_file_type()
    pattern = f"{file_type.name}/{landing.pop('pattern', '*')}"
    table = landing.pop("table", {})
    return make_file_type(name=file_type.name, landing={"pattern": pattern, **landing}, table=table)


def waiting(query: Query, file_type: FileType) -> list[dict[str, Any]]:
    """Return the XCom of the sensor."""
    sensor = NewFilesSensor(task_id="wait_for_files", file_type=file_type)
    assert isinstance(sensor.sql, str)
    return [RegisteredFile(*row).to_xcom() for row in query(sensor.sql, sensor.parameters)]


def statuses(query: Query, file_type: FileType) -> list[tuple[Any, ...]]:
    rows = query("SELECT key, status FROM mng.files WHERE file_type = %s ORDER BY key", (file_type.name,))
    return [(key.rpartition("/")[2], status) for key, status in rows]


@pytest.mark.parametrize(
    ("newest_by", "pattern", "names"),
    [
        ("landed_at", "*", ["b", "c", "*a"]),
        ("date", "t_{date:%d.%m.%Y}", ["*t_01.02.2013", "t_31.01.2013", "t_30.12.2012"]),
        ("part", "t_{part}.csv", ["t_9.csv", "*t_10.csv", "t_2.csv"]),
        ("part", "t_{part}_*", ["t_b_1", "t_a_2", "*t_b_0"]),
    ],
)
def test_newest_is_taken_and_the_others_name_it_as_reason(
    land: Land, query: Query, newest_by: str, pattern: str, names: list[str]
) -> None:
    """The expected file is marked with a star."""
    [winner] = [name[1:] for name in names if name[0] == "*"]
    names = [name.lstrip("*") for name in names]
    file_type = type_of(pattern=pattern, newest_by=newest_by)
    for name in names:
        land(file_type, HEADER, name)
    newest = FilterNewestOperator(task_id="filter_newest", file_type=file_type, files=waiting(query, file_type))
    for _ in range(2):
        [taken] = run(newest, TaskRun(file_type.dag_id, "run1", ""))
        assert taken["key"] == f"{file_type.name}/{winner}"
    assert statuses(query, file_type) == sorted((name, "New" if name == winner else "Filtered Out") for name in names)
    reasons = query(
        "SELECT DISTINCT status_reason FROM mng.files WHERE status_reason LIKE %s", (f"%{file_type.name}%",)
    )
    assert [reason.split(", ")[0] for (reason,) in reasons] == [f"newer by {newest_by}: {file_type.name}/{winner}"]


@pytest.mark.parametrize(
    ("mode", "landing", "is_filtered"),
    [
        ("truncate", {}, True),
        ("replace", {}, True),
        ("append", {}, False),
        ("truncate", {"newest_by": "part", "pattern": "{part}.csv"}, False),
    ],
)
def test_file_that_is_registered_late_replaces_no_newer_rows(
    land: Land, query: Query, warehouse: Warehouse, mode: str, landing: dict[str, str], *, is_filtered: bool
) -> None:
    """S3 delivers events in any order, late, or never; then reconcile registers the file.  Only --older loads it."""
    file_type = type_of(table={"mode": mode}, **landing)
    by = TaskRun(file_type.dag_id, "run1", "")
    newer, late = land(file_type, HEADER, "2.csv"), land(file_type, HEADER, "1.csv")

    def change(text: str, *values: object) -> None:
        update = f"UPDATE mng.files SET {text} WHERE file_id = %s"  # noqa: S608
        warehouse.transaction(lambda current: current.execute(update, values))

    change("status = 'Done', table_name = %s, loaded_at = SYSDATE", file_type.table.name, newer.file_id)
    change("landed_at = DATEADD(hour, -1, landed_at)", late.file_id)
    newest = FilterNewestOperator(task_id="filter_newest", file_type=file_type, files=waiting(query, file_type))
    for _ in range(2):
        with pytest.raises(AirflowSkipException, match="landed later") if is_filtered else nullcontext():
            assert run(newest, by)[0]["key"] == late.key
    assert statuses(query, file_type) == [("1.csv", "Filtered Out" if is_filtered else "New"), ("2.csv", "Done")]

    replayed = "status = 'New', status_reason = 'replay', run_id = NULL, is_older_allowed ="
    for is_older_allowed in (False, True):
        change(f"{replayed} {is_older_allowed}", late.file_id)
        with pytest.raises(AirflowSkipException) if is_filtered and not is_older_allowed else nullcontext():
            assert run(newest, by)[0]["key"] == late.key


def load_all(
    query: Query, warehouse: Warehouse, file_type: FileType, run_id: str = "run1"
) -> tuple[list[str], CheckAllLoadedOperator]:
    """Run the steps from the sensor to mark_done; return the loaded names and the step that would be last."""
    by = TaskRun(file_type.dag_id, run_id, "copy_to_table")
    take = TakeFilesOperator(task_id="take_files", file_type=file_type, files=waiting(query, file_type))
    files = take.execute({})
    warehouse.transaction(lambda current: claims.claim(current, [file["file_id"] for file in files], by))
    fit_table(warehouse, file_type)
    loaded = run(CopyAllFromS3Operator(task_id="copy_to_table", file_type=file_type, files=files), by)
    run(MarkDoneOperator(task_id="mark_done", file_type=file_type, files=loaded), by)
    last = CheckAllLoadedOperator(task_id="fail", file_type=file_type, files=files)
    return [file["key"].rpartition("/")[2] for file in loaded], last


def test_all_files_are_loaded_in_landing_order_up_to_the_limit_of_a_run(
    land: Land, query: Query, warehouse: Warehouse
) -> None:
    file_type = type_of(select="all", max_files=2)
    for number, name in enumerate(["c", "a", "b"]):
        land(file_type, HEADER + b"%d,%s,1\n" % (number, name.encode()) * (number + 1), name)
    assert load_all(query, warehouse, file_type, "run1")[0] == ["c", "a"]
    assert statuses(query, file_type) == [("a", "Done"), ("b", "New"), ("c", "Done")]
    assert load_all(query, warehouse, file_type, "run2")[0] == ["b"]
    counts = query(
        "SELECT key, rows_in_file, rows_loaded, rows_rejected, loaded_at FROM mng.files "
        "WHERE file_type = %s ORDER BY 1",
        (file_type.name,),
    )
    assert [row[1:4] for row in counts] == [(2, 2, 0), (3, 3, 0), (1, 1, 0)]
    rows = {loaded_at: 0 for *_, loaded_at in counts}
    for *_, rows_loaded, _, loaded_at in counts:
        rows[loaded_at] += rows_loaded
    found = query(f"SELECT _loaded_at, COUNT(*) FROM {file_type.table.name} GROUP BY 1")  # noqa: S608
    assert dict(found) == rows


def test_sensor_returns_one_file_more_than_a_run_takes(land: Land, query: Query) -> None:
    file_type = type_of(select="all", max_files=2)
    for name in "abcd":
        land(file_type, HEADER, name)
    assert [file["key"][-1] for file in waiting(query, file_type)] == ["a", "b", "c"]


def test_bad_file_does_not_stop_the_others(land: Land, query: Query, warehouse: Warehouse) -> None:
    file_type = type_of(select="all")
    for name, body in {"a": b"1,Bern,1\n", "b": b"one,Bern,1\n", "c": b"3,Bern,1\n"}.items():
        land(file_type, HEADER + body, name)
    loaded, last = load_all(query, warehouse, file_type)
    assert loaded == ["a", "c"]
    assert statuses(query, file_type) == [("a", "Done"), ("b", "Fail"), ("c", "Done")]
    with raises_golden(
        AirflowFailException, "loading", "one of three files could not be loaded", "1 of 3", "/b: 1 of 1 row"
    ):
        run(last, TaskRun(file_type.dag_id, "run1", ""))


def test_merge_loads_nothing_after_a_bad_file(land: Land, query: Query, warehouse: Warehouse) -> None:
    """Replayed after a fix, the older rows of the bad file would replace newer ones."""
    file_type = type_of(select="all", table={"mode": "merge", "key": ["id"]})
    for name, body in {"a": b"1,Bern,1\n", "b": b"one,Bern,1\n", "c": b"1,Rome,1\n"}.items():
        land(file_type, HEADER + body, name)
    loaded, last = load_all(query, warehouse, file_type)
    assert loaded == ["a"]
    assert statuses(query, file_type) == [("a", "Done"), ("b", "Fail"), ("c", "Fail")]
    with raises_golden(
        AirflowFailException, "loading", "files after a failed one are not merged", "/c: copy_to_table", "/b"
    ):
        run(last, TaskRun(file_type.dag_id, "run1", ""))


def test_file_that_cannot_be_prepared_does_not_stop_the_others(land: Land, query: Query, warehouse: Warehouse) -> None:
    """prepare_files returns the reason, and copy_to_table fails the file and loads the others, also on a retry."""
    file_type = type_of(select="all")
    file_type = make_file_type(
        name=file_type.name,
        landing={"pattern": f"{file_type.name}/*", "select": "all"},
        format={"type": "csv", "header_lines": 1, "compression": "zip"},
    )
    good = packed({"a.csv": HEADER + b"1,Bern,1\n"}, "zip")
    for name, body in {"a": good, "b": good[:-30], "c": packed({"c.csv": HEADER + b"3,Bern,1\n"}, "zip")}.items():
        land(file_type, body, name)
    by = TaskRun(file_type.dag_id, "run1", "copy_to_table")
    files = waiting(query, file_type)
    warehouse.transaction(lambda current: claims.claim(current, [file["file_id"] for file in files], by))
    fit_table(warehouse, file_type)
    for _ in range(2):
        prepared = run(PrepareFilesOperator(task_id="prepare_files", file_type=file_type, files=files), by)
        assert [bool(each["list"]) for each in prepared] == [True, False, True]
        copy = CopyAllFromS3Operator(task_id="copy", file_type=file_type, files=files, prepared=prepared)
        assert [file["key"][-1] for file in run(copy, by)] == ["a", "c"]
    assert query(f"SELECT id FROM {file_type.table.name} ORDER BY id") == [(1,), (3,)]  # noqa: S608
    [(reason,)] = query(
        "SELECT status_reason FROM mng.files WHERE file_type = %s AND status = 'Fail'", (file_type.name,)
    )
    assert "b is not a readable .zip" in reason


def test_second_attempt_loads_only_the_remaining_files(land: Land, query: Query, warehouse: Warehouse) -> None:
    file_type = type_of(select="all")
    for name, body in {"a": b"1,Bern,1\n", "b": b"one,Bern,1\n", "c": b"3,Bern,1\n"}.items():
        land(file_type, HEADER + body, name)
    by = TaskRun(file_type.dag_id, "run1", "copy_to_table")
    files = waiting(query, file_type)
    warehouse.transaction(lambda current: claims.claim(current, [file["file_id"] for file in files], by))
    fit_table(warehouse, file_type)
    first = CopyAllFromS3Operator(task_id="copy_to_table", file_type=file_type, files=files[:2])
    again = CopyAllFromS3Operator(task_id="copy_to_table", file_type=file_type, files=files)
    assert [len(run(copy, by)) for copy in (first, again)] == [1, 2]
    assert query(f"SELECT id FROM {file_type.table.name} ORDER BY id") == [(1,), (3,)]  # noqa: S608


def test_run_without_a_good_file_fails_in_copy(land: Land, query: Query, warehouse: Warehouse) -> None:
    file_type = type_of(select="all")
    land(file_type, HEADER + b"one,Bern,1\n", "a")
    with pytest.raises(AirflowFailException, match=r"^copy_to_table: .*/a: 1 of 1 row was rejected"):
        load_all(query, warehouse, file_type)
    assert statuses(query, file_type) == [("a", "Fail")]


def test_failed_run_leaves_the_files_it_did_not_take(land: Land, query: Query, warehouse: Warehouse) -> None:
    """They get another run; a run that took no file fails all New files."""
    file_type = type_of(select="all", max_files=1)
    first, second = land(file_type, HEADER, "a"), land(file_type, HEADER, "b")
    ((now,),) = query("SELECT MAX(registered_at) FROM mng.files")
    values = {
        "dag_id": file_type.dag_id,
        "run_id": "run1",
        "file_type": file_type.name,
        "started_at": now,
        "ended_at": None,
    }
    taken = statement("mng/files_of_failed_run")
    assert [row[0] for row in query(taken, values)] == [first.file_id, second.file_id]
    by = TaskRun(file_type.dag_id, "run1", "")
    warehouse.transaction(lambda current: claims.claim(current, [first.file_id], by))
    assert [row[0] for row in query(taken, values)] == [first.file_id]
