# ruff: noqa: DTZ001 - a TIMESTAMP has no zone
"""Loading through COPY: sources, compression, formats, what is logged, and what is refused."""

import bz2
import datetime as dt
import gzip
import io
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg2
import psycopg2.errors
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from local.redshift.copy.formats.text import CHUNK_BYTES
from local.redshift.copy.threads import ReadAhead
from tests.support.golden import raises_golden

BAD_VALUE = "Invalid digit, Value 'x', Pos 0, Type: Integer"


def parquet(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda raw: gzip.compress(raw[:7]) + gzip.compress(raw[7:]),
    "bzip2": bz2.compress,
    "zstd": lambda raw: zstandard.compress(raw[:7]) + zstandard.compress(raw[7:]),
}


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_compressed_files_load_frame_after_frame(warehouse: Any, name: str) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(5))")
    warehouse.copy("t", f"compressed/{name}", COMPRESSIONS[name](b"1|x\n2|y\n"), name)
    assert warehouse.run("SELECT * FROM t ORDER BY a") == [(1, "x"), (2, "y")]


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_truncated_file_fails_the_load(warehouse: Any, name: str) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(5))")
    content = COMPRESSIONS[name](b"1|x\n" * 1000)
    with pytest.raises(psycopg2.InternalError, match=f"(?i){name}"):
        warehouse.copy("t", f"truncated/{name}", content[:-5], name)
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]
    assert warehouse.run("SELECT status FROM sys_load_history WHERE query_id = pg_last_copy_id()") == [("aborted",)]


def test_uncompressed_file_is_refused(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    with pytest.raises(psycopg2.InternalError, match="GZIP"):
        warehouse.copy("t", "plain.gz", "1\n", "GZIP")


def test_manifest_loads_exactly_its_files(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    for number in (1, 2):
        warehouse.stand_in.put(f"exact/{number}", f"{number}\n")
    warehouse.stand_in.put("exact/2.bak", "9\n")
    manifest = {"entries": [{"url": f"s3://landing/exact/{number}", "mandatory": True} for number in (1, 2)]}
    warehouse.copy("t", "exact.manifest", json.dumps(manifest), "MANIFEST")
    assert warehouse.run("SELECT a FROM t ORDER BY a") == [(1,), (2,)]
    scanned = "SELECT trim(file_name), lines_scanned FROM sys_load_detail WHERE query_id = pg_last_copy_id() ORDER BY 1"
    assert warehouse.run(scanned) == [("s3://landing/exact/1", 1), ("s3://landing/exact/2", 1)]


@pytest.mark.parametrize(
    ("case", "entries"),
    [
        ("a mandatory object is missing", [{"url": "s3://landing/none", "mandatory": True}]),
        ("all objects are missing", [{"url": "s3://landing/none"}]),
        ("an entry without url", [{"key": "x"}]),
        ("no list of entries", "x"),
    ],
)
def test_invalid_manifest_is_refused(warehouse: Any, case: str, entries: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    with raises_golden(psycopg2.InternalError, "stand_in", f"manifest: {case}") as caught:
        warehouse.copy("t", "bad.manifest", json.dumps({"entries": entries}), "MANIFEST")
    assert "code:      8001" in str(caught.value.diag.message_detail)


def test_missing_manifest_is_reported_with_the_service_error(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    with raises_golden(psycopg2.InternalError, "stand_in", "manifest: no object", "S3ServiceException"):
        warehouse.copy_from("t", "s3://landing/no.manifest", "MANIFEST")


def test_manifest_is_one_object_and_not_a_prefix(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    url = warehouse.stand_in.put("prefix.manifest", '{"entries": []}')
    with raises_golden(psycopg2.InternalError, "stand_in", "manifest: a prefix"):
        warehouse.copy_from("t", url.removesuffix("fest"), "MANIFEST")


def test_parquet_loads_by_position(warehouse: Any) -> None:
    warehouse.run(
        "CREATE TABLE t (i smallint, n decimal(8,2), d date, ts timestamp, tz timestamptz, b boolean, v varchar(5))"
    )
    moment = dt.datetime(2024, 1, 2, 3, 4, 5, 678)
    table = pa.table(
        {
            "x1": pa.array([1, None], pa.int64()),
            "x2": pa.array([Decimal("1.5"), None], pa.decimal128(10, 2)),
            "x3": pa.array([dt.date(2024, 1, 2), None]),
            "x4": pa.array([moment, None], pa.timestamp("us")),
            "x5": pa.array([moment, None], pa.timestamp("us", "UTC")),
            "x6": pa.array([True, None]),
            "x7": pa.array(["", None]).dictionary_encode(),
        }
    )
    warehouse.copy("t", "types.parquet", parquet(table), "FORMAT AS PARQUET")
    expected = (1, Decimal("1.50"), dt.date(2024, 1, 2), moment, moment.replace(tzinfo=dt.UTC), True, "")
    assert warehouse.run("SELECT * FROM t ORDER BY i") == [expected, (None,) * 7]


def test_parquet_manifest_needs_the_length_of_each_file(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    content = parquet(pa.table({"a": pa.array([1], pa.int32())}))
    url = warehouse.stand_in.put("meta.parquet", content)
    for meta in ({}, {"meta": {"content_length": 1}}):
        manifest = json.dumps({"entries": [{"url": url, **meta}]})
        with raises_golden(psycopg2.InternalError, "stand_in", f"Parquet manifest with {meta}"):
            warehouse.copy("t", "parquet.manifest", manifest, "FORMAT AS PARQUET MANIFEST")
    manifest = json.dumps({"entries": [{"url": url, "meta": {"content_length": len(content)}}]})
    warehouse.copy("t", "parquet.manifest", manifest, "FORMAT AS PARQUET MANIFEST")
    assert warehouse.run("SELECT * FROM t") == [(1,)]


@pytest.mark.parametrize(
    ("values", "column", "message"),
    [
        (pa.array(["x"]), "int", "has an incompatible Parquet schema for column"),
        (pa.array([70000]), "smallint", "has an incompatible Parquet schema for column"),
        (pa.array(["abcdef"]), "varchar(5)", "length of the data column"),
        (pa.array([None], pa.int32()), "int not null", "Missing data for not-null field"),
        (pa.array([[1]]), "varchar(5)", "is nested: SERIALIZETOJSON loads it"),
    ],
)
def test_parquet_that_does_not_fit_fails_the_command(
    warehouse: Any, values: pa.Array, column: str, message: str
) -> None:
    warehouse.run(f"CREATE TABLE t (a {column})")
    with raises_golden(psycopg2.InternalError, "stand_in", "Parquet or ORC cannot be loaded") as caught:
        warehouse.copy("t", "misfit.parquet", parquet(pa.table({"a": values})), "FORMAT PARQUET")
    assert message in str(caught.value.diag.message_detail)


def test_line_numbers_are_physical_lines_of_the_file(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(20))")
    content = 'a,b\n1,"two\nlines"\nx,bad\n3,fine\ny,bad\n'
    warehouse.copy("t", "lines.csv", content, "CSV IGNOREHEADER 1 MAXERROR 5")
    assert [(line, column) for line, column, *_ in warehouse.errors()] == [(4, "a"), (6, "a")]
    assert warehouse.run("SELECT * FROM t ORDER BY a") == [(1, "two\nlines"), (3, "fine")]


def test_rejected_record_is_kept_with_its_line_and_value(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(20), c date)")
    warehouse.copy("t", "raw.csv", "1,é,2024-13-01\n", "CSV MAXERROR 2")
    found = warehouse.run(
        "SELECT trim(raw_line), trim(raw_field_value), position, trim(type), trim(col_length), err_code"
        " FROM stl_load_errors WHERE query = pg_last_copy_id()"
    )
    assert found == [("1,.,2024-13-01", "2024-13-01", 4, "date", "0", 1205)]
    same = "SELECT error_code, trim(column_name) FROM sys_load_error_detail WHERE query_id = pg_last_copy_id()"
    assert warehouse.run(same) == [(1205, "c")]


def test_distant_bad_rows_of_a_large_file_keep_their_line_numbers(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(20))")
    rows = [b"%d,row %d" % (number, number) for number in range(1, 300_001)]
    bad = [1, 77_777, 150_000, 299_999, 300_000]
    for number in bad:
        rows[number - 1] = b"x,row"
    warehouse.copy("t", "large.csv", b"\n".join(rows), "CSV MAXERROR 10")
    assert warehouse.errors() == [(number, "a", 1207, BAD_VALUE) for number in bad]
    assert warehouse.run("SELECT count(*), min(a), max(a) FROM t") == [(299_995, 2, 299_998)]
    assert warehouse.run("SELECT pg_last_copy_count()") == [(299_995,)]


def test_conversion_options_act_on_rows_of_both_paths(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, v varchar(4), c char(2), d date, n decimal(6,1))")
    good = "1,abcdef,xyz,12/31/2024,1.99\n2,   ,  ,,\n3,NA,NA,NA,NA\n"
    options = "CSV TRUNCATECOLUMNS BLANKSASNULL EMPTYASNULL DATEFORMAT 'MM/DD/YYYY' NULL AS 'NA' ROUNDEC MAXERROR 2"
    warehouse.copy("t", "options.csv", good + "x,,,,\n", options)
    assert warehouse.run("SELECT * FROM t ORDER BY a") == [
        (1, "abcd", "xy", dt.date(2024, 12, 31), Decimal("2.0")),
        (2, None, None, None, None),
        (3, None, None, None, None),
    ]


def test_rehearsal_reports_and_loads_nothing(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    with raises_golden(psycopg2.InternalError, "stand_in", "load failed", "'t'"):
        warehouse.copy("t", "rehearsal", "1\nx\n", "NOLOAD")
    assert len(warehouse.errors()) == 1
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]


def test_ignoring_all_errors_loads_the_rest(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.copy("t", "ignored", "x\n" * 500 + "1\n", "IGNOREALLERRORS")
    assert warehouse.run("SELECT a FROM t") == [(1,)]
    assert len(warehouse.errors()) == 500


def test_super_stores_json(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, s super)")
    warehouse.copy("t", "super.json", '{"a": 1, "s": {"b": [1, "x"]}} {"a": 2, "s": "text"}', "JSON 'auto'")
    assert warehouse.run("SELECT a, s FROM t ORDER BY a") == [(1, '{"b":[1,"x"]}'), (2, '"text"')]


def test_input_of_super_takes_the_arguments_that_the_engine_passes(warehouse: Any) -> None:
    """With fewer the engine reads beyond the list of their types, and crashes now and then."""
    query = "SELECT p.pronargs FROM pg_proc p JOIN pg_type t ON t.typinput::oid = p.oid WHERE t.typname = 'super'"
    assert warehouse.run(query) == [(3,)]


def test_json_line_is_the_last_line_of_the_document(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    warehouse.copy("t", "multi.json", '{"a": 1}\n{"a":\n"x"}\njunk\n{"a": 2}\n', "JSON 'auto' MAXERROR 5")
    assert [(line, code) for line, _, code, _ in warehouse.errors()] == [(3, 1207), (4, 1216)]
    assert warehouse.run("SELECT a FROM t ORDER BY a") == [(1,), (2,)]


def test_missing_table_is_named(warehouse: Any) -> None:
    with raises_golden(psycopg2.InternalError, "stand_in", "no such table", "nothing"):
        warehouse.copy("nothing", "f", "1\n")


def test_temporary_and_uncommitted_tables_are_seen(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE #stage (a int)")
    warehouse.copy("#stage", "stage", "1\n")
    warehouse.run("BEGIN")
    warehouse.run("CREATE TABLE fresh (LIKE #stage)")
    warehouse.copy("fresh", "stage", "1\n")
    warehouse.run("COMMIT")
    assert warehouse.run("SELECT * FROM #stage UNION ALL SELECT * FROM fresh") == [(1,), (1,)]


def test_a_table_the_user_may_not_fill_is_refused(warehouse: Any, stand_in: Any) -> None:
    with raises_golden(psycopg2.Error, "stand_in", "no right to fill a table", "loads"):
        warehouse.copy("pg_internal.loads", "f", "1\n")


def test_other_files_of_a_failed_load_report_their_first_error(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    for number in range(3):
        warehouse.stand_in.put(f"slices/{number}", "x\nx\n")
    with pytest.raises(psycopg2.InternalError):
        warehouse.copy_from("t", "s3://landing/slices/")
    assert [line for line, *_ in warehouse.errors()] == [1, 1, 1]


@pytest.mark.parametrize("options", ["SHAPEFILE", "MASTER_SYMMETRIC_KEY 'x'", "ENCRYPTED"])
def test_unsupported_option_is_refused_as_unsupported(warehouse: Any, options: str) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    with raises_golden(
        psycopg2.errors.FeatureNotSupported,
        "stand_in",
        f"COPY option {options.split(maxsplit=1)[0]}",
        options.split(maxsplit=1)[0],
    ):
        warehouse.copy("t", "f", "1\n", options)


def test_sysdate_default_is_one_moment_for_all_rows_of_a_load(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, _loaded_at timestamp DEFAULT SYSDATE)")
    warehouse.run("BEGIN")
    warehouse.copy("t(a)", "moment", "1\n2\n")
    assert warehouse.run("SELECT count(*) FROM t WHERE _loaded_at = SYSDATE") == [(2,)]
    warehouse.run("COMMIT")


def test_engine_that_refuses_a_row_fails_the_load_in_its_own_words(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, b int)")
    with warehouse.stand_in.engine() as cursor:
        cursor.execute(f"CREATE UNIQUE INDEX ON {warehouse.run('SELECT current_schema()')[0][0]}.t (a)")
    content = "".join(f"{number}|1\n" for number in [*range(200_000), 0, *range(200_000, 400_000)])
    with pytest.raises(psycopg2.errors.UniqueViolation):
        warehouse.copy("t", "refused", content)
    assert warehouse.run("SELECT count(*), pg_last_copy_count() FROM t") == [(0, 0)]
    assert warehouse.run("SELECT status FROM sys_load_history WHERE query_id = pg_last_copy_id()") == [("aborted",)]


def test_an_error_of_a_chunk_read_ahead_follows_the_chunks_before_it() -> None:
    class Broken:
        chunks = iter([b"a" * CHUNK_BYTES, b"b" * CHUNK_BYTES])

        def read(self, size: int = -1, /) -> bytes:  # noqa: ARG002
            if (chunk := next(self.chunks, None)) is None:
                raise OSError("reset")
            return chunk

    stream = ReadAhead(Broken())
    assert [stream.read(CHUNK_BYTES)[:1], stream.read(CHUNK_BYTES)[:1]] == [b"a", b"b"]
    with pytest.raises(OSError, match="reset"):
        stream.read(CHUNK_BYTES)
    stream.close()
    assert ReadAhead(io.BytesIO(b"ab")).read(CHUNK_BYTES) == b"ab"


def test_stream_is_read_in_pieces_of_any_size() -> None:
    """Avro reads a block of any size, also that of a chunk, after the few bytes that give its length."""
    content = bytes(range(256)) * (3 * CHUNK_BYTES // 256)
    stream, plain = ReadAhead(io.BytesIO(content)), io.BytesIO(content)
    assert all(stream.read(size) == plain.read(size) for size in (7, CHUNK_BYTES, 5, CHUNK_BYTES, CHUNK_BYTES))
