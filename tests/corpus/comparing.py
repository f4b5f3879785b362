"""Compare the values of a table with those of the file, as a person reads them."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from dateutil import parser  # type: ignore[import-untyped]

_TRUE = {"t", "true", "y", "yes", "1"}
_FALSE = {"f", "false", "n", "no", "0"}


def differences(
    schema: Mapping[str, Any],
    notes: Mapping[str, str],
    expected: Sequence[Sequence[Any]],
    loaded: Sequence[Sequence[Any]],
) -> Iterator[str]:
    """Yield how the loaded rows differ from the file's; `notes` are the comments on the columns."""
    if len(expected) != len(loaded):
        yield f"{len(loaded):,} rows in the table, {len(expected):,} in the file"
        return
    for number, (file_row, table_row) in enumerate(zip(expected, loaded, strict=True), start=1):
        if schema["format"]["type"] == "fixed_width":
            if "".join("".join(str(value).split()) for value in table_row if value is not None) != file_row[0]:
                yield f"row {number}: {table_row} for {file_row[0]!r}"
            continue
        for column, raw, value in zip(schema["columns"], file_row, table_row, strict=False):
            name = column["name"]
            if not _is_equal(raw, value, schema["format"], column["type"], notes.get(name, "")):
                yield f"row {number}, column {name} ({column['type']}): {value!r} for {raw!r}"


def _is_equal(raw: Any, value: Any, format_: Mapping[str, Any], type_: str, note: str) -> bool:
    if value is None:
        is_marker: bool = raw == format_.get("null_as", "\\N") and (not type_.startswith("varchar") or "NULL" in note)
        return raw is None or (isinstance(raw, str) and not raw.strip()) or is_marker
    if raw is None:
        return bool(value == "") and format_["type"] == "xlsx"
    try:
        return _is_same(raw, value, format_, type_)
    except (ValueError, InvalidOperation, OverflowError, TypeError):
        return False


def _is_same(raw: Any, value: Any, format_: Mapping[str, Any], type_: str) -> bool:
    if type_ == "super":
        return bool(_plain(json.loads(value)) == _plain(raw))
    if isinstance(value, bool):
        return value is raw if isinstance(raw, bool) else str(raw).strip().lower() in (_TRUE if value else _FALSE)
    if isinstance(value, str):
        return value == _text(raw, type_) or (type_ == "time" and value.startswith(str(raw)))
    if isinstance(value, float):
        number = float(raw)
        is_close = type_ == "real" and math.isclose(number, value, rel_tol=1e-6)
        return number == value or is_close or (math.isnan(number) and math.isnan(value))
    if isinstance(value, int | Decimal):
        return Decimal(str(raw).strip()) == value and not str(raw).strip().startswith("00")
    return _is_same_time(raw, value, format_)


def _text(raw: Any, type_: str) -> str:
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    if isinstance(raw, datetime | date | time) and not type_.startswith("varchar"):
        return raw.isoformat()
    return str(raw)


def _is_same_time(raw: Any, value: Any, format_: Mapping[str, Any]) -> bool:
    if isinstance(value, time):
        return time.fromisoformat(str(raw).strip()) == value
    if isinstance(raw, int) and "epochmillisecs" in str(format_.get("timeformat")):
        raw = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=raw)
    if isinstance(raw, str):
        written = str(format_.get("timeformat" if isinstance(value, datetime) else "dateformat", ""))
        raw = parser.parse(raw.strip(), dayfirst=written.startswith("DD"))
    if not isinstance(value, datetime):
        return bool((raw.date() if isinstance(raw, datetime) else raw) == value)
    return _utc(raw) == _utc(value)


def _utc(moment: Any) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    in_utc: datetime = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return in_utc


def _plain(value: Any) -> Any:
    """Return a nested value with numbers as floats, and without the differences between JSON and Python."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, bool) or value is None:
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)
