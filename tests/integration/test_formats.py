# ruff: noqa: DTZ001 - a cell has no zone
"""Every format and compression from landing to table: prepared if COPY cannot read it, loaded, rejected rows kept."""

from __future__ import annotations

import bz2
import gzip
import io
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.orc as pa_orc
import pyarrow.parquet as pq
import pytest
import zstandard

from lakeport.errors import TooManyRejects, UnloadableFile
from lakeport.loading.one_file import FileLoad
from lakeport.schema.file_type import FileType
from tests.integration.callables import Bring
from tests.integration.file_types import make_file_type
from tests.support.archives import packed
from tests.support.lzop_files import packed as lzop_packed
from tests.support.workbooks import workbook

Query = Callable[..., list[tuple[Any, ...]]]

GOOD = b"id,city,price\n1,Bern,2.50\n2,Oslo,\n"
ROWS = [(1, "Bern", "2.50"), (2, "Oslo", None)]


def rows_of(query: Query, file_type: FileType) -> list[tuple[Any, ...]]:
    rows = query(f"SELECT id, city, price FROM {file_type.table.name} ORDER BY id")  # noqa: S608
    return [(*row[:2], row[2] if row[2] is None else str(row[2])) for row in rows]


def rejected_rows(query: Query, load: FileLoad) -> list[tuple[Any, ...]]:
    text = "SELECT line_number, column_name, raw_value, raw_line, error_reason FROM mng.load_errors WHERE file_id = %s"
    return sorted(query(text, (load.file.file_id,)))


@pytest.mark.parametrize("compression", ["zip", "tar", "tar.gz"])
def test_members_of_an_archive_are_one_load(bring: Bring, query: Query, compression: str) -> None:
    file_type = make_file_type(format={"type": "csv", "header_lines": 1, "compression": compression, "member": "d/*"})
    members = {"d/a.csv": b"id,city,price\n1,Bern,2.50\n", "d/b.csv": b"ID,City,Price\n2,Oslo,\n", "c": b"other"}

    done = bring(file_type, packed(members, compression)).run()

    assert (done.rows_loaded, rows_of(query, file_type)) == (2, ROWS)


def test_rejected_rows_are_those_of_their_member(bring: Bring, query: Query) -> None:
    file_type = make_file_type(format={"type": "csv", "header_lines": 1, "compression": "zip"}, rejects={"fail": 2})
    bad = {"a.csv": GOOD + b"three,Rome,1\n", "d/b.csv": b"id,city,price\n4,Lima,1\nfive,Riga,2\n"}
    load = bring(file_type, packed(bad, "zip"))

    done = load.run()

    assert (done.rows_loaded, done.rows_rejected) == (3, 2)
    assert [row[:4] for row in rejected_rows(query, load)] == [
        (3, "id", "five", "five,Riga,2"),
        (4, "id", "three", "three,Rome,1"),
    ]
    assert [row[4].split(": ")[0] for row in rejected_rows(query, load)] == ["d/b.csv", "a.csv"]


def test_too_many_rejects_of_any_member_leave_nothing(bring: Bring, query: Query) -> None:
    file_type = make_file_type(format={"type": "csv", "compression": "zip"})

    with pytest.raises(TooManyRejects, match="1 of 2 "):
        bring(file_type, packed({"a.csv": b"1,Bern,2\n", "b.csv": b"x,Oslo,\n"}, "zip")).run()

    assert rows_of(query, file_type) == []


@pytest.mark.parametrize(
    ("second", "values"),
    [
        (b"city,id,price\nOslo,2,\n", "a.csv .*b.csv"),
        (b"id,town,price\n2,Oslo,\n", "b.csv: .*city.* town.*format.member"),
        (b"", "b.csv .*line 1"),
    ],
)
def test_headers_of_members_must_agree(bring: Bring, query: Query, second: bytes, values: str) -> None:
    file_type = make_file_type(format={"type": "csv", "header_lines": 1, "compression": "zip"})

    with pytest.raises(UnloadableFile, match=values):
        bring(file_type, packed({"a.csv": GOOD, "b.csv": second}, "zip")).run()

    assert rows_of(query, file_type) == []


COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "required": True},
    {"name": "city", "type": "varchar(20)"},
    {"name": "price", "type": "decimal(8,2)"},
]
LINES = b'{"id": 1, "city": "Bern", "price": 2.5}\n{"id": 2, "city": "Oslo"}\n'


def parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(arrow_table(), buffer)
    return buffer.getvalue()


def orc() -> bytes:
    buffer = io.BytesIO()
    pa_orc.write_table(arrow_table(), buffer)
    return buffer.getvalue()


def arrow_table() -> pa.Table:
    price = pa.array([Decimal("2.50"), None], pa.decimal128(8, 2))
    return pa.table({"id": pa.array([1, 2], pa.int32()), "city": ["Bern", "Oslo"], "price": price})


def avro(names: Sequence[str] = ("id", "city", "price")) -> bytes:
    """Write an Avro container file of one block, as its specification says."""

    def text(value: bytes) -> bytes:
        return long(len(value)) + value

    def long(value: int) -> bytes:
        return bytes([value << 1]) if value < 64 else bytes([(value << 1) & 0x7F | 0x80, value >> 6])

    types = ["int", "string", ["null", "string"]]
    fields = [{"name": name, "type": type_} for name, type_ in zip(names, types, strict=True)]
    schema = json.dumps({"type": "record", "name": "trip", "fields": fields}).encode()
    rows = long(1) + text(b"Bern") + long(1) + text(b"2.50") + long(2) + text(b"Oslo") + long(0)
    header = b"Obj\x01" + long(2) + text(b"avro.schema") + text(schema) + text(b"avro.codec") + text(b"null") + b"\0"
    return header + b"S" * 16 + long(2) + text(rows) + b"S" * 16


PATHS = ["$.trip.id", "$.at[0]", "$.price"]
NESTED = b'{"trip": {"id": 1}, "at": ["Bern"], "price": 2.5}\n{"trip": {"id": 2}, "at": ["Oslo"]}\n'
FORMATS: dict[str, tuple[dict[str, Any], bytes]] = {
    "csv": ({"type": "csv", "header_lines": 1}, GOOD),
    "delimited": ({"type": "delimited"}, b"1|Bern|2.50\n2|Oslo|\n"),
    "fixed_width": ({"type": "fixed_width"}, b"001Bern  2.50\n002Oslo      \n"),
    "json": ({"type": "json"}, LINES),
    "json, any case": ({"type": "json", "ignorecase": True}, LINES.replace(b"city", b"City").replace(b"id", b"ID")),
    "json, by paths": ({"type": "json", "jsonpaths": PATHS}, NESTED),
    "json, an array": ({"type": "json", "layout": "array"}, b"[" + LINES.replace(b"}\n{", b"},\n{") + b"]"),
    "xlsx": ({"type": "xlsx", "header_lines": 1}, workbook([["id", "city", "price"], [1, "Bern", 2.5], [2, "Oslo"]])),
    "parquet": ({"type": "parquet"}, parquet()),
    "orc": ({"type": "orc"}, orc()),
    "avro": ({"type": "avro"}, avro()),
    "avro, any case": ({"type": "avro", "ignorecase": True}, avro(("ID", "City", "Price"))),
    "avro, by paths": ({"type": "avro", "jsonpaths": ["$.a", "$.b", "$.c"]}, avro(("a", "b", "c"))),
}
ENCODINGS = ["utf16", "utf16le", "utf16be", "iso88591", "cp1252", "iso8859_15", "cp437", "utf-32"]


def with_columns(name: str, **changes: Any) -> tuple[FileType, bytes]:
    """Return a type that takes the format's sample, and the sample."""
    format_, body = FORMATS[name]
    widths: Iterable[int | None] = (3, 6, 4) if name == "fixed_width" else (None, None, None)
    columns: list[dict[str, Any]] = [{**column, "width": width} for column, width in zip(COLUMNS, widths, strict=True)]
    return make_file_type(format={**format_, **changes}, columns=columns), body


def stripped(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Remove the blanks that fill a field of fixed width."""
    return [(row[0], row[1].rstrip(), row[2]) for row in rows]


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_loads(bring: Bring, query: Query, name: str) -> None:
    file_type, body = with_columns(name)

    bring(file_type, body).run()

    assert stripped(rows_of(query, file_type)) == ROWS


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_loads_from_an_archive(bring: Bring, query: Query, name: str) -> None:
    file_type, body = with_columns(name, compression="zip")

    bring(file_type, packed({"data/1.dat": body}, "zip")).run()

    assert stripped(rows_of(query, file_type)) == ROWS


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "zstd": zstandard.compress,
    "lzop": lzop_packed,
}


@pytest.mark.parametrize("name", ["csv", "delimited", "fixed_width", "json"])
@pytest.mark.parametrize("compression", list(COMPRESSIONS))
def test_every_text_format_loads_from_every_compression(
    bring: Bring, query: Query, name: str, compression: str
) -> None:
    file_type, body = with_columns(name, compression=compression)

    bring(file_type, COMPRESSIONS[compression](body)).run()

    assert stripped(rows_of(query, file_type)) == ROWS


@pytest.mark.parametrize("name", ["json, an array", "xlsx"])
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_what_is_prepared_loads_from_every_compression(bring: Bring, query: Query, name: str, compression: str) -> None:
    file_type, body = with_columns(name, compression=compression)

    bring(file_type, COMPRESSIONS[compression](body)).run()

    assert rows_of(query, file_type) == ROWS


@pytest.mark.parametrize("encoding", list(ENCODINGS))
def test_every_encoding_of_csv_loads(bring: Bring, query: Query, encoding: str) -> None:
    load_in("csv", encoding, bring, query)


@pytest.mark.parametrize("encoding", ["utf16", "utf16be", "cp1252"])
@pytest.mark.parametrize("name", ["json", "fixed_width"])
def test_every_encoding_of_other_text_is_prepared(bring: Bring, query: Query, name: str, encoding: str) -> None:
    load_in(name, encoding, bring, query)


def load_in(name: str, encoding: str, bring: Bring, query: Query) -> None:
    file_type, body = with_columns(name, encoding=encoding)
    codec = {"utf16": "utf-16", "utf16le": "utf-16-le", "utf16be": "utf-16-be", "iso88591": "latin-1"}

    bring(file_type, body.decode().replace("Bern", "Züri").encode(codec.get(encoding, encoding))).run()

    assert stripped(rows_of(query, file_type)) == [(1, "Züri", "2.50"), (2, "Oslo", None)]


def test_only_the_row_with_invalid_bytes_is_rejected(bring: Bring, query: Query) -> None:
    file_type = make_file_type(format={"type": "csv", "header_lines": 1, "encoding": "cp1252"}, rejects={"fail": 1})
    load = bring(file_type, b"id,city,price\n1,Z\xfcrich,1\n2,\x81slo,2\n")

    done = load.run()

    assert (done.rows_loaded, done.rows_rejected) == (1, 1)
    assert [row[:4] for row in rejected_rows(query, load)] == [(3, "city", "\\xffslo", "2,\\xffslo,2")]


@pytest.mark.parametrize("name", ["utf16", "iso88591"])
def test_rejected_line_is_shown_in_its_encoding(bring: Bring, query: Query, name: str) -> None:
    file_type = make_file_type(format={"type": "csv", "header_lines": 1, "encoding": name}, rejects={"fail": 1})
    text = "id,city,price\n1,Zürich,1\nzwei,Genève,2\n"
    load = bring(file_type, text.encode({"utf16": "utf-16"}.get(name, "latin-1")))

    load.run()

    assert [row[:4] for row in rejected_rows(query, load)] == [(3, "id", "zwei", "zwei,Genève,2")]


@pytest.mark.parametrize("name", ["fixed_width"])
def test_rejected_line_of_fixed_width_has_its_value(bring: Bring, query: Query, name: str) -> None:
    file_type, _ = with_columns(name)
    load = bring(file_type, "001Zürich2.50\nxyzGenève2.50\n".encode())

    with pytest.raises(TooManyRejects):
        load.run()

    assert [row[:4] for row in rejected_rows(query, load)] == [(2, "id", "xyz", "xyzGenève2.50")]


@pytest.mark.parametrize("name", ["lzop"])
def test_rejected_line_of_lzop_is_found(bring: Bring, query: Query, name: str) -> None:
    file_type, body = with_columns("csv", compression=name)
    load = bring(file_type, lzop_packed(body + b"three,Rome,1\n"))

    with pytest.raises(TooManyRejects):
        load.run()

    assert [row[:4] for row in rejected_rows(query, load)] == [(4, "id", "three", "three,Rome,1")]


@pytest.mark.parametrize("name", ["json, by paths"])
def test_rejected_json_has_the_value_at_its_path(bring: Bring, query: Query, name: str) -> None:
    file_type, _ = with_columns(name)
    line = '{"trip": {"id": "three"}, "at": ["Rome"], "price": 1}'
    load = bring(file_type, NESTED + line.encode() + b"\n")

    with pytest.raises(TooManyRejects):
        load.run()

    assert [row[:4] for row in rejected_rows(query, load)] == [(3, "id", "three", line)]


@pytest.mark.parametrize("format_", [{"header_lines": 1}, {}, {"encoding": "utf16", "header_lines": 1}], ids=str)
def test_lines_that_end_in_cr_cr_lf_are_refused(bring: Bring, query: Query, format_: dict[str, Any]) -> None:
    """Else the last column would have a CR in each row, or be rejected in each row."""
    body = ("id,city\r\r\n" * bool(format_) + "1,Bern\r\r\n").encode("utf-16" if "encoding" in format_ else "utf-8")
    columns = [{"name": "id", "type": "integer"}, {"name": "city", "type": "varchar(8)"}]
    file_type = make_file_type(format={"type": "csv", **format_}, columns=columns)
    with pytest.raises(UnloadableFile, match=r"contains a CR.*CR LF"):
        bring(file_type, body).run()
    assert query(f"SELECT * FROM {file_type.table.name}") == []  # noqa: S608


def test_rejected_element_of_an_array_is_counted(bring: Bring, query: Query) -> None:
    file_type, _ = with_columns("json, an array")
    load = bring(file_type, b'[\n\n{"id": 1},\n{"id":\n"two", "city": "Oslo"}]')

    with pytest.raises(TooManyRejects):
        load.run()

    assert [row[:4] for row in rejected_rows(query, load)] == [(2, "id", "two", '{"id":"two","city":"Oslo"}')]


def test_rejected_row_of_a_sheet_has_its_row_number(bring: Bring, query: Query) -> None:
    """Also after cells with line ends and empty rows, which make lines and rows differ."""
    file_type = make_file_type(format={"type": "xlsx", "header_lines": 2}, rejects={"fail": 2})
    rows: list[list[Any]] = [
        ["Trips\nof 2013"],
        ["id", "city", "price"],
        [1, "a\nb\nc", 1.5],
        [],
        [2, "d"],
        ["x\ny", "e"],
        [3],
        ["z", "f"],
    ]
    load = bring(file_type, workbook(rows))

    done = load.run()

    assert (done.rows_loaded, done.rows_rejected) == (3, 2)
    assert rows_of(query, file_type) == [(1, "a\nb\nc", "1.50"), (2, "d", None), (3, None, None)]
    assert [row[:4] for row in rejected_rows(query, load)] == [
        (6, "id", "x\ny", '"x\ny",e,'),
        (8, "id", "z", "z,f,"),
    ]


def test_dates_and_numbers_of_a_sheet_fit_their_columns(bring: Bring, query: Query) -> None:
    columns = [
        {"name": name, "type": type_}
        for name, type_ in (
            ("a", "date"),
            ("b", "timestamp"),
            ("c", "timestamptz"),
            ("d", "time"),
            ("e", "decimal(8,3)"),
            ("f", "double precision"),
            ("g", "bigint"),
            ("h", "boolean"),
            ("i", "varchar(20)"),
        )
    ]
    file_type = make_file_type(format={"type": "xlsx"}, columns=columns)
    day, moment = datetime(2013, 1, 2), datetime(2013, 1, 2, 3, 4, 5)
    rows: list[list[Any]] = [
        [day, moment, moment, moment.time(), 2.6749999999999998, 0.1, 1e15, True, day],
        [None, day] + [None] * 7,
    ]

    bring(file_type, workbook(rows)).run()

    found = query(f"SELECT a::text, b::text, c::text, d::text, e::text, f::text, g, h, i FROM {file_type.table.name}")  # noqa: S608
    assert sorted(found, key=str) == [
        (
            "2013-01-02",
            "2013-01-02 03:04:05",
            "2013-01-02 03:04:05+00",
            "03:04:05",
            "2.675",
            "0.1",
            10**15,
            True,
            "2013-01-02",
        ),
        (None, "2013-01-02 00:00:00", *[None] * 7),
    ]


def test_second_file_of_a_type_with_super_is_loaded(bring: Bring, query: Query) -> None:
    columns = [{"name": "id", "type": "bigint"}, {"name": "tags", "type": "super"}]
    file_type = make_file_type(format={"type": "json"}, columns=columns)
    bring(file_type, b'{"id": 1, "tags": ["a", "b"]}').run()
    bring(file_type, b'{"id": 2, "tags": {"City": "Rome"}}').run()
    found = query(f"SELECT id, json_serialize(tags) FROM {file_type.table.name} ORDER BY id")  # noqa: S608
    assert found == [(1, '["a","b"]'), (2, '{"City":"Rome"}')]
