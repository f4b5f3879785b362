"""Read Avro files as COPY does: by the names of the fields, without Avro's logical types."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import IO, Any

from lakeport.errors import UnloadableFile
from lakeport.schema.record_formats import NamedFieldsFormat

_EXACT = {"null", "boolean", "int", "long", "bytes", "fixed", "array", "map", "record", "error"}


def avro_fields(stream: IO[bytes], name: str) -> list[str]:
    """Return the names of the fields in the schema of an Avro file; raises UnloadableFile if it has none."""
    return [field["name"] for field in _opened(stream, name)[1]]


def avro_records(
    stream: IO[bytes],
    name: str,
    format_: NamedFieldsFormat,
    columns: Collection[str],
    *,
    in_message: Callable[[str], str] = str,
) -> Iterator[dict[str, Any]]:
    """Yield the records, if the fields of these columns may have texts or floats; raises UnloadableFile.

    `in_message` returns what a message has of a reason, which may contain a part of the file.
    """
    records, fields = _opened(stream, name)
    kinds = {field["name"].lower(): _kinds(field["type"]) for field in fields}
    if not format_.jsonpaths and all(kinds.get(column, _EXACT) <= _EXACT for column in columns):
        return
    try:
        yield from records
    except Exception as error:  # fastavro raises whatever a damaged block leads to
        reason = in_message(repr(error))
        raise UnloadableFile(f"{name} is not a readable Avro file: {reason}; ask the sender for it again") from error


def _opened(stream: IO[bytes], name: str) -> tuple[Any, list[dict[str, Any]]]:
    """Return the records of a file, not yet read, and its fields."""
    import fastavro  # noqa: PLC0415 - only Avro files need it

    try:
        records: Any = fastavro.reader(stream)
        schema = records.writer_schema
    except Exception as error:  # fastavro raises whatever a damaged header leads to
        raise UnloadableFile(f"{name} is not a readable Avro file: {error}; ask the sender for it again") from error
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise UnloadableFile(f"{name}: the Avro schema is not a record, which COPY needs; ask the sender for records")
    return records, schema["fields"]


def _kinds(type_: Any) -> set[str]:
    """Return the names of the types that a field may have."""
    if isinstance(type_, list):
        return set().union(*map(_kinds, type_))
    return {str(type_["type"] if isinstance(type_, dict) else type_)}
