"""A schema inferred from a sample is the one a person would write, with a comment on each guess."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import re
import tarfile
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lakeport.errors import SampleError
from lakeport.inference.infer import infer
from lakeport.inference.naming import column_names, pattern, type_name
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import read_file_type
from lakeport.schema.record_formats import Json
from local.config import REPOSITORY
from tests.support.drafts import inferred, types
from tests.support.golden import raises_golden
from tests.support.lzop_files import packed as lzop_packed
from tests.support.workbooks import workbook

ROWS = "id,city\n1,Bern\n2,Oslo\n"


def column(tmp_path: Path, *values: str, name: str = "x") -> str:
    draft = inferred(
        tmp_path, "\n".join([f"{name},other", *(f"{value},1" for value in values)]) + "\n", has_header=True
    )
    return types(draft)[name]


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (["1", "-5", "16000"], "smallint"),
        (["1", "17000"], "integer"),
        (["1", "2000000000"], "bigint"),
        (["1", "99999999999999999999"], "decimal(22,0)"),
        (["007", "012"], "varchar(8)"),
        (["1.5", "22.25"], "decimal(8,4)"),
        (["1.5", "1e3"], "double precision"),
        (["0.1234567", "1.5"], "double precision"),
        (["true", "False"], "boolean"),
        (["t", "f"], "boolean"),
        (["yes", "no"], "boolean"),
        (["0", "1"], "smallint"),
        (["2013-01-31", "2013-02-01"], "date"),
        (["31/01/2013", "01/02/2013"], "date"),
        (["2013-01-31 10:00:00", "2013-02-01 11:30:00.5"], "timestamp"),
        (["2013-01-31T10:00:00Z", "2013-02-01T11:30:00Z"], "timestamptz"),
        (["2013-01-31T10:00:00+02:00", "2013-02-01T11:30:00Z"], "timestamptz"),
        (["10:00:00", "23:59:59"], "time"),
        (["25:00:00", "23:59:59"], "varchar(16)"),
        (["2013-13-45", "2013-01-01"], "varchar(16)"),
        (["Bern", "Zürich"], "varchar(16)"),
        (["x" * 40, "y"], "varchar(64)"),
        (["1", "NA", "3"], "smallint"),
        (["", "4"], "smallint"),
        (["$5", "$6"], "varchar(8)"),
    ],
)
def test_column_gets_the_smallest_type_with_headroom(tmp_path: Path, values: list[str], type_: str) -> None:
    assert column(tmp_path, *values) == type_


def test_counting_column_has_room_to_grow(tmp_path: Path) -> None:
    assert column(tmp_path, "1", "2", name="trip_id") == "integer"


def test_eight_digits_are_a_date_only_if_the_name_suggests_one(tmp_path: Path) -> None:
    assert column(tmp_path, "20130131", "20130201", name="trip_date") == "date"
    assert column(tmp_path, "20130131", "20130201", name="amount") == "integer"


def test_lengths_count_bytes(tmp_path: Path) -> None:
    assert column(tmp_path, "ä" * 30, "a") == "varchar(128)"


@pytest.mark.parametrize("marker", ["NA", "NULL", "null", "N/A", "-", "?", "nan"])
def test_null_marker_is_found(tmp_path: Path, marker: str) -> None:
    draft = inferred(tmp_path, f"a,b\n1,x\n{marker},y\n3,z\n")

    assert (types(draft)["a"], draft.format["null_as"]) == ("smallint", marker)
    assert not draft.columns[0].is_required


def test_default_null_marker_is_not_written(tmp_path: Path) -> None:
    draft = inferred(tmp_path, "a,b\n1,x\n\\N,y\n3,z\n")

    assert ("null_as" in draft.format, types(draft)["a"]) == (False, "smallint")


def test_second_marker_makes_its_column_text_and_is_noted(tmp_path: Path) -> None:
    draft = inferred(tmp_path, "a,b,c\n1,2,NULL\nNA,NA,3\n3,4,5\n")

    assert draft.format["null_as"] == "NA"
    assert draft.columns[2].type == "varchar(8)"
    assert "NULL" in draft.columns[2].note


def test_column_with_a_value_in_every_row_is_required(tmp_path: Path) -> None:
    draft = inferred(tmp_path, "a,b\n1,x\n2,\n3,y\n")

    assert [column.is_required for column in draft.columns] == [True, False]
    assert draft.format["emptyasnull"] is True


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", "\x01"])
def test_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    draft = inferred(tmp_path, ROWS.replace(",", delimiter))
    written = {",": None, "\t": "\\t", "\x01": "\\001"}.get(delimiter, delimiter)

    assert draft.format.get("delimiter") == written
    assert types(draft) == {"id": "integer", "city": "varchar(8)"}


@pytest.mark.parametrize("delimiter", ["||", "|~|", "::"])
def test_delimiter_of_several_characters_makes_a_delimited_file(tmp_path: Path, delimiter: str) -> None:
    draft = inferred(tmp_path, ROWS.replace(",", delimiter), "trips.txt")

    assert (draft.format["type"], draft.format["delimiter"]) == ("delimited", delimiter)
    assert list(types(draft)) == ["id", "city"]


def test_quoted_fields_contain_delimiters_and_line_ends(tmp_path: Path) -> None:
    draft = inferred(tmp_path, 'id,text\n1,"a, b\nc ""d"""\n2,"x"\n')

    assert (draft.rows, draft.format) == (2, {"type": "csv", "header_lines": 1})


def test_apostrophes_are_quotes_if_they_enclose_fields(tmp_path: Path) -> None:
    assert inferred(tmp_path, "id,text\n1,'a, b'\n2,'c'\n").format["quote"] == "'"


def test_stray_quote_makes_a_delimited_file(tmp_path: Path) -> None:
    """COPY refuses it in a CSV."""
    draft = inferred(tmp_path, 'id\tpipe\n1\t5" wide\n2\t6" wide\n', "pipes.tsv")

    assert draft.format["type"] == "delimited"


def test_header_is_distinguished_from_rows(tmp_path: Path) -> None:
    assert "header_lines" not in inferred(tmp_path, "1,Bern\n2,Oslo\n").format
    assert "header_lines" not in inferred(tmp_path, "Bern,x\nOslo,x\nBern,x\n").format
    assert inferred(tmp_path, "town,kind\nBern,x\nOslo,y\n").format["header_lines"] == 1
    assert inferred(tmp_path, "name,2011,2012\nBern,1,2\n").format["header_lines"] == 1
    assert inferred(tmp_path, "1,Bern\n2,Oslo\n", has_header=True).format["header_lines"] == 1


def test_lines_before_the_header_are_skipped(tmp_path: Path) -> None:
    assert inferred(tmp_path, f"Our trips\n\n{ROWS}").format["header_lines"] == 3


def test_words_that_are_not_legal_names_are_kept_as_header(tmp_path: Path) -> None:
    draft = inferred(tmp_path, ",Price (EUR),City,x,x,2013\n1,2,Bern,4,5,6\n")

    assert [(column.name, column.header) for column in draft.columns] == [
        ("column_1", ""),
        ("price_eur", "Price (EUR)"),
        ("city", None),
        ("x", "x"),
        ("x_2", "x"),
        ("column_2013", "2013"),
    ]


@pytest.mark.parametrize(
    ("pack", "ending", "compression"),
    [
        (gzip.compress, ".gz", "gzip"),
        (bz2.compress, ".bz2", "bzip2"),
        (zstandard.compress, ".zst", "zstd"),
    ],
)
def test_compression_is_found_whatever_the_name_is(tmp_path: Path, pack: Any, ending: str, compression: str) -> None:
    draft = inferred(tmp_path, pack(ROWS.encode()), "trips.csv")

    assert (draft.format["compression"], draft.pattern) == (compression, f"trips/trips*.csv{ending}")
    assert f"trips.csv{ending}" in draft.notes[0]


def test_zip_must_contain_one_file(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("a.csv", "__MACOSX/._a.csv", ".DS_Store", "README.txt"):
            archive.writestr(name, ROWS)
    assert inferred(tmp_path, packed.getvalue(), "trips.csv.zip").format["compression"] == "zip"

    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("b.csv", ROWS)
    with raises_golden(SampleError, "inference", "zip of several files", "trips.csv.zip", "2 files"):
        inferred(tmp_path, packed.getvalue(), "trips.csv.zip")


def test_schema_has_a_comment_on_how_many_rows_were_read(tmp_path: Path) -> None:
    data = "id\n" + "".join(f"{number}\n" for number in range(50_000))

    assert "the first 1,000 rows" in inferred(tmp_path, data, most_rows=1000).as_yaml()
    assert "all 50,000 rows" in inferred(tmp_path, data, most_rows=None).as_yaml()


def test_json_objects_become_columns(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 1, "Name": "Bern", "code": "007", "open": True, "at": "2013-01-01T10:00:00Z", "tags": [1], "price": 2.5},
        {"id": 2, "Name": None, "code": "008", "open": False, "at": "2013-01-02T10:00:00Z", "tags": [], "price": 3},
    ]
    draft = inferred(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), "trips.jsonl")

    assert types(draft) == {
        "id": "integer",
        "name": "varchar(8)",
        "code": "varchar(8)",
        "open": "boolean",
        "at": "timestamptz",
        "tags": "super",
        "price": "decimal(7,4)",
    }
    assert draft.format == {"type": "json", "ignorecase": True, "timeformat": "auto"}
    spread = "\n".join(json.dumps(row, indent=2) for row in rows)
    assert types(inferred(tmp_path, spread, "trips.json")) == types(draft)


def test_json_key_that_is_not_a_legal_name_is_found_by_its_path(tmp_path: Path) -> None:
    draft = inferred(tmp_path, '{"a": 1, "b c": 2, "it\'s": 3}\n', "trips.jsonl")

    assert draft.format["jsonpaths"] == ["$['a']", "$['b c']"]
    assert draft.notes[0].startswith('key "it\'s" is left out')


def test_json_array_has_the_layout_array(tmp_path: Path) -> None:
    draft = inferred(tmp_path, ' [{"a": 1},\n {"a": 2}]\n', "trips.json")

    assert (draft.rows, draft.format) == (2, {"type": "json", "layout": "array"})


def test_types_come_from_the_parquet_schema(tmp_path: Path) -> None:
    table = pa.table(
        {
            "Id": pa.array([1, 2], pa.int32()),
            "big": pa.array([1, None], pa.int64()),
            "price": pa.array([Decimal("1.50"), None], pa.decimal128(8, 2)),
            "city": ["Bern", "Oslo"],
            "day": pa.array([0, 1], pa.date32()),
            "at": pa.array([0, 1], pa.timestamp("us", "UTC")),
        }
    )
    pq.write_table(table, tmp_path / "trips.parquet")
    draft = infer(tmp_path / "trips.parquet")

    expected = {"id": "integer", "big": "bigint", "price": "decimal(8,2)", "city": "varchar(8)", "day": "date"}
    assert types(draft) == {**expected, "at": "timestamptz"}
    assert [column.is_required for column in draft.columns] == [True, False, False, True, True, True]


@pytest.mark.parametrize(
    ("data", "name", "value"),
    [
        (b"", "a.csv", "empty"),
        (b"\n\n", "a.csv", "rows"),
        (b"[1, 2]", "a.json", '"1"'),
        (b'{"a": 1} oops', "a.json", "'oops'"),
        (b"12 13", "a.json", '"12"'),
        (b"\x1f\x8bnot gzip", "a.csv.gz", "gzip"),
        (b"PK\x03\x04 broken", "a.zip", "zip"),
        (b"PAR1 broken", "a.parquet", "Parquet"),
        (b"Obj\x01...", "a.avro", "Avro"),
        (b"ORC broken", "a.orc", "ORC"),
        (b"\x89LZO\0broken", "a.csv.lzo", "lzop"),
        (gzip.compress(b"\0" * 257 + b"ustar" + b"x" * 300), "a.tgz", "tar.gz"),
    ],
)
def test_file_that_cannot_be_loaded_is_refused_with_the_reason(
    tmp_path: Path, data: bytes, name: str, value: str
) -> None:
    with pytest.raises(SampleError, match=rf"/{re.escape(name)}: .*{re.escape(value)}"):
        inferred(tmp_path, data, name)


def test_encoding_is_found(tmp_path: Path) -> None:
    assert inferred(tmp_path, "id,city\n1,Zürich\n".encode("latin-1")).format["encoding"] == "cp1252"
    assert inferred(tmp_path, "id,city\n1,Zürich\n".encode("utf-16")).format["encoding"] == "utf16"


@pytest.mark.parametrize(
    ("file", "name", "taken"),
    [
        ("flights_2013.csv.zip", "flights", "flights/flights_*.csv.zip"),
        ("Sales Report 2024-01-31.csv", "sales_report", "sales_report/Sales Report *.csv"),
        ("2024-01-31.csv", "my_files", "my_files/*.csv"),
        ("x[1].json", "x", "x/x?*.json"),
        ("sp500.csv", "sp500", "sp500/sp500*.csv"),
        ("sp500-2000.csv", "sp500", "sp500/sp500-*.csv"),
        ("flights2013.csv", "flights", "flights/flights*.csv"),
        ("a12b_20240131T1200.csv", "a12b", "a12b/a12b_*.csv"),
        ("DATA", "data", "data/DATA*"),
    ],
)
def test_type_and_pattern_follow_from_the_name(file: str, name: str, taken: str) -> None:
    assert (type_name(file), pattern(file, type_name(file))) == (name, taken)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=8))
def test_column_names_are_legal_and_differ(words: list[str]) -> None:
    names = column_names(words)

    assert len(set(names)) == len(names) == len(words)
    FileType.model_validate(
        {
            "name": "t",
            "description": "x",
            "owner": "x",
            "landing": {"pattern": "t/*"},
            "format": {"type": "csv"},
            "columns": [{"name": name, "type": "integer"} for name in names],
        }
    )


@settings(max_examples=150, derandomize=True)
@example(b"\0\0\x80")  # UTF-16 with half a character
@given(st.one_of(st.binary(max_size=80), st.text(alphabet="ab1,;|\t\"'\n\\{}[]: é\0", max_size=80).map(str.encode)))
def test_any_file_is_a_schema_or_a_sample_error(tmp_path: Path, data: bytes) -> None:
    for name in ("a.csv", "a.txt", "a.json", "a.parquet"):
        try:
            inferred(tmp_path, data, name)
        except SampleError as error:
            assert str(error)


KEYS = st.text(
    st.sampled_from("aB_ \t\n\r\"'\\[]{}$.*,;:#%&!@`|é\0\x01\x1f\x7f\x85\u2028\ufeff\ufffe\ud800\U0001f600"), max_size=9
)


@settings(max_examples=60, derandomize=True)
@given(st.lists(KEYS | st.sampled_from(["", "Id", "id", "x" * 1001, "é" * 1000]), min_size=1, max_size=4, unique=True))
@example(["id", "it's"])
@example(["a\0b", "c d"])
@example(["\U0001f600"])
def test_validate_accepts_whatever_is_drafted_from_hostile_keys(tmp_path: Path, keys: list[str]) -> None:
    table = io.StringIO(newline="")
    csv.writer(table).writerows([keys, *(range(row, row + len(keys)) for row in (1, 2))])
    document = dict.fromkeys(keys, 1)
    named = [key for key in keys if key and not re.search("['\"\0\ud800-\udfff]", key)]
    as_csv = table.getvalue().encode(errors="replace")
    samples: dict[str, str | bytes] = {"trips.json": json.dumps(document), "trips.csv": as_csv}
    for name, data in samples.items():
        try:
            draft = inferred(tmp_path, data, name, has_header=True if name == "trips.csv" else None)
        except SampleError as error:
            assert str(error)
            assert name == "trips.csv" or not named
            continue
        schema = tmp_path / f"{draft.name}.yaml"
        schema.write_text(draft.as_yaml())
        file_type = read_file_type(schema)
        assert file_type == draft.file_type()
        if name == "trips.json":
            columns, form = file_type.column_names, file_type.format
            assert isinstance(form, Json)
            assert [form.value_of(document, column, columns) for column in columns] == [1] * len(named)
            assert draft.unsolved == ()
            assert (file_type.drift == "ignore") is (form.names_columns and len(named) < len(keys))


@pytest.mark.parametrize("sample", ["airlines.csv", "airports.csv", "planes.jsonl", "weather_2013.csv.gz"])
def test_committed_sample_is_inferred_much_as_its_schema_was_written(sample: str) -> None:
    draft = infer(REPOSITORY / "samples" / sample)
    written = yaml.safe_load((REPOSITORY / "schemas" / f"{draft.name}.yaml").read_text())

    # In airports.csv, NA is only in a column of text, where it may be a value.
    assert draft.format == {
        key: value for key, value in written["format"].items() if sample != "airports.csv" or key != "null_as"
    }
    assert [column.name for column in draft.columns] == [column["name"] for column in written["columns"]]
    assert {c.name for c in draft.columns if c.is_required} >= {
        c["name"] for c in written["columns"] if c.get("required")
    }


CSV = b"Id,City\n1,Bern\n2,\n"


def tar_of(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "compression", "pattern_"),
    [
        ("trips.csv.lzo", lzop_packed(CSV), "lzop", "trips/trips*.csv.lzo"),
        ("trips.tar", tar_of({"a/trips.csv": CSV}), "tar", "trips/trips*.tar"),
        ("trips.tgz", gzip.compress(tar_of({"trips.csv": CSV})), "tar.gz", "trips/trips*.tgz"),
        ("trips.dat", gzip.compress(tar_of({"trips.csv": CSV})), "tar.gz", "trips/trips*.dat.tar.gz"),
    ],
)
def test_file_is_unpacked_by_its_content(
    tmp_path: Path, name: str, data: bytes, compression: str, pattern_: str
) -> None:
    (tmp_path / name).write_bytes(data)
    draft = infer(tmp_path / name)
    assert (draft.format["compression"], draft.pattern, draft.rows) == (compression, pattern_, 2)
    assert types(draft) == {"id": "integer", "city": "varchar(8)"}


def test_archive_of_several_files_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "trips.tar").write_bytes(tar_of({"a.csv": CSV, "b.csv": CSV}))
    with raises_golden(SampleError, "inference", "tar of several files", "trips.tar", "2 files", "format.member"):
        infer(tmp_path / "trips.tar")


def test_workbook_is_read_as_in_a_load(tmp_path: Path) -> None:
    """Titles above the header, empty rows, cells that are missing at a row's end, dates as cells."""
    day = date(2013, 1, 31)
    rows: list[list[object]] = [
        ["Trips"],
        [],
        ["Id", "Horse power", "Day", "City"],
        [1, 2.5, day, "Bern"],
        [],
        [2, None, day],
    ]
    (tmp_path / "trips.xlsx").write_bytes(workbook(rows))
    draft = infer(tmp_path / "trips.xlsx")
    assert draft.format == {"type": "xlsx", "header_lines": 3}
    assert types(draft)["day"] == "date"
    assert [column.header for column in draft.columns] == [None, "Horse power", None, None]
    assert [column.is_required for column in draft.columns] == [True, False, True, False]
    FileType.model_validate({**yaml.safe_load(draft.as_yaml()), "name": "trips"})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("trips.csv.asc", b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n"),
        ("trips.csv.pgp", b"\x85\x01\x0c\x03"),
    ],
)
def test_file_whose_schema_is_written_by_a_person_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with raises_golden(SampleError, "inference", name, name):
        infer(tmp_path / name)


@pytest.mark.parametrize("kind", ["D", "16"])
def test_rows_of_a_bank_are_the_lines_that_begin_alike(tmp_path: Path, kind: str) -> None:
    sample = tmp_path / "bank.csv"
    rows = "".join(f"{kind},{number},{number}.50,2026-01-0{number}\n" for number in range(1, 8))
    sample.write_text(f"H,20260102\n{rows}T,7\n" if kind == "D" else f"01,20260102\n{rows}99,7\n")
    draft = infer(sample)
    header, trailer = ("H", "T") if kind == "D" else ("01", "99")
    assert draft.format == {"type": "csv", "lines": {header: "skip", kind: "data", trailer: "skip"}}
    assert draft.unsolved == ()
    assert [column.type for column in draft.columns][1:] == ["smallint", "decimal(7,4)", "date"]
    assert draft.file_type().format.is_prepared
