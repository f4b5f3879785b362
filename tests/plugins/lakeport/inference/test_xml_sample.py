"""The element that is repeated becomes the row of an XML document, and its values columns with their places."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from lakeport.errors import SampleError
from lakeport.inference.infer import Draft, infer
from tests.support.golden import raises_golden

ORDERS = """<?xml version="1.0" encoding="{encoding}"?>
<export xmlns="urn:shop" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:shop shop.xsd">
  <created>2026-01-02</created>
  <orders>
    <order id="17"><customer id="C9"><name>Müller</name><city>Bern</city></customer><total cur="CHF">12.50</total>
      <ordered> 2026-01-01T10:00:00Z </ordered><line sku="a"><n>1</n></line><line sku="b"><n>2</n></line></order>
    <order id="18"><customer id="C7"><name>Ann</name></customer><total cur="EUR" xsi:nil="true"/>
      <ordered>2026-01-02T11:30:00Z</ordered><line sku="a"><n>3</n></line></order>
    <order id="19"><customer/><total cur="EUR">7.25</total><ordered>2026-01-02T12:00:00Z</ordered></order>
  </orders>
</export>
"""


def drafted(tmp_path: Path, text: str | bytes, name: str = "orders.xml", most_rows: int | None = None) -> Draft:
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return infer(tmp_path / name, most_rows=most_rows)


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "UTF-16"])
def test_row_and_places_and_types_are_found_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    """A load by the schema would load every row of the sample."""
    draft = drafted(tmp_path, ORDERS.format(encoding=encoding).encode(encoding))
    assert (draft.unsolved, draft.rows, draft.is_whole, draft.pattern) == ((), 3, True, "orders/orders*.xml")
    assert draft.format == {"type": "xml", "row": "order", "timeformat": "auto"}
    assert [(each.name, each.at, each.type, each.is_required) for each in draft.columns] == [
        ("id", "@id", "integer", True),
        ("customer_id", "customer/@id", "varchar(8)", False),
        ("name", "customer/name", "varchar(16)", False),
        ("city", "customer/city", "varchar(8)", False),
        ("cur", "total/@cur", "varchar(8)", True),
        ("total", None, "decimal(8,4)", False),
        ("ordered", None, "timestamptz", True),
    ]
    [left_out] = [note for note in draft.notes if "left out" in note]
    assert left_out == (
        "line is left out: a row has up to 2 of it; another file type can load it, with format.row: line"
    )
    assert '- {name: customer_id, type: varchar(8), at: "customer/@id"}' in draft.as_yaml()


@pytest.mark.parametrize(
    ("text", "row", "places"),
    [
        ("<a><b>1</b><b>2</b></a>", "b", ["."]),
        ("<a><b x='1'/><b x='2'/></a>", "b", ["@x"]),
        ("<a><t>x</t><t>y</t><t>z</t><b><c>1</c></b><b><c>2</c></b></a>", "b", ["c"]),
        ("<a><o><i n='1'/><i n='2'/><i n='3'/><k>1</k></o><o><k>2</k></o></a>", "o", ["k"]),
        ("<a><b><c>1</c><d>2</d></b></a>", "b", ["c", "d"]),
        ("<a><c>1</c><d>2</d></a>", "a", ["c", "d"]),
        ("<a x='1'/>", "a", ["@x"]),
        ("<a><b>1<c>2</c></b><b>3</b></a>", "b", [".", "c"]),
    ],
)
def test_row_is_the_repeated_element_nearest_to_the_root(
    tmp_path: Path, text: str, row: str, places: list[str]
) -> None:
    draft = drafted(tmp_path, text)
    assert (draft.format["row"], sorted(each.at or each.name for each in draft.columns)) == (row, places)
    assert draft.unsolved == ()


def test_first_rows_of_a_compressed_document_are_enough(tmp_path: Path) -> None:
    text = "<a>" + "".join(f"<b><n>{n}</n></b>" for n in range(30_000)) + "</a>"
    draft = drafted(tmp_path, gzip.compress(text.encode()), "rows.xml.gz", most_rows=10)
    assert (draft.rows, draft.is_whole, draft.format) == (10, False, {"type": "xml", "compression": "gzip", "row": "b"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("xml_definition", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        ("xml_that_ends_early", "<a><b>1</b>"),
        ("xml_of_lists", "<a><b><c>1</c><c>2</c></b><b><c>3</c></b></a>"),
        ("xml_that_is_too_deep", "<a>" + "<b>" * 300),
    ],
)
def test_document_that_no_schema_loads_is_refused_with_the_reason(tmp_path: Path, name: str, text: str) -> None:
    with raises_golden(SampleError, "inference", name, "orders.xml"):
        drafted(tmp_path, text)
