"""Infer a schema from an Avro file, whose own schema defines everything except the lengths of texts."""

from __future__ import annotations

import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from lakeport.errors import SampleError
from lakeport.inference.json_documents import name_keys
from lakeport.inference.naming import column_names
from lakeport.inference.opening import Sample
from lakeport.inference.profile import Profile
from lakeport.inference.reading import Reading

_ROWS_AT_ONCE = 20_000
_TYPES = {"boolean": "boolean", "int": "integer", "long": "bigint", "float": "real", "double": "double precision"}
_TEXTS = {"string", "enum"}
_NESTED = {"array", "map", "record", "error"}
_KINDS = {"null", "bytes", "fixed", *_TYPES, *_TEXTS, *_NESTED}
_NUMBERS = ("int", "long", "float", "double")  # each holds nearly all values of the types before it
_MILLIS = ("timestamp-millis", "local-timestamp-millis")
_COUNTS = {
    "date": "days since 1970-01-01",
    "time-millis": "milliseconds since midnight",
    "time-micros": "microseconds since midnight",
    "timestamp-micros": "microseconds since 1970-01-01",
    "local-timestamp-micros": "microseconds since 1970-01-01",
    "timestamp-nanos": "nanoseconds since 1970-01-01",
    "local-timestamp-nanos": "nanoseconds since 1970-01-01",
}
_CODECS = ("null", "deflate", "snappy")  # those that COPY reads
# What fastavro raises for a file that is not Avro, or not complete.
_DAMAGE = (ValueError, EOFError, LookupError, TypeError, ArithmeticError, MemoryError, RecursionError, zlib.error)


def read(sample: Sample, most_rows: int | None) -> Reading:
    """Read an Avro sample; needs fastavro, which laptops and CI have.

    COPY matches the fields of a record to columns by name, as in JSON, and ignores logical types: a date is a number.
    """
    import fastavro  # noqa: PLC0415 - the command starts without it
    from fastavro.schema import SchemaParseException, expand_schema  # noqa: PLC0415

    try:
        records: Any = fastavro.reader(sample.stream)
        schema: Any = expand_schema(records.writer_schema)
        if not isinstance(schema, dict) or schema.get("type") != "record":
            raise SampleError(
                f"{sample.path}: the Avro schema is not a record, so there are no columns; infer from a file of records"
            )
        if records.codec not in _CODECS:
            raise SampleError(
                f"{sample.path}: COPY cannot read the codec {records.codec}; ask the sender for deflate or snappy"
            )
        return _read(sample, {each["name"]: each["type"] for each in schema["fields"]}, records, most_rows)
    except (*_DAMAGE, SchemaParseException) as error:
        raise SampleError(f"{sample.path}: not a readable Avro file: {error!r}") from error


def _read(sample: Sample, fields: Mapping[str, Any], records: Iterator[Any], most_rows: int | None) -> Reading:
    reading = Reading({"type": "avro"}, {})
    names = dict(zip(column_names(fields), fields, strict=True))
    for name, key in list(names.items()):
        if problem := _set_type(reading, name, fields[key]):
            reading.notes.append(f"column {key} is left out: {problem}")
            del names[name]
            reading.ignores_fields = True
    if not names:
        raise SampleError("\n".join([f"{sample.path}: has no column that COPY can read", *reading.notes]))
    reading.profiles = {name: Profile() for name in names}
    while block := list(islice(records, min(_ROWS_AT_ONCE, (most_rows or sys.maxsize) - reading.rows))):
        reading.rows += len(block)
        for name, key in names.items():
            _add(reading.profiles[name], Counter(map(_text, (record[key] for record in block))))
    reading.is_whole = next(records, None) is None
    name_keys(reading, names)
    return reading


def _add(profile: Profile, texts: Counter[str | None]) -> None:
    profile.add_nothing(texts.pop(None, 0))
    profile.add(Counter({text: times for text, times in texts.items() if text is not None}), "string")


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)


def _set_type(reading: Reading, name: str, type_: Any) -> str | None:
    """Set the column's type unless it depends on the values; return why COPY cannot load the column, or None."""
    choices = type_ if isinstance(type_, list) else [type_]
    kinds = {_kind(choice) for choice in choices}
    if "null" in kinds:
        reading.nullable.add(name)
        kinds.remove("null")
    if _has_bytes(choices):
        return "COPY cannot read bytes from Avro; ask the sender for text, or for Parquet"
    if kinds & _NESTED:
        reading.types[name] = "super"
    elif kinds <= set(_NUMBERS) and kinds:
        reading.types[name] = _TYPES[max(kinds, key=_NUMBERS.index)]
        _set_moment(reading, name, {str(choice.get("logicalType")) for choice in choices if isinstance(choice, dict)})
    elif kinds == {"boolean"}:
        reading.types[name] = "boolean"
    elif not kinds <= _TEXTS:
        reading.remarks[name] = "text, because its values have several types"
    return None


def _set_moment(reading: Reading, name: str, logical: set[str]) -> None:
    """Note which time a number stands for: COPY has a TIMEFORMAT for milliseconds, but for no other unit."""
    if logical & set(_MILLIS):
        reading.types[name] = "timestamp"
        reading.format["timeformat"] = "epochmillisecs"
        reading.remarks[name] = "" if "local-timestamp-millis" in logical else "in UTC"
    for each in logical & set(_COUNTS):
        reading.remarks[name] = f"{_COUNTS[each]}: COPY ignores Avro's logical type {each}"


def _kind(type_: Any) -> Any:
    while isinstance(type_, dict):
        type_ = type_["type"]
    return type_ if type_ in _KINDS else "record"  # the name of a record that contains itself


def _has_bytes(type_: Any) -> bool:
    if isinstance(type_, list):
        return any(map(_has_bytes, type_))
    if isinstance(type_, dict):
        return any(_has_bytes(type_.get(key)) for key in ("type", "items", "values", "fields") if type_.get(key))
    return type_ in ("bytes", "fixed")
