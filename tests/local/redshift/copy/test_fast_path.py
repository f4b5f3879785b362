"""The vectorised path may only say "clean": whatever it accepts, the row checker must accept and store alike."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.redshift.copy import datetimes, vectors
from local.redshift.copy.columns import Column, Type
from local.redshift.copy.formats import shredding, text
from local.redshift.copy.formats.csv import CsvReader
from local.redshift.copy.formats.delimited import DelimitedReader
from local.redshift.copy.formats.json import JsonReader
from local.redshift.copy.options import CopyOptions, Format
from local.redshift.copy.rows import Reject, RowChecker
from local.redshift.copy.vectors import Converted

COLUMNS = [
    Column("i", Type.INTEGER),
    Column("s", Type.SMALLINT),
    Column("n", Type.DECIMAL, 8, 2),
    Column("f", Type.DOUBLE),
    Column("b", Type.BOOLEAN),
    Column("d", Type.DATE),
    Column("t", Type.TIMESTAMP),
    Column("z", Type.TIMESTAMPTZ),
    Column("v", Type.VARCHAR, 5),
    Column("c", Type.CHAR, 3),
    Column("r", Type.INTEGER, is_required=True),
    Column("l", Type.BIGINT),
    Column("e", Type.REAL),
    Column("m", Type.DECIMAL, 19, 2),
    Column("h", Type.TIME),
    Column("j", Type.SUPER),
    Column("x", Type.VARBYTE, 3),
]
NUMBERS = [
    "0",
    "-1",
    "+1",
    "007",
    "1.",
    ".5",
    "2147483648",
    "32768",
    "20.259",
    "-0.005",
    "1e5",
    "999999.99",
    "NaN",
    "٣",
]
NUMBERS += ["0x1F", "1_000", "inf", "-0", "1e400", "--1", " 5", "5 ", "1.5.5", "-.5", "00.10", "-", "9" * 40]
NUMBERS += ["9223372036854775807", "9223372036854775808", "92233720368547758.07", "92233720368547758.08", "1e39"]
NUMBERS += ["340282346638528859811704183484516925440", "9" * 31, "0." + "0" * 50 + "1", "616263", "61626364", "zz"]
MOMENTS = ["2024-02-29", "2023-02-29", "2024-01-01 10:00:00", "2024-01-01T10:00:00Z", "2024-01-01 10:00:00.123456789"]
MOMENTS += ["2024-01-01 24:00:00", "0000-01-01", "2024-1-1", "2024-01-01 10:00:00+02", "01/02/2024"]
MOMENTS += ["01/02/2024 11:59 PM", "01/02/2024 23:59 PM", "Jan-08-95 BC", "17.12.1997", "04:05:06", '{"a": 1}', "[1"]
WORDS = [
    "",
    " ",
    "   ",
    "\\N",
    "NA",
    "ab",
    "abcdef",
    "abc   ",
    "é",
    "日本",
    "a,b",
    'q"q',
    "t",
    "False",
    "yes",
    "\t",
    "x\r",
    "\\",
    "a|b",
]
STRAY = [b"", b"", b'"', b'"', b'"x', b'""', b"\n", b"\xa4", b"\0", b",", b"\r", b'" ', b"\n\n", b"\r\n\r\n"]
FIELDS = st.sampled_from(NUMBERS + MOMENTS + WORDS) | st.text(max_size=6)
FLAGS = ["accept_any_date", "blanks_as_null", "empty_as_null", "fill_record", "ignore_blank_lines", "round_decimals"]
FLAGS += ["trim_blanks", "truncate_columns"]


@pytest.fixture(autouse=True, scope="module")
def small_pieces() -> Iterator[None]:
    """Let files of a few rows be read by the code for large ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "MOST_DOUBTFUL", 1)
        patch.setattr(vectors, "_PIECES", 2)
        patch.setattr(vectors, "_PIECE_ROWS", 1)
        yield


@st.composite
def options(draw: Any, file_format: Format) -> CopyOptions:
    choice: set[str] = draw(st.sets(st.sampled_from(FLAGS), max_size=3))
    given = CopyOptions(
        format=file_format,
        delimiter=draw(st.sampled_from([",", "\t", "|~|"] if file_format is Format.CSV else ["|", "|~|", "¦"])),
        quote=draw(st.sampled_from(['"', "'", "%"])) if file_format is Format.CSV else '"',
        header_lines=draw(st.sampled_from([0, 0, 1, 2])),
        null_as=draw(st.sampled_from(["\\N", "NA", ""])),
        date_format=draw(st.sampled_from([None, "auto", "MM/DD/YYYY"])),
        time_format=draw(st.sampled_from([None, "auto", "epochsecs", "epochmillisecs", "MM/DD/YYYY HH12:MI AM"])),
        replacement=draw(st.sampled_from([None, "?"])),
        escape=file_format is Format.TEXT and draw(st.booleans()),
        remove_quotes=file_format is Format.TEXT and draw(st.booleans()),
        error_limit=None,
    )
    flags: dict[str, Any] = dict.fromkeys(choice, True)
    return replace(given, **flags)


@st.composite
def csv_file(draw: Any, width: int, choice: CopyOptions) -> bytes:
    always, end = draw(st.booleans()), draw(st.sampled_from(["\n", "\r\n"]))
    rows = draw(st.lists(st.lists(FIELDS, min_size=width, max_size=width), min_size=1, max_size=5))

    def quoted(field: str) -> str:
        needs = always or any(each in field for each in (choice.delimiter, choice.quote, "\n", "\r"))
        return choice.quote + field.replace(choice.quote, choice.quote * 2) + choice.quote if needs else field

    text = "".join(choice.delimiter.join(map(quoted, row)) + end for row in rows)
    return damaged(draw, text.encode("utf-8", "surrogatepass"))


def damaged(draw: Any, raw: bytes) -> bytes:
    """Sometimes put a stray byte somewhere."""
    at = draw(st.integers(0, len(raw)))
    stray: bytes = draw(st.sampled_from(STRAY))
    return raw[:at] + stray + raw[at:]


class Read:
    """The outcome of reading a file."""

    def __init__(self, kind: type[text.TextReader], choice: CopyOptions, columns: list[Column], data: bytes) -> None:
        self.rejects: list[tuple[int, int, str]] = []
        self.reader = kind(RowChecker(columns, choice), self.note)
        self.data = data

    def note(self, reject: Reject) -> None:
        self.rejects.append((reject.line, reject.code, reject.column.name if reject.column else ""))

    def rows(self, columns: list[Column]) -> list[list[object]]:
        stored = b"".join(self.reader.blocks(io.BytesIO(self.data)))
        return [
            [canonical(value, column) for value, column in zip(row, columns, strict=True)]
            for row in postgres_csv(stored.decode())
        ]


def postgres_csv(stored: str) -> Iterator[list[str | None]]:
    """Read CSV as PostgreSQL does: an unquoted empty field is NULL."""
    row: list[str | None] = []
    at = 0
    while at < len(stored):
        if stored[at] == '"':
            end = at + 1
            while stored[end] != '"' or stored[end + 1] == '"':
                end += 2 if stored[end] == '"' else 1
            row.append(stored[at + 1 : end].replace('""', '"'))
            end += 1
        else:
            end = min(place for place in (stored.find(",", at), stored.find("\n", at)) if place >= 0)
            row.append(stored[at:end] or None)
        if stored[end] == "\n":
            yield row
            row = []
        elif stored[end + 1 : end + 2] == "":
            row.append(None)
        at = end + 1


def canonical(value: str | None, column: Column) -> object:
    if value is None or column.type.is_character:
        return value
    if column.type in (Type.DATE, Type.TIMESTAMP):
        return datetimes.parser("auto")(value)
    if column.type in (Type.INTEGER, Type.SMALLINT, Type.BIGINT, Type.DECIMAL):
        return Decimal(value)
    return repr(float(value)) if column.type in (Type.DOUBLE, Type.REAL) else value


class RowsOnly:
    """Switches the fast path of a reader off."""

    def _vectorised(self, piece: bytes) -> Converted | None:  # noqa: ARG002
        return None


class CsvByRow(RowsOnly, CsvReader):
    pass


class DelimitedByRow(RowsOnly, DelimitedReader):
    pass


@settings(max_examples=300)
@given(st.data())
def test_csv_reads_alike_on_both_paths(data: Any) -> None:
    columns = data.draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3))
    choice = data.draw(options(Format.CSV))
    raw = data.draw(csv_file(len(columns), choice))
    fast, slow = Read(CsvReader, choice, columns, raw), Read(CsvByRow, choice, columns, raw)
    assert fast.rows(columns) == slow.rows(columns)
    assert fast.rejects == slow.rejects
    assert fast.reader.lines_scanned == slow.reader.lines_scanned


@settings(max_examples=300)
@given(st.data())
def test_delimited_text_reads_alike_on_both_paths(data: Any) -> None:
    columns = data.draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3))
    choice = data.draw(options(Format.TEXT))
    width = data.draw(st.integers(1, len(columns) + 1))
    rows = data.draw(st.lists(st.lists(FIELDS, min_size=width, max_size=width), min_size=1, max_size=4))
    raw = "".join(choice.delimiter.join(row) + "\n" for row in rows).encode("utf-8", "surrogatepass")
    raw = damaged(data.draw, raw)
    fast, slow = Read(DelimitedReader, choice, columns, raw), Read(DelimitedByRow, choice, columns, raw)
    assert fast.rows(columns) == slow.rows(columns)
    assert fast.rejects == slow.rejects
    assert fast.reader.lines_scanned == slow.reader.lines_scanned


class JsonByRow(JsonReader):
    def _by_arrow(self, piece: bytes) -> None:  # noqa: ARG002
        return None

    def _one_document_a_line(self, piece: bytes, line: int) -> None:  # noqa: ARG002
        return None


class JsonByDocument(JsonReader):
    def _by_arrow(self, piece: bytes) -> None:  # noqa: ARG002
        return None


SCALARS: list[object] = [0, -1, 17, 2**31, 2**63, 1.5, 20.259, 1e300, 0.1, True, False, None, {}, [], "1", "x", "\0"]
MEMBERS = st.sampled_from(SCALARS) | FIELDS | st.floats() | st.integers()


@settings(max_examples=300)
@given(st.data())
def test_json_reads_alike_on_all_paths(data: Any) -> None:
    columns = data.draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3, unique=True))
    choice = CopyOptions(
        format=Format.JSON,
        null_as=None,
        error_limit=None,
        truncate_columns=data.draw(st.booleans()),
        empty_as_null=data.draw(st.booleans()),
        replacement=data.draw(st.sampled_from([None, "?"])),
    )
    names = st.sampled_from([column.name for column in columns] + ["other", "I"])
    documents = data.draw(st.lists(st.dictionaries(names, MEMBERS, max_size=4), max_size=4))
    lines = [json.dumps(document, ensure_ascii=data.draw(st.booleans())) for document in documents]
    raw = damaged(data.draw, "\n".join(lines).encode("utf-8", "surrogatepass"))

    def read(kind: type[JsonReader]) -> Read:
        found = Read.__new__(Read)
        found.rejects, found.data = [], raw
        shred = shredding.by_name(columns, ignores_case=False)
        found.reader = kind(RowChecker(columns, choice), found.note, shred)  # type: ignore[assignment]
        return found

    slow = read(JsonByRow)
    expected = slow.rows(columns)
    for found in (read(JsonReader), read(JsonByDocument)):
        assert found.rows(columns) == expected
        assert found.rejects == slow.rejects
        assert found.reader.lines_scanned == slow.reader.lines_scanned


@settings(max_examples=300)
@given(st.data(), st.integers(1, 40))
def test_lines_and_rows_do_not_depend_on_how_the_file_is_cut(data: Any, chunk_bytes: int) -> None:
    columns = [COLUMNS[0], COLUMNS[8]]
    choice = CopyOptions(format=Format.CSV, delimiter=",", error_limit=None)
    raw = data.draw(csv_file(len(columns), choice))
    whole, cut = Read(CsvReader, choice, columns, raw), Read(CsvReader, choice, columns, raw)
    expected = whole.rows(columns)
    size, text.CHUNK_BYTES = text.CHUNK_BYTES, chunk_bytes
    try:
        assert cut.rows(columns) == expected
    finally:
        text.CHUNK_BYTES = size
    assert cut.rejects == whole.rejects
