"""Formats, compressions and encodings beyond plain text: what each loads, and what its damage does."""

import io
import json
from pathlib import Path
from typing import Any

import fastavro
import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import orc

from tests.support.golden import raises_golden

LZOP_SAMPLE = Path(__file__).parent / "samples" / "400_rows.txt.lzo"  # made by lzop 1.04
RECORD = {
    "type": "record",
    "name": "event",
    "fields": [
        {"name": "a", "type": ["null", "int"]},
        {"name": "b", "type": {"type": "enum", "name": "colour", "symbols": ["red", "blue"]}},
        {"name": "c", "type": {"type": "map", "values": "int"}},
        {"name": "d", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}


def avro(schema: Any, records: list[Any], codec: str = "null") -> bytes:
    file = io.BytesIO()
    fastavro.writer(file, schema, records, codec=codec)
    return file.getvalue()


def written(write: Any, table: pa.Table) -> bytes:
    file = io.BytesIO()
    write(table, file)
    return file.getvalue()


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_avro_records_load_by_name(warehouse: Any, codec: str) -> None:
    warehouse.run("CREATE TABLE t (d timestamp, c varchar(30), b varchar(5), a int)")
    record = {"a": 1, "b": "red", "c": {"x": 1}, "d": 86_400_000}
    content = avro(RECORD, [record, record | {"a": None}], codec)
    warehouse.copy("t", "f.avro", content, "FORMAT AS AVRO 'auto' TIMEFORMAT 'epochmillisecs'")
    rows = warehouse.run("SELECT d::varchar, c, b, a FROM t ORDER BY a")
    assert rows == [("1970-01-02 00:00:00", '{"x":1}', "red", 1), ("1970-01-02 00:00:00", '{"x":1}', "red", None)]
    assert warehouse.run("SELECT file_format FROM sys_load_history WHERE query_id = pg_last_copy_id()") == [("avro",)]


def test_bad_value_in_avro_is_a_load_error_with_the_number_of_its_record(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a smallint)")
    schema = {"type": "record", "name": "r", "fields": [{"name": "a", "type": "int"}]}
    warehouse.copy("t", "bad.avro", avro(schema, [{"a": 1}, {"a": 70000}]), "FORMAT AVRO MAXERROR 2")
    assert [error[:3] for error in warehouse.errors()] == [(2, "a", 1222)]


@pytest.mark.parametrize("content", [b"", b"x", b"Obj\x01" + b"x" * 40, avro(RECORD, [])[:-9], avro("int", [1])])
def test_file_that_is_not_avro_fails_the_command(warehouse: Any, content: bytes) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    with pytest.raises(psycopg2.InternalError, match="AVRO"):
        warehouse.copy("t", "damaged.avro", content, "FORMAT AVRO 'auto'")
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]


def test_orc_columns_load_by_position(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (x int, y varchar(5), z date)")
    table = pa.table({"a": pa.array([1, None], pa.int32()), "b": ["é", "b"], "c": pa.array([0, 1], pa.date32())})
    warehouse.copy("t", "f.orc", written(orc.write_table, table), "FORMAT AS ORC")
    assert warehouse.run("SELECT x, y, z::varchar FROM t ORDER BY x") == [
        (1, "é", "1970-01-01"),
        (None, "b", "1970-01-02"),
    ]


@pytest.mark.parametrize("file_format", ["ORC", "PARQUET"])
def test_damaged_columnar_file_fails_the_command(warehouse: Any, file_format: str) -> None:
    warehouse.run("CREATE TABLE t (x int)")
    write = orc.write_table if file_format == "ORC" else pq.write_table
    good = written(write, pa.table({"a": pa.array(range(1000), pa.int32())}))
    for content in (b"", b"junk", good[:-20], good[:20] + b"\xff" * 40 + good[60:]):
        with raises_golden(psycopg2.InternalError, "stand_in", "Parquet or ORC cannot be loaded"):
            warehouse.copy("t", "damaged", content, f"FORMAT {file_format}")
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]


def test_nested_columns_load_into_super_with_serializetojson(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a super)")
    content = written(pq.write_table, pa.table({"a": [[{"b": 1}], None]}))
    warehouse.copy("t", "nested.parquet", content, "FORMAT PARQUET SERIALIZETOJSON")
    assert warehouse.run("SELECT a FROM t ORDER BY a IS NULL") == [('[{"b":1}]',), (None,)]


def test_parquet_takes_maxerror_0(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    content = written(pq.write_table, pa.table({"a": pa.array([1], pa.int32())}))
    warehouse.copy("t", "maxerror.parquet", content, "FORMAT PARQUET MAXERROR 0")
    with pytest.raises(psycopg2.Error, match=r"MAXERROR.*PARQUET"):
        warehouse.copy("t", "maxerror.parquet", content, "FORMAT PARQUET MAXERROR 5")


def test_years_without_four_digits_load_from_parquet(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (d date, s timestamp, z timestamptz)")
    far = 1_000_000_000_000_000_000
    moments = [pa.array([far, 0, -63_000_000_000_000_000], pa.timestamp("us", zone)) for zone in (None, "UTC")]
    days = pa.array([11_574_074, 0, -2_440_588], pa.date32())
    content = written(pq.write_table, pa.table({"d": days, "s": moments[0], "z": moments[1]}))
    warehouse.copy("t", "years.parquet", content, "FORMAT PARQUET")
    found = warehouse.run("SELECT d::varchar, s::varchar, z::varchar FROM t ORDER BY s")
    assert found == [
        ("4714-11-24 BC", "0028-08-11 08:00:00 BC", "0028-08-11 08:00:00+00 BC"),
        ("1970-01-01", "1970-01-01 00:00:00", "1970-01-01 00:00:00+00"),
        ("33658-09-27", "33658-09-27 01:46:40", "33658-09-27 01:46:40+00"),
    ]
    late = pa.table({"d": pa.array([106_762_940], pa.date32()), "s": moments[0][:1], "z": moments[1][:1]})
    beyond = written(pq.write_table, late)
    with pytest.raises(psycopg2.Error, match="Value out of range"):
        warehouse.copy("t", "beyond.parquet", beyond, "FORMAT PARQUET")


def test_file_of_lzop_loads(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(5))")
    warehouse.copy("t", "f.lzo", LZOP_SAMPLE.read_bytes() * 2, "LZOP")
    assert warehouse.run("SELECT count(*), sum(a), min(b) FROM t") == [(800, 798, "row")]


@pytest.mark.parametrize("damage", [lambda raw: raw[:-5], lambda raw: raw[:60] + b"\xff" + raw[61:], lambda _: b"1|x"])
def test_damaged_file_of_lzop_fails_the_load(warehouse: Any, damage: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(5))")
    with pytest.raises(psycopg2.InternalError, match="LZOP"):
        warehouse.copy("t", "damaged.lzo", damage(LZOP_SAMPLE.read_bytes()), "LZOP")
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]


@pytest.mark.parametrize(
    ("name", "codec"),
    [("UTF16", "utf-16"), ("UTF16LE", "utf-16-le"), ("UTF16BE", "utf-16-be"), ("ISO88591", "latin-1")],
)
def test_other_encodings_are_stored_as_utf8(warehouse: Any, name: str, codec: str) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(5))")
    warehouse.copy("t", f"{name}.txt", "1|é\n2|ü\n".encode(codec), f"ENCODING {name}")
    assert warehouse.run("SELECT * FROM t ORDER BY a") == [(1, "é"), (2, "ü")]


@pytest.mark.parametrize(("name", "content"), [("UTF16", b"1|x\n"), ("UTF16LE", b"1\x00\x00\xd8x\x00\n\x00")])
def test_file_in_another_encoding_is_left_out_with_error_1221(warehouse: Any, name: str, content: bytes) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(5))")
    warehouse.copy("t", "encoding.txt", content, f"ENCODING AS '{name}' MAXERROR 2")
    assert [code for _, _, code, _ in warehouse.errors()] == [1221]
    assert warehouse.run("SELECT count(*) FROM t") == [(0,)]


def test_replacements_are_reported_and_recorded(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(5))")
    notices = warehouse.copy("t", "replaced.txt", b"1|x\n2|\xff\xfe\n", "ACCEPTINVCHARS AS '^'")
    assert "1 record(s) were loaded with replacements made for ACCEPTINVCHARS" in notices[-1]
    assert warehouse.run("SELECT b FROM t ORDER BY a") == [("x",), ("^^",)]
    for view, query in (("stl_replacements", "query"), ("sys_copy_replacements", "query_id")):
        column = "colname" if query == "query" else "column_name"
        found = warehouse.run(
            f"SELECT line_number, trim({column}), trim(raw_line) FROM {view} WHERE {query} = pg_last_copy_id()"  # noqa: S608
        )
        assert found == [(2, "b", "2|..")]


def test_json_lines_with_bad_rows_keep_their_line_numbers(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int, b varchar(5))")
    lines = [json.dumps({"a": number, "b": "x"}) for number in range(100)]
    lines[10], lines[50] = '{"a": "no"}', '{"b": "too long"}'
    warehouse.copy("t", "bad.json", "\n".join(lines), "JSON 'auto' MAXERROR 5")
    assert [error[:3] for error in warehouse.errors()] == [(11, "a", 1207), (51, "b", 1204)]
    assert warehouse.run("SELECT count(*), sum(a) FROM t") == [(98, sum(range(100)) - 60)]
