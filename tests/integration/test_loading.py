"""One file's load: its rows are in the table once or not at all, and every rejected row is kept."""

from __future__ import annotations

import gzip
import io
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Any

import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg2.extensions import connection

from lakeport.airflow.retrying import is_worth_a_retry
from lakeport.errors import CopyStopped, ObjectChanged, StatusConflict, TooManyRejects, UnloadableFile
from lakeport.files import s3_objects
from lakeport.loading.one_file import FileLoad
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from lakeport.schema.file_type import FileType
from tests.integration.file_types import make_file_type
from tests.support.answers import Answers, both_ways
from tests.support.golden import raises_golden

PrepareLoad = Callable[..., FileLoad]
Query = Callable[..., list[tuple[Any, ...]]]

GOOD = b"id,city,price\n1,Bern,2.50\n2,Oslo,\n"
ONE_BAD = GOOD + b"three,Rome,1\n"


def rows_of(query: Query, file_type: FileType) -> list[tuple[Any, ...]]:
    return query(f"SELECT id, city, price FROM {file_type.table.name} ORDER BY id")  # noqa: S608


def test_rows_are_loaded_and_recorded(prepare_load: PrepareLoad, query: Query, file_type: FileType) -> None:
    load = prepare_load(file_type, GOOD)
    done = load.run()
    assert [(row[0], row[1], row[2] and float(row[2])) for row in rows_of(query, file_type)] == [
        (1, "Bern", 2.5),
        (2, "Oslo", None),
    ]
    recorded = query(
        "SELECT table_name, rows_in_file, rows_loaded, rows_rejected, loaded_at FROM mng.files WHERE file_id = %s",
        (load.file.file_id,),
    )
    assert recorded == [(file_type.table.name, 2, 2, 0, done.loaded_at)]
    assert query(f"SELECT DISTINCT _loaded_at FROM {file_type.table.name}") == [(done.loaded_at,)]  # noqa: S608


def test_columns_follow_the_header(prepare_load: PrepareLoad, query: Query, file_type: FileType) -> None:
    prepare_load(file_type, b"price,ID,city\n9.99,7,Lima\n").run()
    assert [(row[0], row[1], str(row[2])) for row in rows_of(query, file_type)] == [(7, "Lima", "9.99")]


def test_a_second_run_loads_nothing(prepare_load: PrepareLoad, query: Query, file_type: FileType) -> None:
    """A retry after a lost acknowledgement finds the load committed."""
    load = prepare_load(file_type, GOOD)
    first = load.run()
    assert load.run() == first
    assert len(rows_of(query, file_type)) == 2


def test_two_runs_at_once_load_once(prepare_load: PrepareLoad, query: Query, file_type: FileType) -> None:
    """A worker that was considered dead may still be running."""
    load = prepare_load(file_type, b"id,city,price\n" + b"".join(b"%d,Bern,1\n" % n for n in range(20_000)))
    with Warehouse(connect_to_redshift) as other, ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(each.run) for each in (load, replace(load, warehouse=other))]
        errors = [run.exception() for run in runs]
    assert all(error is None or isinstance(error, StatusConflict | psycopg2.Error) for error in errors)
    assert errors.count(None) >= 1
    assert query(f"SELECT COUNT(*), COUNT(DISTINCT id) FROM {file_type.table.name}") == [(20_000, 20_000)]  # noqa: S608


def test_one_reject_fails_the_file_by_default(
    prepare_load: PrepareLoad, query: Query, file_type: FileType, caplog: pytest.LogCaptureFixture
) -> None:
    load = prepare_load(file_type, ONE_BAD)
    with raises_golden(TooManyRejects, "loading", "too many rejected rows", load.file.key, "1 of 3 rows"):
        load.run()
    assert rows_of(query, file_type) == []
    assert rejected_rows(query, load) == [(4, "id", "three", "three,Rome,1")]
    assert f"{load.file.key}, line 4, column id, value 'three': Invalid digit" in caplog.text


def test_log_has_the_first_rejected_rows_unless_the_schema_hides_them(
    prepare_load: PrepareLoad, caplog: pytest.LogCaptureFixture
) -> None:
    bad = b"id,city,price\n" + b"".join(b"n%d,Rome,1\n" % number for number in range(12))
    for is_shown in (True, False):
        caplog.clear()
        load = prepare_load(make_file_type(rejects={"fail": "100%", "show": is_shown}), bad)
        load.run()
        assert caplog.text.count(", column id, value 'n") == 10 * is_shown
        assert (f"2 more rows: ./lakeport errors {load.file.file_id[:12]}" in caplog.text) is is_shown


@both_ways
def test_rejects_within_the_limit_are_kept_beside_the_load(
    prepare_load: PrepareLoad, query: Query, answers: Answers
) -> None:
    file_type = make_file_type(rejects={"fail": "40%"})
    load = prepare_load(file_type, ONE_BAD)
    done = load.run()
    assert (done.rows_in_file, done.rows_loaded, done.rows_rejected) == (3, 2, 1)
    row = (-1, "id", None, None) if answers else (4, "id", "three", "three,Rome,1")
    assert rejected_rows(query, load) == [row]


def test_rejects_are_recorded_once_although_the_attempt_is_repeated(
    prepare_load: PrepareLoad, query: Query, file_type: FileType
) -> None:
    load = prepare_load(file_type, ONE_BAD)
    for _ in range(2):
        with pytest.raises(TooManyRejects):
            load.run()
    assert len(rejected_rows(query, load)) == 1


def test_a_long_line_is_kept_whole(prepare_load: PrepareLoad, query: Query, file_type: FileType) -> None:
    """Redshift's own views keep 1,024 characters at most."""
    line = "1," + "x" * 3000 + ",2"
    load = prepare_load(file_type, b"id,city,price\n" + line.encode() + b"\n")
    with pytest.raises(TooManyRejects):
        load.run()
    assert [row[3] for row in rejected_rows(query, load)] == [line]


def test_the_registered_version_is_loaded_though_it_was_overwritten(
    prepare_load: PrepareLoad, query: Query, file_type: FileType
) -> None:
    load = prepare_load(file_type, GOOD)
    load.s3.put_object(Bucket=load.file.bucket, Key=load.file.key, Body=b"id,city,price\n99,Other,1\n")
    load.run()
    assert [row[0] for row in rows_of(query, file_type)] == [1, 2]


def test_file_overwritten_between_the_check_and_copy_is_loaded_as_registered(
    prepare_load: PrepareLoad, query: Query, file_type: FileType
) -> None:
    """COPY has read the newer version then, and must not commit."""
    load = replace(prepare_load(file_type, GOOD), s3=s3_objects.s3_client.__wrapped__())
    other = s3_objects.s3_client()

    def overwrite(**_: object) -> None:
        other.put_object(Bucket=load.file.bucket, Key=load.file.key, Body=b"id,city,price\n99,Other,1\n")

    load.s3.meta.events.register("after-call.s3.PutObject", overwrite)  # of the manifest
    load.run()
    assert [row[0] for row in rows_of(query, file_type)] == [1, 2]


def test_overwritten_file_of_a_bucket_without_versions_is_not_loaded(
    prepare_load: PrepareLoad, query: Query, file_type: FileType
) -> None:
    """What was registered is gone for good; what replaced it has its own event, and a deletion has none."""
    load = prepare_load(file_type, GOOD)
    bucket = f"unversioned-{uuid.uuid4().hex[:8]}"
    load.s3.create_bucket(Bucket=bucket)
    etag = load.s3.put_object(Bucket=bucket, Key=load.file.key, Body=GOOD)["ETag"].strip('"')
    file = replace(load.file, bucket=bucket, version_id=None, etag=etag)
    load = replace(load, file=file, sources=(file.source(),))
    load.s3.put_object(Bucket=bucket, Key=load.file.key, Body=b"id,city,price\n99,Other,1\n")
    with raises_golden(ObjectChanged, "loading", "object overwritten", f"{bucket}/{load.file.key}"):
        load.run()
    load.s3.delete_object(Bucket=bucket, Key=load.file.key)
    with raises_golden(ObjectChanged, "loading", "object deleted", f"{bucket}/{load.file.key}"):
        load.run()
    assert rows_of(query, file_type) == []
    load.s3.put_object(Bucket=bucket, Key=load.file.key, Body=GOOD)
    load.run()
    assert [row[0] for row in rows_of(query, file_type)] == [1, 2]


def test_a_header_that_does_not_fit_fails_with_the_difference(prepare_load: PrepareLoad, file_type: FileType) -> None:
    load = prepare_load(file_type, b"id,town,price\n1,Bern,2\n")
    with raises_golden(UnloadableFile, "loading", "header does not match", "city", "town"):
        load.run()


@pytest.mark.parametrize("key", ["it's.csv", 'a"b;DROP TABLE mng.files;--.csv', "ünï côdé+%20.csv", "a\nb.csv"])
def test_hostile_keys_are_ordinary(prepare_load: PrepareLoad, query: Query, file_type: FileType, key: str) -> None:
    prepare_load(file_type, GOOD, name=key).run()
    assert len(rows_of(query, file_type)) == 2


def test_only_the_named_object_is_loaded(prepare_load: PrepareLoad, query: Query, file_type: FileType) -> None:
    """COPY's bare path is a prefix: x.csv would load x.csv.bak too."""
    load = prepare_load(file_type, GOOD)
    load.s3.put_object(Bucket=load.file.bucket, Key=load.file.key + ".bak", Body=GOOD)
    load.run()
    assert len(rows_of(query, file_type)) == 2


def test_gzip_json_lines_and_parquet_load(prepare_load: PrepareLoad, query: Query) -> None:
    packed = make_file_type(format={"type": "csv", "compression": "gzip", "header_lines": 1})
    prepare_load(packed, gzip.compress(GOOD), name="t.csv.gz").run()
    lines = make_file_type(format={"type": "json"})
    prepare_load(lines, b'{"id": 1, "city": "Bern", "price": 2.5}\n{"id": 2, "city": "Oslo"}\n').run()
    columnar = make_file_type(format={"type": "parquet"})
    buffer = io.BytesIO()
    price = pa.array([None, None], pa.decimal128(8, 2))
    table = pa.table({"id": pa.array([1, 2], pa.int32()), "city": ["Bern", "Oslo"], "price": price})
    pq.write_table(table, buffer)
    prepare_load(columnar, buffer.getvalue(), name="t.parquet").run()
    for file_type in (packed, lines, columnar):
        assert [row[1] for row in rows_of(query, file_type)] == ["Bern", "Oslo"]


def test_a_truncated_gzip_fails_and_loads_nothing(prepare_load: PrepareLoad, query: Query) -> None:
    file_type = make_file_type(format={"type": "csv", "compression": "gzip"})
    data = gzip.compress(b"".join(b"%d,Bern,1\n" % n for n in range(50_000)))
    load = prepare_load(file_type, data[: len(data) // 2], name="t.csv.gz")
    with pytest.raises((UnloadableFile, psycopg2.Error)):
        load.run()
    assert rows_of(query, file_type) == []


def rejected_rows(query: Query, load: FileLoad) -> list[tuple[Any, ...]]:
    return query(
        "SELECT line_number, column_name, raw_value, raw_line FROM mng.load_errors WHERE file_id = %s",
        (load.file.file_id,),
    )


def test_registration_does_not_wait_for_a_running_load(
    prepare_load: PrepareLoad, land: Callable[..., object], query: Query, file_type: FileType
) -> None:
    """Registration locks mng.files, which a COPY of minutes must not hold."""
    load = prepare_load(file_type, b"id,city,price\n" + b"".join(b"%d,Bern,1\n" % n for n in range(500_000)))
    with Warehouse(connect_to_redshift) as other, ThreadPoolExecutor(1) as pool:
        running = pool.submit(replace(load, warehouse=other).run)
        while not query("SELECT 1 FROM sys_load_history WHERE status = 'running'"):
            assert not running.done()
        land(make_file_type(), GOOD)
        assert not running.done()
        assert running.result().rows_loaded == 500_000


def test_copy_that_redshift_stops_is_reported_and_worth_a_retry(
    prepare_load: PrepareLoad, query: Query, warehouse: Warehouse, file_type: FileType
) -> None:
    """As max_query_execution_time does, or somebody who cancels it."""
    load, is_locked, is_over = prepare_load(file_type, GOOD), Event(), Event()

    def connect_with_limit() -> connection:
        opened = connect_to_redshift()
        with opened, opened.cursor() as current:
            current.execute("SET statement_timeout TO 300")
        return opened

    def lock(current: Any) -> None:
        current.execute(f"LOCK TABLE {file_type.table.name} IN ACCESS EXCLUSIVE MODE")
        is_locked.set()
        is_over.wait()

    with ThreadPoolExecutor(1) as pool, Warehouse(connect_with_limit) as limited:
        holder = pool.submit(warehouse.transaction, lock)
        is_locked.wait()
        try:
            with pytest.raises(CopyStopped, match=r"COPY after \d s .*RedshiftMaxQuerySeconds") as raised:
                replace(load, warehouse=limited).run()
        finally:
            is_over.set()
            holder.result()
    assert is_worth_a_retry(raised.value)
    assert rows_of(query, file_type) == []


def test_rejects_of_an_earlier_copy_are_not_recorded_for_a_file_whose_copy_never_began(
    prepare_load: PrepareLoad, query: Query, warehouse: Warehouse
) -> None:
    """The session's last COPY is the earlier file's still."""
    file_type = make_file_type(rejects={"warn": 0, "fail": 1})
    prepare_load(file_type, b"id,city,price\n1,Bern,1\nx,Rome,1\n", name="a.csv").run()
    load = prepare_load(file_type, b"id,city,price\n2,Oslo,1\n", name="b.csv", run_id="run2")
    warehouse.transaction(lambda current: current.execute(f"DROP TABLE {file_type.table.name}"))
    with pytest.raises(psycopg2.Error):
        load.run()
    assert query("SELECT 1 FROM mng.load_errors WHERE file_id = %s", (load.file.file_id,)) == []
