"""Write a cell's value in COPY's default format for a column's type."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

_BINARY_FLOATS = ("real", "double precision")


def cell_text(value: Any, type_name: str) -> str:
    """Return the text, empty for an empty cell; a value of another type is kept, so that COPY rejects it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _number_text(value, type_name)
    if isinstance(value, datetime):
        return _moment_text(value, type_name)
    if isinstance(value, timedelta):
        return _duration_text(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return "" if value is None else str(value)


def _number_text(value: float, type_name: str) -> str:
    if value.is_integer():
        return str(int(value))
    # Excel computes in binary and shows 15 digits: a cell that shows 2.675 is saved as 2.6749999999999998.
    return repr(value) if type_name in _BINARY_FLOATS else format(Decimal(f"{value:.15g}"), "f")


def _moment_text(value: datetime, type_name: str) -> str:
    is_day = value.time() == time()
    if type_name == "timestamptz":
        return f"{value:%Y-%m-%d %H:%M:%S}{_fraction(value)}+00"
    if is_day and type_name != "timestamp":
        return f"{value:%Y-%m-%d}"
    return f"{value:%Y-%m-%d %H:%M:%S}{_fraction(value)}"


def _fraction(value: datetime) -> str:
    return f".{value.microsecond:06}" if value.microsecond else ""


def _duration_text(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
