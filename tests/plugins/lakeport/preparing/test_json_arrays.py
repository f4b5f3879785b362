"""A JSON array's elements become lines; numbers keep every digit; anything except an array is unloadable."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakeport.errors import UnloadableFile
from tests.support.buckets import Prepare
from tests.support.golden import raises_golden


def lines(prepare: Prepare, body: bytes) -> list[bytes]:
    [content] = prepare(body, type="json", layout="array").values()
    return content.splitlines()


def test_elements_become_lines(prepare: Prepare) -> None:
    body = b"""[ {"id": 1, "a": [1, {"b": null}, true]},

      {"id": 2, "text": "a\\nb \\u00fc \xc3\xbc"}, {}, [1, []]
    ]"""

    assert lines(prepare, body) == [
        b'{"id":1,"a":[1,{"b":null},true]}',
        b'{"id":2,"text":"a\\nb \xc3\xbc \xc3\xbc"}',
        b"{}",
        b"[1,[]]",
    ]


def test_numbers_keep_every_digit(prepare: Prepare) -> None:
    body = b'[{"a": 1.10, "b": 12345678901234567890.123456789, "c": 100000000000000000000, "d": -0.5, "e": 1E400}]'

    assert lines(prepare, body) == [
        b'{"a":1.10,"b":12345678901234567890.123456789,"c":100000000000000000000,"d":-0.5,"e":1E+400}'
    ]


def test_byte_order_mark_is_skipped(prepare: Prepare) -> None:
    assert lines(prepare, b'\xef\xbb\xbf[{"a": 1}]') == [b'{"a":1}']


def test_empty_array_has_no_rows(prepare: Prepare) -> None:
    assert lines(prepare, b"[]") == []


def test_encoding_and_compression_come_first(prepare: Prepare) -> None:
    body = gzip.compress('[{"a": "Zürich"}]'.encode("utf-16"))

    [content] = prepare(body, type="json", layout="array", encoding="utf16", compression="gzip").values()

    assert content == '{"a":"Zürich"}\n'.encode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(st.lists(st.dictionaries(st.text(st.characters(codec="utf-8")), json_values, max_size=5), max_size=5))
def test_any_array_keeps_its_elements(prepare: Prepare, elements: list[object]) -> None:
    body = json.dumps(elements, ensure_ascii=False).encode()

    assert [json.loads(line) for line in prepare(body, type="json", layout="array")[""].split(b"\n")[:-1]] == elements


def test_longest_number_keeps_every_digit(prepare: Prepare) -> None:
    body = b'[{"a": ' + b"9" * 4300 + b"}]"

    assert prepare(body, type="json", layout="array")[""] == body[1:-1].replace(b" ", b"") + b"\n"


@pytest.mark.parametrize(
    ("case", "body", "value"),
    [
        ("an object", b'{"a": 1}', "format.layout"),
        ("a string", b'"a"', "array"),
        ("an array with a number", b'[{"a": 1}, 2]', "element 2"),
        ("an array of strings", b'["a"]', "element 1"),
        ("a truncated array", b'[{"a": 1}', "premature EOF"),
        ("an array with text after it", b'[{"a": 1}] x', "trailing garbage"),
        ("an array with a trailing comma", b'[{"a": 1},]', "array"),
        ("an array with NaN", b'[{"a": NaN}]', "array"),
        ("an array with invalid UTF-8", b'[{"a": "\xff"}]', "array"),
        ("a CSV file", b"id,city\n1,Bern\n", "array"),
        ("a long number", b'[{"a": ' + b"9" * 4301 + b"}]", "4,300"),
        ("a long number after a long text", b'[{"a": "' + b"x" * 65_000 + b'", "b": ' + b"9" * 4301 + b"}]", "4,300"),
        ("deep nesting", b"[" * 100_000, "1,000 levels"),
        ("a long value", b'[{"a": "' + b"x" * 20_000_000 + b'"}]', "16,777,216 bytes"),
    ],
)
def test_other_json_is_refused(prepare: Prepare, case: str, body: bytes, value: str) -> None:
    with raises_golden(UnloadableFile, "preparing", f"JSON array: {case}", "trips.dat", value):
        prepare(body, type="json", layout="array")
