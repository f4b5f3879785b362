"""Whether COPY takes a value into a column, and keeps it unchanged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal

from lakeport.inference import moments
from lakeport.inference.profile import has_wrong_bytes
from lakeport.schema.column import Column
from lakeport.schema.column_type import ColumnType
from lakeport.schema.file_format import ConvertedFormat

Objection = Callable[[str], str]
"""Returns why a value that is not NULL does not fit its column, or nothing."""

_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_ENDLESS = ("nan", "inf", "infinity", "+inf", "+infinity", "-inf", "-infinity")
_LIMITS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
_BOOLEANS = {"t", "true", "y", "yes", "1", "f", "false", "n", "no", "0"}
_BLANKS = " \t\n\r\v\f"
_MAX_DECIMAL_OF_64_BITS, _DIGITS_OF_64_BITS = 2**63, 19


def objections_to(column: Column, format_: ConvertedFormat) -> Callable[[str | None], str]:
    """Return a function that returns why COPY would reject a field or change its value, or nothing."""
    is_text = column.type.name in ("varchar", "char")
    objection = _objection_to_text(column.type) if is_text else _objection(column.type, format_)

    def of_field(value: str | None) -> str:
        if value is not None and has_wrong_bytes(value):
            return "not valid UTF-8"
        is_blank = value is None or not value.strip(_BLANKS)
        is_null = is_blank and (value is None or not is_text or bool(format_.emptyasnull and not value))
        if is_null or value is None:
            return "required, but there is no value" if column.required else ""
        return objection(value if is_text else value.strip(_BLANKS))

    return of_field


def _objection_to_text(type_: ColumnType) -> Objection:
    [most] = type_.arguments

    def of_text(value: str) -> str:
        size = len(value.encode("utf-8", "surrogatepass"))
        return f"{size:,} bytes" if size > most else ""

    return of_text


def _objection(type_: ColumnType, format_: ConvertedFormat) -> Objection:
    name, date, time = (
        type_.name,
        format_.dateformat or moments.DEFAULT_DATE,
        format_.timeformat or moments.DEFAULT_TIME,
    )
    checks: dict[str, Callable[[str], bool]] = {
        **dict.fromkeys(_LIMITS, lambda value: _is_integer(value, _LIMITS[name])),
        "decimal": lambda value: _is_decimal(value, *type_.arguments),
        "real": _is_float,
        "double precision": _is_float,
        "boolean": lambda value: value.lower() in _BOOLEANS,
        "date": lambda value: moments.reads_date(date, value),
        "time": moments.reads_time_of_day,
        "timestamp": lambda value: moments.reads_time(time, value),
        "timestamptz": lambda value: moments.reads_time(time, value),
        "super": _is_json,
    }
    fits = checks[name]
    return lambda value: "" if fits(value) else f"not {type_}"


def _is_integer(value: str, limit: int) -> bool:
    return bool(_INTEGER.fullmatch(value)) and -limit <= int(value) < limit


def _is_decimal(value: str, precision: int, scale: int) -> bool:
    """Return whether a number fits without a change: COPY cuts what exceeds the scale."""
    if not _NUMBER.fullmatch(value):
        return False
    _, digits, exponent = (number := Decimal(value)).as_tuple()
    if number.adjusted() >= precision - scale and any(digits):
        return False
    fraction = max(-int(exponent), 0)
    is_exact = fraction <= scale or not any(digits[-(fraction - scale) :])
    is_held = precision > _DIGITS_OF_64_BITS or abs(number) * 10**scale < _MAX_DECIMAL_OF_64_BITS
    return is_exact and is_held


def _is_float(value: str) -> bool:
    return value.lower() in _ENDLESS or bool(_NUMBER.fullmatch(value))


def _is_json(value: str) -> bool:
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True
