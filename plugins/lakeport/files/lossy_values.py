"""Values that COPY would store as another value without an error: it cuts decimals, times of day and offsets."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from lakeport.schema.column import Column
from lakeport.schema.column_type import ColumnType
from lakeport.schema.file_format import ConvertedFormat, Format
from lakeport.schema.record_formats import Json

_CLOCK = re.compile(r"[ T](\d{1,2}):(\d\d)(?::(\d\d(?:\.\d+)?))?\s*([AaPp][Mm])?")
_COMPACT_CLOCK = re.compile(r"\d{6,8} (\d{6})(\.\d+)?$")
_OFFSET = re.compile(r":\d\d(?:\.\d+)?\s*([+-]\d{1,2}(?::?\d\d)?)$")
_ZONE = re.compile(r":\d\d.*?([A-Za-z]{3,5})$")
_LONG_FRACTION = re.compile(r":\d\d\.\d{6}\d*[1-9]")
_NO_OFFSET = re.compile(r"[+-]0+(:?00)?")
_UTC = ("UTC", "GMT")
_INTEGER = re.compile(r"-?\d+", re.ASCII)
_INTEGERS = 2**63
_MOST = Decimal("1e308")
_DOUBLE_DIGITS = 15  # every decimal number of so many digits has its own double
_LONG_NUMBER = r"\d[.\d]{15}"
_TEXTS = ("varchar", "char")
_MAX_DIGITS = 1000  # a longer number is not a decimal that COPY takes

Lossy = Callable[[str], str | None]
"""Return why a value would be changed, or None."""


class JsonNumber(str):
    """A number of a JSON document, with its digits: COPY may read it as a double."""

    __slots__ = ()


def is_kept_in_json(number: str) -> bool:
    """Return whether a number in JSON keeps its digits if it is read as an integer of 64 bits or as a double."""
    try:
        value = Decimal(number)
        is_integer = _INTEGER.fullmatch(number) is not None and abs(value) < _INTEGERS
        is_short = len(value.as_tuple().digits) <= _DOUBLE_DIGITS and abs(value) < _MOST
        return is_integer or is_short or Decimal(repr(float(value))) == value
    except (InvalidOperation, OverflowError):
        return False


def is_written_alike(number: str) -> bool:
    """Return whether a number in JSON has one notation, as an integer or as a double: not 1.50, 1.0 or 1e5."""
    return _INTEGER.fullmatch(number) is not None or (number == repr(float(number)) and not number.endswith(".0"))


def lossy_check(column: Column, format_: Format) -> Lossy | None:
    """Return the check of a column's values, or None if COPY stores each value of its type unchanged or rejects it.

    `real` and `double precision` are approximate by definition and are not checked.
    """
    type_, name = column.type, column.type.name
    if name == "decimal":
        is_rounded = isinstance(format_, ConvertedFormat) and format_.roundec
        return None if is_rounded else lambda value: _decimal(value, type_) or _digits(value)
    if name in _TEXTS:
        return (lambda value: _digits(value) or _notation(value)) if isinstance(format_, Json) else None
    if name == "date":
        has_clock = isinstance(format_, ConvertedFormat) and "HH" in (format_.dateformat or "").upper()
        return None if has_clock else lambda value: _date(value) or _zone(value, type_)
    if name in ("timestamp", "time"):
        return lambda value: _zone(value, type_) or _fraction(value, type_)
    return (lambda value: _fraction(value, type_)) if name == "timestamptz" else None


def suspicious_bytes(column: Column, format_: Format) -> str:
    """Return a regular expression, for text and bytes, that finds every value that may be changed."""
    if column.type.name == "decimal":
        scale = column.type.arguments[1]
        long_number = f"|{_LONG_NUMBER}" if isinstance(format_, Json) else ""
        return rf"\.\d{{{scale}}}\d*[1-9]|\d\.?[eE][+-]?\d{long_number}"
    if column.type.name in _TEXTS:
        return rf"{_LONG_NUMBER}|\d[eE][+-]?\d|\.0000|\.\d*0\s*(?:[,}}\]\n]|$)"
    clock = r"\d[ T]+\d{1,2}:\d\d|\d{6,8} \d{6}|" if column.type.name == "date" else ""
    return rf"{clock}:\d\d\.\d{{6}}\d*[1-9]|:\d\d(?:\.\d+)?\s*(?:[+-]\d|[A-Za-z]{{2}})|:\d\d[^,;|\n]*[A-Za-z]{{3}}"


def _decimal(value: str, type_: ColumnType) -> str | None:
    text = value.strip()
    try:
        number = Decimal(text) if len(text) <= _MAX_DIGITS and "_" not in text else Decimal("NaN")
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    digits = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    places = len(digits) - len(number.as_tuple().digits) - int(number.as_tuple().exponent) if digits else 0
    scale = type_.arguments[1]
    return f"has {places} digits after the point, {type_} keeps {scale}" if places > scale else None


def _digits(value: str) -> str | None:
    if not isinstance(value, JsonNumber) or is_kept_in_json(value):
        return None
    return f"has more than {_DOUBLE_DIGITS} digits, of which COPY may lose some in a JSON number; ask for a text"


def _notation(value: str) -> str | None:
    if not isinstance(value, JsonNumber) or is_written_alike(value):
        return None
    return "is a JSON number that COPY may write in another form, such as 1.5 for 1.50; ask for a text"


def _date(value: str) -> str | None:
    text = value.strip()
    if compact := _COMPACT_CLOCK.search(text):
        return "has a time of day, which date drops" if compact[1] != "000000" or _is_set(compact[2]) else None
    found = _CLOCK.search(text)
    if not found:
        return None
    hour = 0 if found[1] == "12" and (found[4] or "").upper() == "AM" else int(found[1])
    is_later = hour or (found[4] and found[4].upper() == "PM") or int(found[2]) or _is_set(found[3])
    return "has a time of day, which date drops" if is_later else None


def _zone(value: str, type_: ColumnType) -> str | None:
    text = value.strip()
    remedy = "; use timestamptz" if type_.name == "timestamp" else ""
    if (offset := _OFFSET.search(text)) and not _NO_OFFSET.fullmatch(offset[1]):
        return f"has the offset {offset[1]}, which {type_} drops{remedy}"
    if (zone := _ZONE.search(text)) and zone[1].upper() not in _UTC:
        return f"has the time zone {zone[1]}, which {type_} drops{remedy}"
    return None


def _fraction(value: str, type_: ColumnType) -> str | None:
    return f"has more than 6 digits of a second, which {type_} drops" if _LONG_FRACTION.search(value) else None


def _is_set(digits: str | None) -> bool:
    return bool(digits and digits.strip("0."))
