"""Which values COPY would change: exactly those whose stored value is another."""

from __future__ import annotations

import random
import re
from decimal import ROUND_DOWN, Decimal

import pytest

from lakeport.files.lossy_values import JsonNumber, lossy_check, suspicious_bytes
from lakeport.schema.column import Column
from lakeport.schema.file_format import Format
from lakeport.schema.record_formats import Json
from lakeport.schema.text_formats import Csv

CSV = Csv(type="csv")


def reason_of(type_: str, value: str, format_: Format = CSV) -> str | None:
    column = Column.model_validate({"name": "a", "type": type_})
    check = lossy_check(column, format_)
    reason = check(value) if check else None
    if reason:
        assert re.search(suspicious_bytes(column, format_), f"x,{value},y\n")
        assert re.search(suspicious_bytes(column, format_).encode(), f"x,{value},y\n".encode())
    return reason


@pytest.mark.parametrize("type_", ["decimal(38,18)", "varchar(64)"])
@pytest.mark.parametrize(
    ("number", "is_kept"),
    [
        ("9223372036854775807", True),
        ("0.1234567890123456", True),
        ("123456789012.345", True),
        ("12345678901234567890123", False),
        ("1.12345678901234567", False),
    ],
)
def test_number_of_json_keeps_the_digits_of_a_double(type_: str, number: str, is_kept: bool) -> None:
    """COPY may read it as one; a text, and a number in CSV, keep every digit."""
    json = Json(type="json")
    assert (reason_of(type_, JsonNumber(number), json) is None) == is_kept
    assert reason_of(type_, number, json) is None
    assert reason_of(type_, number) is None


@pytest.mark.parametrize("number", ["1.50", "1.0", "1E+5", "0.00001", "-2.0"])
def test_number_of_json_with_several_notations_is_not_loaded_as_text(number: str) -> None:
    """AWS does not document which one COPY writes."""
    json = Json(type="json")
    assert "another form" in (reason_of("varchar(8)", JsonNumber(number), json) or "")
    assert reason_of("decimal(8,5)", JsonNumber(number), json) is None
    assert reason_of("varchar(8)", number, json) is None
    assert reason_of("varchar(8)", JsonNumber("-12"), json) is reason_of("varchar(8)", JsonNumber("1.5"), json) is None


@pytest.mark.parametrize(
    ("type_", "value", "word"),
    [
        ("decimal(8,2)", "1.999", "3 digits"),
        ("decimal(8,2)", "-0.005", "3 digits"),
        ("decimal(8,2)", "1.5e-3", "4 digits"),
        ("decimal(8,2)", " .001 ", "3 digits"),
        ("decimal(8,0)", "1.5", "1 digits"),
        ("date", "2024-01-02 10:30:00", "time of day"),
        ("date", "2024-01-02T00:00:01Z", "time of day"),
        ("date", "2024-01-02 12:00 PM", "time of day"),
        ("date", "19960108 040809", "time of day"),
        ("date", "2024-01-02T00:00:00+05:00", "offset +05:00"),
        ("timestamp", "2024-03-31T03:30:00+02:00", "offset +02:00"),
        ("timestamp", "2024-07-01 00:00:00-05", "offset -05"),
        ("timestamp", "12/17/1997 07:37:16.00 PST", "zone PST"),
        ("timestamp", "2024-01-01 00:00:00.1234567", "digits of a second"),
        ("timestamptz", "2024-01-01 00:00:00.1234567+02", "digits of a second"),
        ("time", "10:00:00+02:00", "offset"),
    ],
)
def test_value_that_copy_changes_has_a_reason(type_: str, value: str, word: str) -> None:
    assert word in (reason_of(type_, value) or "")


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("decimal(8,2)", "1.990"),
        ("decimal(8,2)", "1.5e1"),
        ("decimal(8,2)", "100"),
        ("decimal(8,2)", "NaN"),
        ("decimal(8,2)", "abc"),
        ("decimal(8,2)", ""),
        ("decimal(8,2)", "0.000"),
        ("date", "2024-01-02"),
        ("date", "2024-01-02 00:00:00"),
        ("date", "2024-01-02T00:00:00.000Z"),
        ("date", "01/02/2024 12:00:00 AM"),
        ("timestamp", "2024-01-02T03:04:05Z"),
        ("timestamp", "2024-01-02 03:04:05+00:00"),
        ("timestamp", "2024-01-02 03:04:05.123456000"),
        ("timestamp", "2024-01-02 03:04 PM"),
        ("timestamp", "2024-01-02 03:04:05 UTC"),
        ("timestamp", "2024-01-02"),
        ("timestamptz", "2024-01-02 03:04:05+02"),
        ("varchar(20)", "1.999"),
        ("double precision", "0.1"),
        ("integer", "1.5"),
    ],
)
def test_value_that_copy_keeps_or_rejects_is_not_lossy(type_: str, value: str) -> None:
    assert reason_of(type_, value) is None


def test_rounding_and_formats_with_a_clock_are_asked_for() -> None:
    assert reason_of("decimal(8,2)", "1.999", Csv(type="csv", roundec=True)) is None
    assert reason_of("date", "2024-01-02 10:30", Csv(type="csv", dateformat="YYYY-MM-DD HH:MI")) is None


def test_decimals_are_lossy_exactly_where_copy_cuts_them() -> None:
    chance = random.Random(1)
    for _ in range(3000):
        scale = chance.randint(0, 6)
        number = Decimal(chance.randint(-(10**9), 10**9)).scaleb(-chance.randint(0, 9))
        value = chance.choice([f"{number:f}", f"{number:E}", f"{number:f}0"])
        is_cut = number.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_DOWN) != number
        assert bool(reason_of(f"decimal(20,{scale})", value)) is is_cut, (value, scale)
