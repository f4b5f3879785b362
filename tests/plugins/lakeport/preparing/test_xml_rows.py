"""The rows of an XML document are read as a stream, with their lines; harmful documents are refused."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from lakeport.errors import UnloadableFile
from lakeport.files.streams import stream_of
from lakeport.preparing.xml_rows import xml_records
from lakeport.schema.column import Column
from tests.support.golden import raises_golden

COLUMNS = [
    Column.model_validate(each)
    for each in (
        {"name": "id", "type": "integer", "at": "@id"},
        {"name": "customer", "type": "varchar(8)", "at": "customer/@id"},
        {"name": "city", "type": "varchar(8)", "at": "customer/city"},
        {"name": "total", "type": "decimal(8,2)"},
        {"name": "note", "type": "varchar(20)", "at": "."},
    )
]


def read(text: str | bytes, row: str = "order") -> list[Any]:
    body = text if isinstance(text, bytes) else text.encode()
    return list(xml_records(io.BytesIO(body), row, COLUMNS, "orders.xml"))


def values(text: str | bytes) -> list[list[str | None]]:
    return [list(record.values.values()) for record in read(text)]


def test_values_are_found_at_their_places() -> None:
    text = """<?xml version="1.0"?>
<orders xmlns="urn:shop" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:g="urn:geo">
  <order id=" 17 "><customer id="C9"><g:city> Z&#252;rich &amp; </g:city><street>x</street></customer>
    <total>
      12.50
    </total></order>
  <batch><order id="18">a<b>skipped</b>c<customer><city/></customer><total xsi:nil="true"/></order></batch>
  <order><![CDATA[<raw>]]></order>
</orders>"""
    records = read(text)
    assert [record.line for record in records] == [3, 7, 8]
    assert [list(record.values.values()) for record in records] == [
        ["17", "C9", " Zürich & ", "12.50", "\n    "],
        ["18", None, "", None, "ac"],
        [None, None, None, None, "<raw>"],
    ]


def test_document_is_read_in_its_own_encoding() -> None:
    body = '<?xml version="1.0" encoding="{}"?><o><order><customer><city>Zürich</city></customer></order></o>'
    for encoding in ("utf-8", "iso-8859-1", "windows-1252", "utf-16"):
        assert values(body.format(encoding).encode(encoding))[0][2] == "Zürich"


def test_path_that_occurs_twice_rejects_its_row() -> None:
    records = read('<o><order id="1"><total>1</total><total>2</total></order><order id="2"/></o>')
    assert [record.problem for record in records] == ["total occurs several times in the row", ""]
    assert '"total": "2"' in records[0].raw


def test_row_inside_a_row_is_a_part_of_it() -> None:
    assert len(read("<order><order><total>1</total></order></order>")) == 1


def test_document_without_rows_is_refused_unless_it_is_empty() -> None:
    assert read("<orders/>") == []
    with raises_golden(UnloadableFile, "preparing", "xml_no_row", "'order'"):
        read("<orders><Order/></orders>")


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a><order>&c;</order></a>'
OUTSIDE = '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("xml_bomb", BOMB),
        ("xml_outside", OUTSIDE),
        ("xml_entity", "<o><order>&unknown;</order></o>"),
        ("xml_cut", "<o><order><total>1</total></order>"),
        ("xml_no_xml", "id,city\n1,Bern\n"),
        ("xml_empty", ""),
        ("xml_two_roots", "<o/><o/>"),
        ("xml_deep", "<o>" + "<x>" * 300),
        ("xml_bad_bytes", b"<o><order>\xff</order></o>"),
    ],
)
def test_harmful_or_damaged_document_is_refused(name: str, text: str | bytes) -> None:
    with raises_golden(UnloadableFile, "preparing", name, "orders.xml"):
        read(text)


@pytest.mark.parametrize("name", ["xml_long_text", "xml_long_tag"])
def test_row_that_is_too_long_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("xml_rows", "xml_documents"):
        monkeypatch.setattr(f"lakeport.preparing.{module}.MAX_ROW_CHARACTERS", 200_000)
    text = {"xml_long_text": "<o><order>" + "x" * 300_000, "xml_long_tag": f'<o><order id="{"x" * 600_000}"/></o>'}[
        name
    ]
    with raises_golden(UnloadableFile, "preparing", name, "200,000"):
        read(text)


def test_memory_does_not_grow_with_the_document() -> None:
    def document(rows: int) -> Iterator[bytes]:
        yield b"<o>"
        for number in range(rows):
            yield b'<order id="%d"><customer id="C"><city>Bern</city></customer></order>\n' % number
        yield b"</o>"

    peaks = []
    for rows in (2_000, 10_000):
        tracemalloc.start()
        assert sum(1 for _ in xml_records(stream_of(document(rows)), "order", COLUMNS, "orders.xml")) == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000, "more than 25 bytes a row"
