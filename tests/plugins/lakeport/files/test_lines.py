"""Headers decide which field goes to which column; rejected values are found in raw lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from lakeport.errors import UnloadableFile
from lakeport.files.header import columns_of_file
from lakeport.schema.file_type import FileType
from tests.support.file_types import make_file_type


def columns_in_header(file_type: FileType, header: str) -> tuple[str, ...]:
    return columns_of_file(file_type, header).names


def value_in_line(line: str, column: str, names: Sequence[str], file_type: FileType) -> str | None:
    return file_type.copied.value_in_line(line, column, names, file_type.file_columns)


def columns(header: str, **format_: Any) -> tuple[str, ...]:
    return columns_in_header(make_file_type(format={"type": "csv", "header_lines": 1, **format_}), header)


@pytest.mark.parametrize(
    ("header", "format_"),
    [
        ("id,city,price", {}),
        ("\ufeffid,city,price", {}),
        ('\ufeff"id","city","price"', {}),
        ('"id","city",price', {}),
        ("ID, City ,price", {}),
        ("'id','city','price'", {"quote": "'"}),
        ("id;city;price", {"delimiter": ";"}),
        ("id\tcity\tprice", {"delimiter": "\t"}),
        ("id\tcity\tprice", {"delimiter": "\\t"}),
        ("id\1city\1price", {"delimiter": "\\001"}),
        ("id|city|price", {"type": "delimited"}),
        ("id|~|city|~|price", {"type": "delimited", "delimiter": "|~|"}),
        ('"id"|"city"|"price"', {"type": "delimited", "removequotes": True}),
        ("i\\d|city|price", {"type": "delimited", "escape": True}),
    ],
)
def test_header_names_the_columns(header: str, format_: dict[str, Any]) -> None:
    assert columns(header, **format_) == ("id", "city", "price")


def test_reordered_header_reorders_the_columns() -> None:
    """COPY maps by position, so the list follows the file."""
    assert columns("price,id,city") == ("price", "id", "city")


@pytest.mark.parametrize(
    ("header", "difference"),
    [
        ("id,city", "missing: price"),
        ("id,city,price,zip", "not in the schema: zip"),
        ("id,city,price,", "not in the schema: (blank)"),
        ("id,city,price,City", "duplicate: city"),
        ("id,city,cost", "missing: price; not in the schema: cost"),
        ("", "missing: id, city, price"),
        ("id;city;price", "missing: id, city, price; not in the schema: id;city;price"),
        ("1,Bern,2.50", "missing: id, city, price; not in the schema: 1, bern, 2.50"),
        ("\\xff\\xfei\0d", "missing: id, city, price; not in the schema: \\xff\\xfei\0d"),
    ],
)
def test_header_that_does_not_fit_is_refused_with_the_difference(header: str, difference: str) -> None:
    with pytest.raises(UnloadableFile, match=re.escape(f"schemas/trips.yaml ({difference})")):
        columns(header)


def test_header_with_a_carriage_return_inside_is_refused() -> None:
    """A file with the line ends of an old Mac is one long line."""
    with pytest.raises(UnloadableFile, match=r"CR.* LF or CR LF"):
        columns("id,city,price\r1,Bern,2.50\r2,Oslo,3")


@pytest.mark.parametrize("header", ['"id,city,price', 'id,"city', 'id,city,"price ""'])
def test_header_that_continues_in_the_next_line_is_refused(header: str) -> None:
    with pytest.raises(UnloadableFile, match="line end"):
        columns(header)


def test_quote_inside_a_header_word_is_part_of_it() -> None:
    with pytest.raises(UnloadableFile, match='5" pipe'):
        columns('id,city,price,5" pipe')


@pytest.mark.parametrize(
    ("line", "column", "value", "format_"),
    [
        ("1,Bern,2.50", "city", "Bern", {"type": "csv"}),
        ('1,"Bern, old ""town""",2', "city", 'Bern, old "town"', {"type": "csv"}),
        ("1,,2", "city", "", {"type": "csv"}),
        ("1,Bern,2,3", "price", "2", {"type": "csv"}),
        ("1,Bern", "price", None, {"type": "csv"}),
        ("", "id", None, {"type": "csv"}),
        ("1,Be\rrn,2", "city", None, {"type": "csv"}),
        ("1,Bern,2", "nowhere", None, {"type": "csv"}),
        ("1,\0,2", "city", "\0", {"type": "csv"}),
        ("1|Bern|2", "city", "Bern", {"type": "delimited"}),
        ('1|"Be|rn"|2', "city", '"Be', {"type": "delimited"}),
        ('1|"Be|rn"|2', "city", "Be|rn", {"type": "delimited", "removequotes": True}),
        ("1|Be\\|rn|2", "city", "Be|rn", {"type": "delimited", "escape": True}),
        ("1|Be\rrn|2", "city", "Be\rrn", {"type": "delimited"}),
        ("1|~|Bern|~|2", "city", "Bern", {"type": "delimited", "delimiter": "|~|"}),
        ('{"id": 1, "city": "Bern"}', "city", "Bern", {"type": "json"}),
        ('{"id": 1, "city": null}', "city", None, {"type": "json"}),
        ('{"id": 1}', "id", "1", {"type": "json"}),
        ('{"id": [1, {"a": true}]}', "id", '[1, {"a": true}]', {"type": "json"}),
        ('{"id": 1', "id", None, {"type": "json"}),
        ("[1]", "id", None, {"type": "json"}),
        ('"id"', "id", None, {"type": "json"}),
        ("[" * 200_000, "id", None, {"type": "json"}),
        ('{"id": ' + "9" * 5000 + "}", "id", None, {"type": "json"}),
        ('{"ID": 1, "City": "Bern"}', "city", "Bern", {"type": "json", "ignorecase": True}),
        ('{"ID": 1, "City": "Bern"}', "city", None, {"type": "json"}),
        ('{"a": {"b": ["x", "Bern"]}}', "city", "Bern", {"type": "json", "jsonpaths": ["$.id", "$.a.b[1]", "$.p"]}),
        ('{"a": {"b": 1}}', "city", None, {"type": "json", "jsonpaths": ["$.id", "$.a.b[1]", "$.p"]}),
        ('{"a b": {"c.d": 2.5}}', "id", "2.5", {"type": "json", "jsonpaths": ["$['a b']['c.d']", "$['b']", "$"]}),
        ('[1, [2, "Bern"]]', "city", "Bern", {"type": "json", "jsonpaths": ["$[0]", "$[1][1]", "$[5]"]}),
        ("PAR1\0\x15", "id", None, {"type": "parquet"}),
        ("Obj\1", "id", None, {"type": "avro"}),
        ("ORC", "id", None, {"type": "orc"}),
    ],
)
def test_value_of_a_rejected_line_is_found(line: str, column: str, value: str | None, format_: dict[str, Any]) -> None:
    """None where the line is too broken to say: the row is kept all the same."""
    assert value_in_line(line, column, ("id", "city", "price"), make_file_type(format=format_)) == value


def test_value_follows_the_files_columns() -> None:
    assert value_in_line("2.50,1,Bern", "id", ("price", "id", "city"), make_file_type()) == "1"


@pytest.mark.parametrize("type_", ["csv", "delimited", "json"])
def test_value_of_a_megabyte_is_given_back(type_: str) -> None:
    """It is too long for its column, so it is rejected, and that is when it is asked for."""
    long = "x" * 1_000_000
    line = f'{{"id": "{long}"}}' if type_ == "json" else long

    assert value_in_line(line, "id", ("id",), make_file_type(format={"type": type_})) == long


def typed(*columns: tuple[str, str | None]) -> FileType:
    return make_file_type(columns=[{"name": name, "type": "integer", "header": word} for name, word in columns])


def test_word_that_is_not_a_name_becomes_the_header_key() -> None:
    file_type = typed(("horse_power", "Horse power (hp)"), ("row", ""), ("id", None))

    assert columns_in_header(file_type, "ID,,horse POWER (hp) ") == ("id", "row", "horse_power")


def test_columns_with_the_same_header_are_distinguished_by_their_order() -> None:
    assert columns_in_header(typed(("a", "x"), ("b", "x"), ("c", None)), "x,c,x") == ("a", "c", "b")


@pytest.mark.parametrize(
    ("header", "difference"),
    [
        ("x,c", r"\(missing: x, x\)"),
        ("x,x,x,c", r"\(duplicate: x\)"),
        ("x,x,c,", r"\(not in the schema: \(blank\)\)"),
    ],
)
def test_words_of_header_are_counted(header: str, difference: str) -> None:
    with pytest.raises(UnloadableFile, match=difference):
        columns_in_header(typed(("a", "x"), ("b", "x"), ("c", None)), header)


@pytest.mark.parametrize(
    ("line", "column", "value"),
    [
        ("001Zürich   2.5", "id", "001"),
        ("001Zürich   2.5", "city", "Zürich   "),
        ("001Zürich   2.5", "price", "2.5"),
        ("001Bern", "city", "Bern"),
        ("001", "city", None),
        ("", "id", None),
    ],
)
def test_value_of_a_fixed_width_line_is_found_by_position(line: str, column: str, value: str | None) -> None:
    """Widths count characters, not bytes."""
    columns = [
        {"name": name, "type": "varchar(20)", "width": width} for name, width in (("id", 3), ("city", 9), ("price", 6))
    ]
    file_type = make_file_type(format={"type": "fixed_width"}, columns=columns)

    assert value_in_line(line, column, file_type.column_names, file_type) == value
