"""Compare the rows of a table with those of the file, as a person reads their values."""

from __future__ import annotations

import json
import math
import struct
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from dateutil import parser  # type: ignore[import-untyped]

from tests.corpus.independent import WrittenNumber

_MOST_CHARACTERS = 300
_TRUE = {"t", "true", "y", "yes", "1"}
_FALSE = {"f", "false", "n", "no", "0"}


def differences(
    schema: Mapping[str, Any],
    notes: Mapping[str, str],
    expected: Sequence[Sequence[Any]],
    loaded: Sequence[Sequence[Any]],
) -> Iterator[str]:
    """Yield how the loaded rows differ from the file's, in any order; `notes` are the comments on the columns."""
    if len(expected) != len(loaded):
        yield f"{len(loaded):,} rows in the table, {len(expected):,} in the file"
        return
    if schema["format"]["type"] == "fixed_width":
        in_file = Counter[Any](" ".join(map(_plain_number, row)) for row in expected)
        in_table = Counter[Any](
            " ".join(_plain_number(word) for value in row for word in _parts(value)) for row in loaded
        )
    else:
        types = [column["type"] for column in schema["columns"]]
        in_file = Counter(tuple(_values_of_file(row, schema, notes)) for row in expected)
        in_table = Counter(
            tuple(_comparable(_of_table(*each)) for each in zip(row, types, strict=True)) for row in loaded
        )
    only_in_file, only_in_table = in_file - in_table, in_table - in_file
    for row, other in zip(only_in_file, only_in_table, strict=False):
        yield f"{other!r} for {row!r}" if isinstance(row, str) else _difference(row, other, schema)


def _difference(row: Sequence[Any], other: Sequence[Any], schema: Mapping[str, Any]) -> str:
    pairs = zip(row, other, schema["columns"], strict=False)
    found = [f"{column['name']} ({column['type']}): {b!r} for {a!r}" for a, b, column in pairs if a != b]
    return "; ".join(found)[:_MOST_CHARACTERS]


def _plain_number(word: str) -> str:
    """Return a number without the zeros after its last digit, any other word unchanged."""
    try:
        return f"{Decimal(word).normalize():f}"
    except InvalidOperation:
        return word


def _parts(value: Any) -> list[str]:
    return [] if value is None else str(value).split()


def _values_of_file(row: Sequence[Any], schema: Mapping[str, Any], notes: Mapping[str, str]) -> Iterator[Any]:
    format_ = schema["format"]
    for raw, column in zip(row, schema["columns"], strict=False):
        type_ = column["type"]
        is_marker = raw == format_.get("null_as", "\\N") and isinstance(raw, str)
        # In a column of text, only a comment makes a marker NULL.
        if is_marker and (not type_.startswith("varchar") or "NULL" in notes.get(column["name"], "")):
            yield None
            continue
        may_be_rewritten = isinstance(raw, WrittenNumber) and column.get("lossy") == "allow"
        try:
            yield _comparable(_value(repr(float(raw)) if may_be_rewritten else raw, type_, format_))
        except (ValueError, InvalidOperation, OverflowError, TypeError) as error:
            yield f"{raw!r}: {error}"


def _of_table(value: Any, type_: str) -> Any:
    """Return a value of the table as one of its type: the driver returns JSON as text, and a float of 32 bits as 64."""
    if type_ == "super" and isinstance(value, str):
        return {"super": json.loads(value)}
    return _single(value) if type_ == "real" and value is not None else value


def _value(raw: Any, type_: str, format_: Mapping[str, Any]) -> Any:
    """Return a file's value as one of the column's type."""
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if type_ == "super":
        return {"super": raw}
    if type_.startswith("varchar"):
        return _text(raw)
    if type_ in ("boolean", "smallint", "integer", "bigint", "real", "double precision") or type_.startswith("decimal"):
        # Excel saves 2.675 as 2.6749999999999998, and shows 15 digits.
        is_cell = isinstance(raw, float) and type_.startswith("decimal")
        return _number(f"{raw:.15g}" if is_cell else str(raw).strip(), type_)
    return _moment(raw, type_, format_)


def _number(text: str, type_: str) -> Any:
    if type_ == "boolean":
        return {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}[text.lower()]
    if type_ in ("smallint", "integer", "bigint") or type_.startswith("decimal"):
        if text.startswith("0") and text[1:2].isdigit():
            raise ValueError("a leading zero is lost")
        return Decimal(text)
    if type_ in ("real", "double precision"):
        return _single(float(text)) if type_ == "real" else float(text)
    raise ValueError(f"unknown type {type_}")


def _single(number: float) -> float:
    single: float = struct.unpack("f", struct.pack("f", number))[0]
    return single


def _text(raw: Any) -> str:
    if isinstance(raw, timedelta):
        minutes, seconds = divmod(round(raw.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    if isinstance(raw, bool):
        return str(raw).lower()
    if isinstance(raw, bytes):
        return raw.decode()
    return str(int(raw)) if isinstance(raw, float) and raw.is_integer() else str(raw)


def _moment(raw: Any, type_: str, format_: Mapping[str, Any]) -> Any:
    if isinstance(raw, int) and "epochmillisecs" in str(format_.get("timeformat")):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=raw)
    if type_ == "time":
        return raw if isinstance(raw, time) else time.fromisoformat(str(raw).strip())
    written = str(format_.get("dateformat" if type_ == "date" else "timeformat", ""))
    moment = parser.parse(raw.strip(), dayfirst=written.startswith("DD")) if isinstance(raw, str) else raw
    if type_ == "date":
        return moment.date() if isinstance(moment, datetime) else moment
    return moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day, tzinfo=UTC)


def _comparable(value: Any) -> Any:
    """Return a value so that equal ones of the file and of the table are equal; an empty text is like NULL."""
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, bool | int | Decimal | date | time) or value is None:
        return value
    nested = value["super"] if isinstance(value, dict) and value.keys() == {"super"} else value
    return json.dumps(_plain(nested), sort_keys=True)


def _plain(value: Any) -> Any:
    """Return a nested value with numbers as floats, and what JSON does not have as texts."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float | Decimal | WrittenNumber):
        return float(value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
