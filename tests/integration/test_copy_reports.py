"""Rejected rows are never lost, however late or unlike the documentation Redshift's views show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg2.extensions import connection

from lakeport.airflow.retrying import is_worth_a_retry
from lakeport.errors import LakeportError, RejectsNotReported, TooManyRejects, UnloadableFile
from lakeport.loading import copy_reports
from lakeport.loading.copy_reports import copy_session, rows_rejected
from lakeport.loading.files_to_load import FileToLoad
from lakeport.loading.finishing import mark_done
from lakeport.loading.many_files import BatchLoad
from lakeport.loading.one_file import FileLoad
from lakeport.mng.load_records import Load
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from tests.integration.file_types import make_file_type
from tests.support.answers import answering
from tests.support.golden import raises_golden

PrepareLoad = Callable[..., FileLoad]
Query = Callable[..., list[tuple[Any, ...]]]
Answering = Callable[..., Any]
THREE_BAD = b"id,city,price\nx,Oslo,1\n1,Bern,2.50\n2,Rome,1\ny,Rome,1\nz,Rome,1\n"
MANY = {"rejects": {"warn": 0, "fail": "90%"}}


def run(load: FileLoad, **settings: object) -> Load:
    with answering(**settings) as warehouse:
        return replace(load, warehouse=warehouse).run()


def rejected(query: Query, load: FileLoad) -> list[tuple[Any, ...]]:
    return query(
        "SELECT line_number, column_name, raw_line FROM mng.load_errors WHERE file_id = %s ORDER BY 1, 3",
        (load.file.file_id,),
    )


@pytest.mark.parametrize("settings", [{"views_late_seconds": 2}, {"id_offset": 1000}])
def test_views_that_are_late_or_have_other_ids_lose_nothing(
    prepare_load: PrepareLoad, query: Query, settings: dict[str, object]
) -> None:
    load = prepare_load(make_file_type(**MANY), THREE_BAD)
    done = run(load, **settings)
    assert (done.rows_in_file, done.rows_loaded, done.rows_rejected) == (5, 2, 3)
    assert rejected(query, load) == [(2, "id", "x,Oslo,1"), (5, "id", "y,Rome,1"), (6, "id", "z,Rome,1")]


def test_settings_of_the_user_change_no_value_and_lose_no_rejected_row(prepare_load: PrepareLoad, query: Query) -> None:
    """ALTER USER ... SET may give a session another time zone and another order of day and month."""
    columns = [{"name": "id", "type": "integer"}, {"name": "at", "type": "timestamptz"}]
    load = prepare_load(make_file_type(columns=columns, **MANY), b"id,at\n1,2024-02-03 04:05:06\nx,2024-02-03\n")

    def connect() -> connection:
        opened = connect_to_redshift()
        with opened, opened.cursor() as current:
            current.execute("SET timezone TO 'America/New_York'")
            current.execute("SET datestyle TO 'SQL, DMY'")
        return opened

    with Warehouse(connect) as warehouse:
        replace(load, warehouse=warehouse).run()
    assert query(f"SELECT id, at FROM {load.file_type.table.name}") == [  # noqa: S608
        (1, datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC))
    ]
    assert rejected(query, load) == [(3, "id", "x,2024-02-03")]


def test_views_that_never_show_the_rejected_rows_roll_the_load_back_until_they_do(
    prepare_load: PrepareLoad, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy_reports, "VIEWS_WITHIN_SECONDS", 1)
    load = prepare_load(make_file_type(**MANY), THREE_BAD)
    with pytest.raises(RejectsNotReported, match=r"3 rows.* 0 of them") as raised:
        run(load, views_late_seconds=3600)
    assert is_worth_a_retry(raised.value)
    table = load.file_type.table.name
    assert query(f"SELECT COUNT(*) FROM {table}") == [(0,)]  # noqa: S608
    assert query("SELECT status, loaded_at FROM mng.files WHERE file_id = %s", (load.file.file_id,)) == [
        ("In Progress", None)
    ]
    assert run(load).rows_rejected == 3
    assert query(f"SELECT COUNT(*) FROM {table}") == [(2,)]  # noqa: S608


def finish(load: FileLoad) -> None:
    load.warehouse.transaction(lambda current: mark_done(current, [load.file], load.by, load.file_type))


def test_file_whose_rejected_rows_are_late_is_done_with_all_of_them(
    prepare_load: PrepareLoad, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20 of the 60 seconds for which a load waits, at a tenth of their length."""
    monkeypatch.setattr(copy_reports, "VIEWS_WITHIN_SECONDS", 6)
    load = prepare_load(make_file_type(**MANY), THREE_BAD)
    run(load, views_late_seconds=2)
    finish(load)

    status = query("SELECT status, rows_loaded, rows_rejected FROM mng.files WHERE file_id = %s", (load.file.file_id,))
    assert status == [("Done", 2, 3)]
    assert len(rejected(query, load)) == 3


def test_file_whose_rejected_rows_never_come_is_never_done(
    prepare_load: PrepareLoad, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy_reports, "VIEWS_WITHIN_SECONDS", 0.5)
    load = prepare_load(make_file_type(**MANY), THREE_BAD)
    for _ in range(2):
        with pytest.raises(RejectsNotReported):
            run(load, views_late_seconds=3600)
        with raises_golden(LakeportError, "loading", "Done before the load", load.file.key):
            finish(load)

    assert query("SELECT status FROM mng.files WHERE file_id = %s", (load.file.file_id,)) == [("In Progress",)]
    assert query(f"SELECT COUNT(*) FROM {load.file_type.table.name}") == [(0,)]  # noqa: S608


@pytest.mark.parametrize(("choice", "lines"), [("all", [-1, -1, -1]), ("split", [-1, -1, 2])])
def test_every_row_without_a_line_number_is_kept(
    prepare_load: PrepareLoad, query: Query, choice: str, lines: list[int]
) -> None:
    load = prepare_load(make_file_type(**MANY), THREE_BAD)
    done = run(load, unknown_lines=choice)
    assert (done.rows_in_file, done.rows_rejected) == (5, 3)
    assert [line for line, _, _ in rejected(query, load)] == lines


def test_rows_without_a_line_number_count_towards_the_limit(prepare_load: PrepareLoad, query: Query) -> None:
    load = prepare_load(make_file_type(rejects={"warn": 0, "fail": 2}), THREE_BAD)
    with pytest.raises(TooManyRejects, match="3 of 5 "):
        run(load, unknown_lines="all")
    assert len(rejected(query, load)) == 3


def test_failed_copy_keeps_its_rejected_rows_when_views_are_late_and_ids_differ(
    prepare_load: PrepareLoad, query: Query
) -> None:
    load = prepare_load(make_file_type(rejects={"warn": 0, "fail": 1}), THREE_BAD)
    with pytest.raises(UnloadableFile):
        run(load, views_late_seconds=1, id_offset=1000)
    assert [line for line, _, _ in rejected(query, load)][:1] == [2]


def test_count_of_a_copy_without_notices_is_that_of_the_history(prepare_load: PrepareLoad, query: Query) -> None:
    load = prepare_load(make_file_type(**MANY), THREE_BAD)
    url = f"s3://{load.file.bucket}/{load.file.key}"

    def count(current: Any) -> int:
        session = copy_session(current)
        current.execute("CREATE TEMP TABLE t (id INTEGER, city VARCHAR(8), price DECIMAL(8,2))")
        current.execute(f"COPY t FROM '{url}' IAM_ROLE default CSV IGNOREHEADER 1 MAXERROR 9")
        return rows_rejected(current, session, [])

    with answering(views_late_seconds=1) as warehouse:
        assert warehouse.transaction(count) == 3


def test_several_files_of_one_copy_wait_for_late_views(prepare_load: PrepareLoad, query: Query) -> None:
    one = prepare_load(make_file_type(landing={"pattern": "trips/*", "select": "all"}, **MANY), THREE_BAD)
    other = prepare_load(one.file_type, b"id,city,price\n7,Bern,1\n", name="other.csv")
    files = tuple(FileToLoad(load.file, load.sources) for load in (one, other))
    with answering(views_late_seconds=1, id_offset=1000) as warehouse:
        BatchLoad(one.file_type, files, one.by, warehouse, one.s3).run()
    counts = query(
        "SELECT rows_in_file, rows_loaded, rows_rejected FROM mng.files WHERE file_type = %s ORDER BY 1",
        (one.file_type.name,),
    )
    assert counts == [(1, 1, 0), (5, 2, 3)]
