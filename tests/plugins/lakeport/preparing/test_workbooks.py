# ruff: noqa: DTZ001 - a cell has no zone
"""A sheet becomes CSV row by row; a damaged workbook is unloadable."""

from __future__ import annotations

import io
import random
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from lakeport.errors import UnloadableFile
from lakeport.preparing import limits, workbook_parts
from lakeport.preparing.cells import cell_text
from tests.support.archives import zipped
from tests.support.buckets import Prepare
from tests.support.golden import raises_golden
from tests.support.workbooks import workbook

SHEET = "xl/worksheets/sheet1.xml"


def with_part(body: bytes, name: str, content: bytes) -> bytes:
    """Replace the content of a part."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    return zipped({**parts, name: content})


def sheet_xml(rows: str) -> bytes:
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?><worksheet xmlns="{name}"><sheetData>{rows}</sheetData></worksheet>'.encode()


def shared_strings(body: bytes, texts: bytes) -> dict[str, bytes]:
    """Return the parts with which Excel keeps each text once; openpyxl writes texts into their cells."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'.encode()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        types = archive.read("[Content_Types].xml").replace(b"</Types>", override)
    return {"[Content_Types].xml": types, "xl/sharedStrings.xml": texts}


def csv_of(prepare: Prepare, body: bytes, **format_: Any) -> str:
    [content] = prepare(body, **{"type": "xlsx", **format_}).values()
    return content.decode()


def test_rows_become_lines(prepare: Prepare) -> None:
    body = workbook([["id", "city", "price"], [1, "Bern", 2.5], [2, 'Z"ü, rich'], [3, None, 1]])

    assert csv_of(prepare, body, header_lines=1) == 'id,city,price\n1,Bern,2.5\n2,"Z""ü, rich",\n3,,1\n'


def test_empty_rows_become_empty_lines_except_at_the_end(prepare: Prepare) -> None:
    assert csv_of(prepare, workbook([[1], [], [None, None], [2], [None], []])) == "1,,\n\n\n2,,\n"


def test_cells_right_of_the_last_column_are_kept_for_copy_to_reject(prepare: Prepare) -> None:
    assert csv_of(prepare, workbook([[1, "a", 2, "extra"], [1, "a", 2, None, None]])) == "1,a,2,extra\n1,a,2\n"


def test_heading_is_one_line(prepare: Prepare) -> None:
    body = workbook([["A title\nof two lines"], [], ["id", " city\n", "price"], [1, "a\nb", 2]])

    assert csv_of(prepare, body, header_lines=3) == 'A title of two lines\n\nid,city,price\n1,"a\nb",2\n'


def test_type_follows_the_heading(prepare: Prepare) -> None:
    columns = [{"name": "at", "type": "timestamp"}, {"name": "on", "type": "date"}]
    body = workbook([["On", "AT"], [datetime(2013, 1, 2), datetime(2013, 1, 2)]])

    content = csv_of(prepare, body, header_lines=1, columns=columns)

    assert content == "On,AT\n2013-01-02,2013-01-02 00:00:00\n"


def test_sheet_is_chosen_by_name_else_the_first(prepare: Prepare) -> None:
    body = workbook([[1]], **{"Züge 2": [[2]]})

    assert csv_of(prepare, body) == "1,,\n"
    assert csv_of(prepare, body, sheet="Züge 2") == "2,,\n"
    with raises_golden(UnloadableFile, "preparing", "no such sheet", "trips.dat", "'züge'", "Sheet, Züge 2"):
        csv_of(prepare, body, sheet="züge")


def test_workbooks_in_an_archive_are_prepared_each(prepare: Prepare) -> None:
    body = zipped({"a.xlsx": workbook([[1]]), "b.xlsx": workbook([[2]])})

    assert prepare(body, type="xlsx", compression="zip") == {"a.xlsx": b"1,,\n", "b.xlsx": b"2,,\n"}


def test_text_of_a_formula_is_the_value_saved_with_it(prepare: Prepare) -> None:
    body = with_part(workbook([]), SHEET, sheet_xml('<row r="1"><c r="A1"><f>1+1</f><v>2</v></c></row>'))

    assert csv_of(prepare, body) == "2,,\n"


@pytest.mark.parametrize(
    ("value", "type_name", "text"),
    [
        (None, "varchar", ""),
        (True, "boolean", "true"),
        (7, "integer", "7"),
        (7.0, "integer", "7"),
        (1e20, "decimal", "100000000000000000000"),
        (2.6749999999999998, "decimal", "2.675"),
        (0.1 + 0.2, "double precision", "0.30000000000000004"),
        (0.1 + 0.2, "varchar", "0.3"),
        (1e-7, "decimal", "0.0000001"),
        (-1.5, "real", "-1.5"),
        (datetime(2013, 1, 2), "date", "2013-01-02"),
        (datetime(2013, 1, 2), "varchar", "2013-01-02"),
        (datetime(2013, 1, 2), "timestamp", "2013-01-02 00:00:00"),
        (datetime(2013, 1, 2, 3, 4, 5, 600_000), "timestamp", "2013-01-02 03:04:05.600000"),
        (datetime(2013, 1, 2, 3, 4, 5), "timestamptz", "2013-01-02 03:04:05+00"),
        (datetime(2013, 1, 2, 3, 4, 5), "date", "2013-01-02 03:04:05"),
        (date(2013, 1, 2), "date", "2013-01-02"),
        (time(3, 4, 5), "time", "03:04:05"),
        (timedelta(hours=30, minutes=5), "varchar", "30:05:00"),
        (timedelta(seconds=-61), "varchar", "-00:01:01"),
        ("#N/A", "integer", "#N/A"),
    ],
)
def test_value_is_written_as_copy_reads_its_type(value: object, type_name: str, text: str) -> None:
    assert cell_text(value, type_name) == text


@pytest.mark.parametrize("body", [b"id,city\n1,Bern\n", b"PK\3\4", zipped({"a.csv": b"1"}), b""])
def test_file_that_is_not_a_workbook_is_refused(prepare: Prepare, body: bytes) -> None:
    with pytest.raises(UnloadableFile, match=r"^s3://lakeport-landing/trips/trips\.dat .*\.xlsx"):
        csv_of(prepare, body)


def test_encrypted_or_old_workbook_is_refused(prepare: Prepare) -> None:
    with raises_golden(UnloadableFile, "preparing", "encrypted or old workbook", "trips.dat"):
        csv_of(prepare, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))


def test_bomb_in_a_workbook_is_stopped(prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ANY_RATIO_BYTES", 10_000_000)
    body = with_part(workbook([[1]]), "xl/media/image1.png", b"\0" * 30_000_000)

    with raises_golden(UnloadableFile, "preparing", "bomb", "trips.dat", "200 times"):
        csv_of(prepare, body)


def test_text_that_is_used_a_million_times_is_counted_each_time(
    prepare: Prepare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bomb inside the workbook: one long text that every cell refers to."""
    monkeypatch.setattr(limits, "ANY_RATIO_BYTES", 10_000_000)
    texts = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>%s</t></si></sst>'
    cells = sheet_xml('<row><c t="s"><v>0</v></c></row>' * 20_000)
    body = with_part(workbook([]), SHEET, cells)
    for part, content in shared_strings(body, texts % (b"x" * 30_000)).items():
        body = with_part(body, part, content)

    with raises_golden(UnloadableFile, "preparing", "bomb", "trips.dat", "200 times"):
        csv_of(prepare, body)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_entities_are_refused(prepare: Prepare, encoding: str) -> None:
    xml = '<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]>' + sheet_xml("<row><c><v>&b;</v></c></row>").decode()

    with raises_golden(UnloadableFile, "preparing", "entities in a workbook", "trips.dat", "sheet1.xml"):
        csv_of(prepare, with_part(workbook([]), SHEET, xml.encode(encoding)))


def test_texts_beyond_the_memory_are_refused(prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_parts, "MAX_HELD_BYTES", 100_000)

    with raises_golden(UnloadableFile, "preparing", "too many texts in a workbook", "trips.dat", "100,000 bytes"):
        csv_of(prepare, with_part(workbook([[1]]), "xl/sharedStrings.xml", b" " * 100_001))


def test_row_without_an_end_is_refused(prepare: Prepare) -> None:
    row = "<row>" + "<c><v>1</v></c>" * 1_500_000 + "</row>"

    with raises_golden(UnloadableFile, "preparing", "row too long in a workbook", "trips.dat", "16,777,216 bytes"):
        csv_of(prepare, with_part(workbook([[1]]), SHEET, sheet_xml(row)))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("number", [1_048_577, 10**15])
def test_row_beyond_excels_last_is_refused(prepare: Prepare, number: int) -> None:
    body = with_part(workbook([[1]]), SHEET, sheet_xml(f'<row r="{number}"><c><v>1</v></c></row>'))

    with raises_golden(UnloadableFile, "preparing", "too many rows in a workbook", "trips.dat", "1,048,576 rows"):
        csv_of(prepare, body)


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="-1"><c r="A1"><v>1</v></c></row>',
        '<row r="x"><c><v>1</v></c></row>',
        '<row><c r="1A"><v>1</v></c></row>',
        '<row><c t="s"><v>99</v></c></row>',
        '<row><c t="s"><v>-99</v></c></row>',
        '<row><c t="n"><v>one</v></c></row>',
        '<row><c t="b"><v>x</v></c></row>',
        '<row><c t="d"><v>yesterday</v></c></row>',
        '<row><c s="99"><v>1</v></c></row>',
        "<row><c><v>" + "9" * 5000 + "</v></c></row>",
        "<row><c><v>1</c></row>",
        "<row><c><v>1e999</v></c></row>",
    ],
)
def test_senseless_cells_are_refused_or_text(prepare: Prepare, rows: str) -> None:
    try:
        csv_of(prepare, with_part(workbook([["x"]]), SHEET, sheet_xml(rows)))
    except UnloadableFile:
        return


@pytest.mark.parametrize("seed", range(3))
def test_damaged_workbook_is_refused_or_read(prepare: Prepare, seed: int) -> None:
    """The only error is UnloadableFile, which is not retried."""
    whole, chance = workbook([["id", "city"], *[[number, "Bern"] for number in range(50)]]), random.Random(seed)
    for _ in range(30):
        body = bytearray(whole)
        body[chance.randrange(len(body))] = chance.randrange(256)
        try:
            csv_of(prepare, bytes(body))
        except UnloadableFile:
            continue


def test_truncated_workbook_is_refused(prepare: Prepare) -> None:
    body = workbook([[1, "Bern"]] * 100)

    for length in range(0, len(body), 97):
        with pytest.raises(UnloadableFile):
            csv_of(prepare, body[:length])
