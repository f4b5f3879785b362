"""A JSON array's elements become lines; numbers keep every digit; anything except an array is unloadable."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakeport.errors import UnloadableFile
from tests.support.buckets import Prepare


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
    ("body", "problem"),
    [
        (b'{"a": 1}', "trips\\.dat is not a JSON array; .*format\\.layout to objects"),
        (b'"a"', "is not a JSON array"),
        (b'[{"a": 1}, 2]', "element 2 of the array is a number"),
        (b'["a"]', "element 1 of the array is a string"),
        (b'[{"a": 1}', "is not a readable JSON array: parse error: premature EOF"),
        (b'[{"a": 1}] x', "is not a readable JSON array: parse error: trailing garbage"),
        (b'[{"a": 1},]', "is not a readable JSON array"),
        (b'[{"a": NaN}]', "is not a readable JSON array"),
        (b'[{"a": "\xff"}]', "is not a readable JSON array"),
        (b"id,city\n1,Bern\n", "is not a readable JSON array"),
        (b'[{"a": ' + b"9" * 4301 + b"}]", "contains more than 4,300 digits in a row"),
        (b'[{"a": "' + b"x" * 65_000 + b'", "b": ' + b"9" * 4301 + b"}]", "contains more than 4,300 digits in a row"),
        (b"[" * 100_000, "element 1 is nested more than 1,000 levels"),
        (b'[{"a": "' + b"x" * 20_000_000 + b'"}]', "contains a value of more than 16,777,216 bytes"),
    ],
)
def test_other_json_is_refused(prepare: Prepare, body: bytes, problem: str) -> None:
    with pytest.raises(UnloadableFile, match=problem):
        prepare(body, type="json", layout="array")
