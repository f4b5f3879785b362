"""Rows with values that COPY would change are rejected like other rows, or loaded and recorded, as the schema says."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from lakeport.errors import TooManyRejects, UnloadableFile
from lakeport.files.header import FileColumns
from lakeport.loading.files_to_load import FileToLoad
from lakeport.loading.lossy import without_lossy_rows
from lakeport.loading.many_files import batches
from lakeport.loading.rehearsal import rehearse
from lakeport.redshift.session import Warehouse
from lakeport.schema.file_type import FileType
from tests.integration.callables import Bring
from tests.integration.file_types import make_file_type
from tests.support.archives import packed
from tests.support.avro_files import avro
from tests.support.columnar_files import columnar
from tests.support.workbooks import workbook

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Query = Callable[..., list[tuple[Any, ...]]]
RECORDED = (
    "SELECT line_number, column_name, raw_value, error_reason, raw_line FROM mng.load_errors "
    "WHERE file_id = %s ORDER BY line_number, column_name"
)
COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "required": True},
    {"name": "price", "type": "decimal(8,2)"},
    {"name": "day", "type": "date"},
    {"name": "at", "type": "timestamp"},
    {"name": "note", "type": "varchar(40)"},
]
BODY = (
    b"id,price,day,at,note\n"
    b"1,1.50,2024-01-01,2024-01-01 10:00:00,1.999 at 10:00:00+02:00\n"
    b"2,1.999,2024-01-01,2024-01-01 10:00:00,\n"
    b'3,1.5,2024-01-01,2024-01-01 10:00:00,"two\nlines"\n'
    b'4,1,2024-01-01 10:30:00,2024-01-01 10:00:00,"two\nlines"\n'
    b"five,1,2024-01-01,2024-01-01 10:00:00,\n"
    b"6,-0.005,2024-01-01,2024-03-31T03:30:00+02:00,\n"
    b"7,1,2024-01-01,2024-07-01T00:00:00-05:00,\n"
)
EXPECTED = [
    (3, "price", "1.999", "has 3 digits after the point, decimal(8,2) keeps 2"),
    (6, "day", "2024-01-01 10:30:00", "has a time of day, which date drops"),
    (8, "id", "five", "Invalid digit, Value 'f', Pos 0, Type: Integer"),
    (9, "price", "-0.005", "has 3 digits after the point, decimal(8,2) keeps 2"),
    (10, "at", "2024-07-01T00:00:00-05:00", "has the offset -05:00, which timestamp drops; use timestamptz"),
]


def type_of(**changes: Any) -> FileType:
    format_ = {"type": "csv", "header_lines": 1, "timeformat": "auto", "dateformat": "auto"} | changes.pop("format", {})
    return make_file_type(**{"format": format_, "columns": COLUMNS, "rejects": {"fail": 5}, **changes})


def ids(query: Query, file_type: FileType) -> list[int]:
    return [row[0] for row in query(f"SELECT id FROM {file_type.table.name} ORDER BY id")]  # noqa: S608


def recorded(query: Query, load: Any) -> list[tuple[Any, ...]]:
    return query(RECORDED, (load.file.file_id,))


def test_rows_are_rejected_with_line_column_value_and_reason(bring: Bring, query: Query) -> None:
    """Beside those that COPY rejects, whose lines are those of the file and not of the copy."""
    file_type = type_of()
    load = bring(file_type, BODY)
    done = load.run()
    assert (done.rows_in_file, done.rows_loaded, done.rows_rejected) == (7, 2, 5)
    assert ids(query, file_type) == [1, 3]
    found = recorded(query, load)
    assert [row[:4] for row in found] == EXPECTED
    assert found[0][4] == "2,1.999,2024-01-01,2024-01-01 10:00:00,"


def test_default_loads_nothing_and_records_the_rows(bring: Bring, query: Query) -> None:
    file_type = type_of(rejects={"fail": 0})
    load = bring(file_type, BODY)
    with pytest.raises(TooManyRejects, match="5 of 7 "):
        load.run()
    assert ids(query, file_type) == []
    assert [row[:4] for row in recorded(query, load)] == EXPECTED


def test_plan_says_the_same(bring: Bring, query: Query, warehouse: Warehouse, s3: S3Client, tmp_path: Path) -> None:
    path = tmp_path / "trips.csv"
    path.write_bytes(BODY)
    outcome = rehearse(type_of(), path, warehouse, s3)
    assert (outcome.rows_in_file, outcome.rows_loaded) == (7, 2)
    found = sorted((row.line_number, row.column_name, row.raw_value, row.error_reason) for row in outcome.rejected)
    assert found == EXPECTED


@pytest.mark.parametrize(
    ("format_", "body", "is_member"),
    [
        ({"compression": "gzip"}, gzip.compress(BODY), False),
        ({"encoding": "utf16"}, BODY.decode().encode("utf-16"), False),
        ({"encoding": "cp1252"}, BODY, False),
        ({"compression": "zip"}, packed({"a.csv": BODY}, "zip"), True),
    ],
    ids=["gzip", "utf16", "cp1252", "zip"],
)
def test_any_compression_and_encoding(
    bring: Bring, query: Query, format_: dict[str, Any], body: bytes, is_member: bool
) -> None:
    file_type = type_of(format=format_)
    load = bring(file_type, body)
    done = load.run()
    assert (done.rows_in_file, done.rows_loaded, done.rows_rejected) == (7, 2, 5)
    prefix = "a.csv: " if is_member else ""
    assert [row[:4] for row in recorded(query, load)] == [(*row[:3], prefix + row[3]) for row in EXPECTED]


def test_rows_of_a_sheet_have_their_numbers(bring: Bring, query: Query) -> None:
    rows: list[list[Any]] = [
        ["id", "price", "day", "at", "note"],
        [1, 1.999, None, None, "a\nb"],
        [],
        [2, 1.5, datetime(2024, 1, 1, 10), None, None],  # noqa: DTZ001
        ["three", 1, None, None, None],
        [4, 1, datetime(2024, 1, 1), None, None],  # noqa: DTZ001
    ]
    file_type = type_of(format={"type": "xlsx"})
    load = bring(file_type, workbook(rows))
    done = load.run()
    assert (done.rows_loaded, done.rows_rejected, ids(query, file_type)) == (1, 3, [4])
    assert [row[:3] for row in recorded(query, load)] == [
        (2, "price", "1.999"),
        (4, "day", "2024-01-01 10:00:00"),
        (5, "id", "three"),
    ]


def test_fixed_width_and_delimited_rows(bring: Bring, query: Query) -> None:
    columns = [{**COLUMNS[0], "width": 2}, {**COLUMNS[1], "width": 6}]
    for kind, body in (("fixed_width", b"01 1.999\n02  1.50\n"), ("delimited", b"1|1.999\n2|1.50\n")):
        each = columns if kind == "fixed_width" else COLUMNS[:2]
        file_type = make_file_type(format={"type": kind}, columns=each, rejects={"fail": 1})
        load = bring(file_type, body)
        assert (load.run().rows_rejected, ids(query, file_type)) == (1, [2])
        assert recorded(query, load)[0][:2] == (1, "price")


def test_warn_loads_and_records_and_allow_loads(bring: Bring, query: Query) -> None:
    body = b"id,price,day,at,note\n1,1.999,2024-01-01 10:30:00,,\n"
    warned, allowed = type_of(lossy="warn"), type_of(lossy="allow")
    load = bring(warned, body)
    done = load.run()
    assert (done.rows_loaded, done.rows_rejected) == (1, 0)
    assert [(row[1], row[3]) for row in recorded(query, load)] == [
        ("day", "loaded with another value: has a time of day, which date drops"),
        ("price", "loaded with another value: has 3 digits after the point, decimal(8,2) keeps 2"),
    ]
    load = bring(allowed, body)
    assert (load.run().rows_loaded, recorded(query, load)) == (1, [])


def test_setting_of_a_column_takes_precedence(bring: Bring, query: Query) -> None:
    columns = [{**column, "lossy": "allow"} if column["name"] == "day" else column for column in COLUMNS]
    file_type = type_of(columns=columns)
    load = bring(file_type, BODY)
    assert load.run().rows_rejected == 4
    assert ids(query, file_type) == [1, 3, 4]


def test_columns_in_another_order_and_null_markers(bring: Bring, query: Query) -> None:
    file_type = type_of(format={"null_as": "0.999"}, drift="ignore")
    load = bring(file_type, b"note,more,price,id\nx,1.999,0.999,1\nx,1,1.999,2\n")
    assert (load.run().rows_rejected, ids(query, file_type)) == (1, [1])
    assert recorded(query, load)[0][:3] == (3, "price", "1.999")


def test_file_with_such_rows_is_loaded_alone(bring: Bring, s3: S3Client) -> None:
    file_type = type_of()
    clean = b"id,price,day,at,note\n1,1.50,,,\n"
    loads = [bring(file_type, body, name=f"{number}.csv") for number, body in enumerate([clean, BODY, clean])]
    found = batches(s3, file_type, [FileToLoad(load.file, load.sources) for load in loads])
    assert [len(batch) for batch in found] == [2, 1]


JSON = {"type": "json", "timeformat": "auto"}
OBJECTS = (
    b'{"id": 1, "price": 1.5}\n\n{"id": 2, "price": 1.999, "at": "2024-01-01T10:00:00+02:00"}\n{"id": "x"}\n{"id": 3}\n'
)


@pytest.mark.parametrize("layout", ["objects", "array"])
def test_objects_that_are_lines_are_rejected_one_by_one(bring: Bring, query: Query, layout: str) -> None:
    """An array becomes lines for COPY, so that the line is the number of the object."""
    file_type = make_file_type(format={**JSON, "layout": layout}, columns=COLUMNS, rejects={"fail": 5})
    body = OBJECTS if layout == "objects" else b"[" + b",\n".join(OBJECTS.split(b"\n")).replace(b",\n,", b",") + b"]"
    load = bring(file_type, body.replace(b",\n]", b"]").replace(b",]", b"]"))
    done = load.run()
    assert (done.rows_in_file, done.rows_rejected, ids(query, file_type)) == (4, 2, [1, 3])
    lines = (3, 4) if layout == "objects" else (2, 3)
    assert [row[:2] for row in recorded(query, load)] == [(lines[0], "price"), (lines[1], "id")]
    assert recorded(query, load)[0][2:4] == ("1.999", "has 3 digits after the point, decimal(8,2) keeps 2")


def test_objects_of_several_lines_refuse_the_file(bring: Bring, query: Query) -> None:
    body = b'{"id": 1,\n"price": 1.5}\n{"id": 2, "price": 1.999}\n'
    with pytest.raises(UnloadableFile, match=r"object 2: price '1\.999'.*3"):
        bring(file_type := make_file_type(format=JSON, columns=COLUMNS, rejects={"fail": 5}), body).run()
    assert ids(query, file_type) == []
    allowed = make_file_type(format=JSON, columns=COLUMNS, lossy="allow")
    assert bring(allowed, body).run().rows_loaded == 2


ZONED = pa.timestamp("us", "Europe/Berlin")
HALF = {"price": ("double", 1.5, 1.999), "id": ("int", 1, 2)}
LONG = {"id": pa.array([1, 2], pa.int32()), "at": pa.array([10**18, 10**18 + 1], pa.timestamp("ns"))}


@pytest.mark.parametrize(
    ("kind", "body", "type_", "reason"),
    [
        ("avro", avro(HALF), "decimal(8,2)", "record 2: price '1.999' has 3 digits after the point"),
        ("orc", columnar("orc", LONG), "timestamp", "row 2: at 2001-09-09 01:46:40.000000001 has more than 6 digits"),
        (
            "parquet",
            columnar("parquet", LONG, use_deprecated_int96_timestamps=True),
            "timestamptz",
            "row 2: at 2001-09-09 01:46:40.000000001 has more than 6 digits",
        ),
        (
            "parquet",
            columnar("parquet", {"id": LONG["id"], "at": pa.array([1, 2], ZONED)}),
            "timestamp",
            "every row: at has the time zone Europe/Berlin, which timestamp drops; use timestamptz",
        ),
    ],
    ids=["avro", "orc", "parquet", "zone"],
)
def test_file_that_is_not_text_is_refused_or_loaded_as_a_whole(
    bring: Bring, query: Query, kind: str, body: bytes, type_: str, reason: str
) -> None:
    name = "price" if kind == "avro" else "at"
    columns = [COLUMNS[0], {"name": name, "type": type_}]
    refusing, warning = (
        make_file_type(format={"type": kind}, columns=columns, lossy=each) for each in ("reject", "warn")
    )
    with pytest.raises(UnloadableFile, match=re.escape(reason)):
        bring(refusing, body).run()
    load = bring(warning, body)
    assert (load.run().rows_loaded, load.run().rows_rejected) == (2, 0)
    [(line, column, _, recorded_reason, _)] = recorded(query, load)
    assert (line, column) == (-1, name)
    assert reason.replace(f"{name} ", "", 1) in recorded_reason


@pytest.mark.parametrize("kind", ["parquet", "orc"])
def test_times_that_nanoseconds_cannot_count_are_kept(bring: Bring, query: Query, kind: str) -> None:
    """Files use the year 9999 for `for ever`; a reader of nanoseconds returns another time for it."""
    times = [datetime(9999, 12, 31), datetime(1, 1, 1), datetime(2024, 1, 1, 0, 0, 0, 1)]  # noqa: DTZ001
    columns = {"id": pa.array([1, 2, 3], pa.int32()), "at": pa.array(times, pa.timestamp("us"))}
    options = {"use_deprecated_int96_timestamps": True} if kind == "parquet" else {}
    file_type = make_file_type(format={"type": kind}, columns=[COLUMNS[0], COLUMNS[3]])
    file = bring(file_type, columnar(kind, columns, **options))
    assert (
        without_lossy_rows(file.s3, file_type, FileToLoad(file.file, file.sources), FileColumns(("id", "at"))).filtered
        == ()
    )
