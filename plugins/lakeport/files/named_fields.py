"""The names of the fields in JSON and Avro files: COPY ignores a field whose name is not that of a column."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import IO, TYPE_CHECKING, Any

import ijson

from lakeport.errors import UnloadableFile
from lakeport.files import object_content
from lakeport.files.avro import avro_fields
from lakeport.files.header import FileColumns, added_column
from lakeport.files.json_text import values_of
from lakeport.files.transcoding import utf8_stream
from lakeport.model import CopySource
from lakeport.schema.file_type import FileType
from lakeport.schema.record_formats import NamedFieldsFormat

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MAX_SHOWN = 10
_MAX_ADDED = 1599  # columns of a table, without _loaded_at
_MAX_LINE_BYTES = 16 << 20  # COPY takes objects of at most 4 MB


def named_columns(s3: S3Client, file_type: FileType, key: str, sources: Sequence[CopySource]) -> FileColumns:
    """Return the columns of a JSON or Avro file, with those that `drift: add` adds.

    Raises UnloadableFile with the fields that no column takes if `drift` is refuse.
    """
    if file_type.drift == "ignore":
        return FileColumns(file_type.column_names)
    unknown = _unknown_fields(s3, file_type, key, sources)
    if unknown and file_type.drift == "refuse":
        raise UnloadableFile(_refusal(file_type, key, unknown))
    is_any_case = isinstance(file_type.copied, NamedFieldsFormat) and file_type.copied.ignorecase
    names = dict.fromkeys(field.lower() if is_any_case else field for field in unknown)
    added = tuple(added_column(file_type, name) for name in names)
    return FileColumns((*file_type.column_names, *(column.name for column in added)), added)


def _unknown_fields(s3: S3Client, file_type: FileType, key: str, sources: Sequence[CopySource]) -> dict[str, str]:
    """Return the fields that no column takes, each with the place where it occurs first."""
    limit = _MAX_SHOWN if file_type.drift == "refuse" else _MAX_ADDED
    known, unknown = set(file_type.column_names), dict[str, str]()
    is_any_case = isinstance(file_type.copied, NamedFieldsFormat) and file_type.copied.ignorecase
    for source in sources:
        name = f"{key}: {source.member}" if source.member else key
        for place, fields in _records(s3, file_type, source, name):
            for field in fields:
                if (field.lower() if is_any_case else field) not in known:
                    unknown.setdefault(field, f"{source.member}: {place}" if source.member else place)
            if len(unknown) > limit:
                return unknown
    return unknown


def _records(s3: S3Client, file_type: FileType, source: CopySource, name: str) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield the place and the fields of each record; an Avro file has one list of them in its header."""
    if file_type.copied.type == "avro":
        with object_content.opened(s3, source) as stream:
            yield "its schema", avro_fields(stream, name)
        return
    yield from json_objects(s3, source, file_type.copied.text_encoding, name)


def json_objects(s3: S3Client, source: CopySource, encoding: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the place and the content of each object of a JSON file; numbers keep every digit.

    If the file is not valid JSON, yield the objects before the first mistake, then those that are a line each: COPY
    rejects a mistake and continues after it.
    """
    try:
        with object_content.opened(s3, source) as stream:
            yield from _places(values_of(utf8_stream(stream, encoding), name), "object")
    except (ijson.JSONError, ValueError, UnloadableFile):
        with object_content.opened(s3, source) as stream:
            yield from _places(_objects_in_lines(utf8_stream(stream, encoding)), "line")


def _places(values: Iterator[Any], what: str) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((f"{what} {number:,}", value) for number, value in enumerate(values, start=1) if isinstance(value, dict))


def _objects_in_lines(stream: IO[bytes]) -> Iterator[Any]:
    for line in iter(lambda: stream.readline(_MAX_LINE_BYTES), b""):
        try:
            yield json.loads(line, parse_float=Decimal)
        except (ValueError, RecursionError):
            yield None


def _refusal(file_type: FileType, key: str, unknown: dict[str, str]) -> str:
    listed = [f"{field!r} ({place}){_suggestion(file_type, field)}" for field, place in unknown.items()][:_MAX_SHOWN]
    more = ", and more" if len(unknown) > len(listed) else ""
    return (
        f"{key} has fields that are not in schemas/{file_type.name}.yaml: {', '.join(listed)}{more}; "
        f"ask the sender for the fields {', '.join(file_type.column_names)}, add the columns to the schema, "
        "or set drift to ignore or add"
    )


def _suggestion(file_type: FileType, field: str) -> str:
    near = get_close_matches(field.lower(), file_type.column_names, n=1, cutoff=0.75)
    if near and near[0] == field.lower():
        return f", which is {near[0]!r} in another case: set format.ignorecase to true"
    return f", did you mean {near[0]!r}?" if near else ""
