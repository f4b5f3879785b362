"""Single values: what is stored, and which error reports that it does not fit."""

import pytest

from local.redshift.copy import fields
from local.redshift.copy.columns import Column, Type
from local.redshift.copy.options import CopyOptions
from local.redshift.protocol.errors import FieldError


def stored(kind: Type, value: str, length: int = -1, scale: int = 0, **options: object) -> str | None:
    copy_options = CopyOptions(**options)  # type: ignore[arg-type]
    return fields.converter(Column("c", kind, length, scale), copy_options)(value)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Type.INTEGER, " 5 ", "5"),
        (Type.INTEGER, "   ", None),
        (Type.BIGINT, "-9223372036854775808", "-9223372036854775808"),
        (Type.BOOLEAN, "Yes", "true"),
        (Type.BOOLEAN, "0", "false"),
        (Type.DOUBLE, "1e5", "1e5"),
        (Type.DATE, "2024-02-29", "2024-02-29"),
        (Type.DATE, "2024-02-29 10:00:00", "2024-02-29"),
        (Type.TIMESTAMP, "2024-02-29 10:00:00.5", "2024-02-29 10:00:00.500000"),
        (Type.TIMESTAMPTZ, "2024-02-29 10:00:00+02", "2024-02-29 08:00:00+00:00"),
        (Type.SUPER, '{"a": 1}', '{"a": 1}'),
        (Type.VARBYTE, "00ff", "\\x00ff"),
        (Type.VARCHAR, "\\N", None),
    ],
)
def test_values_that_fit(kind: Type, value: str, expected: str | None) -> None:
    assert stored(kind, value) == expected


@pytest.mark.parametrize(
    ("kind", "value", "code", "reason"),
    [
        (Type.SMALLINT, "1x", 1207, "Invalid digit, Value 'x', Pos 1, Type: Short"),
        (Type.BIGINT, "20200407.0", 1207, "Invalid digit, Value '.', Pos 8, Type: Long"),
        (Type.INTEGER, "-", 1207, "Invalid digit, Value '-', Pos 0, Type: Integer"),
        (Type.SMALLINT, "32768", 1222, "Overflow"),
        (Type.BOOLEAN, "maybe", 1210, ""),
        (Type.DOUBLE, "x", 1208, ""),
        (Type.DATE, "2024-1-1", 1205, "Invalid Date Format - length must be 10 or more"),
        (Type.DATE, "2023-02-29", 1205, ""),
        (Type.TIMESTAMP, "2024-01-01", 1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"),
        (Type.SUPER, "{", 1224, ""),
        (Type.VARCHAR, "\udca4", 1220, "Bad UTF-8 hex sequence: a4 (error 3)"),
        (Type.VARCHAR, "a\0b", 1216, "Missing newline: Unexpected character 0x62 found at location 2"),
        (
            Type.CHAR,
            "é",
            1220,
            "not supported for CHAR (Hint: Try using VARCHAR). Invalid char: c3 a9",
        ),
    ],
)
def test_values_that_do_not_fit(kind: Type, value: str, code: int, reason: str) -> None:
    with pytest.raises(FieldError) as caught:
        stored(kind, value, 5 if kind.is_character else -1)
    assert caught.value.code == code
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    ("value", "rounds", "expected"),
    [("20.259", False, "20.25"), ("20.259", True, "20.26"), ("-0.005", True, "-0.01"), ("-0.009", False, "-0.00")],
)
def test_decimals_are_cut_unless_rounded(value: str, rounds: bool, expected: str) -> None:
    assert stored(Type.DECIMAL, value, 8, 2, round_decimals=rounds) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2019-02-11T05:09:12.195Z", "2019-02-11 05:09:12.195000"),
        ("J2345678 04:05:06.789", "1710-02-23 04:05:06"),
        ("1996.008", "1996-01-08 00:00:00"),
        ("960108 040809", "1996-01-08 04:08:09"),
        ("17 Dec 07:37:16 1997 PST", "1997-12-17 07:37:16"),
        ("12/17/1997 07:37 PM", "1997-12-17 19:37:00"),
        ("January 12, 1992", "1992-01-12 00:00:00"),
    ],
)
def test_auto_recognises(value: str, expected: str) -> None:
    assert stored(Type.TIMESTAMP, value, time_format="auto") == expected


@pytest.mark.parametrize(
    ("time_format", "value", "expected"),
    [
        ("epochsecs", "-1.5", "1969-12-31 23:59:58.500000"),
        ("epochmillisecs", "1231769757119", "2009-01-12 14:15:57.119000"),
        ("MM.DD.YYYY HH:MI:SS", "03.31.2003 18:45:05.123456", "2003-03-31 18:45:05.123456"),
        ("DD-MON-YY HH12:MI AM", "01-sep-69 12:05 am", "2069-09-01 00:05:00"),
    ],
)
def test_time_formats(time_format: str, value: str, expected: str) -> None:
    assert stored(Type.TIMESTAMP, value, time_format=time_format) == expected


def test_truncation_keeps_whole_characters() -> None:
    assert stored(Type.VARCHAR, "aéé", 4, truncate_columns=True) == "aé"


def test_blanks_beyond_the_limit_are_cut() -> None:
    assert stored(Type.VARCHAR, "ab   ", 3) == "ab "


def test_each_bad_byte_is_replaced() -> None:
    assert stored(Type.VARCHAR, "a\udce0\udca1\ufdd0", 20, replacement="^") == "a^^^^^"
