"""Avro: records matched to columns like JSON documents; logical types are ignored, as Redshift reads the plain ones."""

import io
import itertools
import json
from collections.abc import Iterator
from typing import Any, cast

import fastavro
from fastavro.read import SchemaResolutionError

from local.redshift.copy import rows
from local.redshift.copy.formats.shredding import Json, Shred
from local.redshift.copy.formats.text import Report, Stream
from local.redshift.copy.rows import Record, Reject, RowChecker
from local.redshift.protocol.errors import CopyError, FieldError, detailed

RECORDS_AT_ONCE = 4096
LONGEST_HEADER_BYTES = 1 << 20
LONGEST_BLOCK_BYTES = 4 << 20
_HEADER = fastavro.parse_schema(
    {
        "type": "record",
        "name": "header",
        "fields": [
            {"name": "magic", "type": {"type": "fixed", "name": "magic", "size": 4}},
            {"name": "meta", "type": {"type": "map", "values": "bytes"}},
            {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": 16}},
        ],
    }
)
_DAMAGE = (ValueError, EOFError, IndexError, KeyError, TypeError, OSError, SchemaResolutionError)
"""What fastavro raises for a file that is not Avro, or not complete."""


class AvroReader:
    """Reads one file; its records are its lines."""

    def __init__(self, checker: RowChecker, report: Report, shred: Shred, url: str) -> None:
        self.checker = checker
        self.report = report
        self.shred = shred
        self.url = url
        self.lines_scanned = 0

    def blocks(self, stream: Stream) -> Iterator[bytes]:
        """Yield the file's good rows as CSV for PostgreSQL."""
        records = self._records(stream)
        while some := list(itertools.islice(records, RECORDS_AT_ONCE)):
            yield rows.accepted(map(self._checked, some), self.report)

    def _records(self, stream: Stream) -> Iterator[Json]:
        try:
            reader = fastavro.block_reader(cast("Any", _Plain(stream)))
            schema = reader.writer_schema
            if not isinstance(schema, dict) or schema.get("type") != "record":
                raise self._damaged("the schema's type must be record")
            for block in reader:
                if block.size > LONGEST_BLOCK_BYTES:
                    raise self._damaged(f"a block exceeds {LONGEST_BLOCK_BYTES} bytes")
                yield from block
        except CopyError:
            raise
        except _DAMAGE as error:
            raise self._damaged(f"{error!r}") from None

    def _checked(self, document: Json) -> rows.Values | Reject:
        self.lines_scanned += 1
        record = Record(self.lines_scanned, json.dumps(document, default=str), [])
        try:
            return self.checker.check(Record(record.line, record.raw, self.shred(document)))
        except FieldError as error:
            return self.checker.reject(record, len(self.checker.columns), FieldError(1216, error.reason))

    def _damaged(self, why: str) -> CopyError:
        return detailed(f"Invalid AVRO file found. {why}", code=8001, context=self.url)


class _Plain:
    """The file with the logical types taken out of its header, so that dates and decimals stay what is stored."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._taken = 0
        start = stream.read(LONGEST_HEADER_BYTES)
        header = io.BytesIO(start)
        found: Json = fastavro.schemaless_reader(header, _HEADER, None)
        if found["magic"] != b"Obj\x01":
            raise ValueError("it does not start like an Avro file")
        found["meta"]["avro.schema"] = json.dumps(_without_logical_types(json.loads(found["meta"]["avro.schema"])))
        found["meta"]["avro.schema"] = found["meta"]["avro.schema"].encode()
        written = io.BytesIO()
        fastavro.schemaless_writer(written, _HEADER, found)
        self._head = written.getvalue() + start[header.tell() :]

    def tell(self) -> int:
        """Return how much has been read; the library wants it for each block."""
        return self._taken

    def read(self, size: int = -1, /) -> bytes:
        data, self._head = (self._head, b"") if size < 0 else (self._head[:size], self._head[size:])
        parts = [data]
        while (wanted := size - len(data) if size >= 0 else size) and (data := self._stream.read(wanted)):
            parts.append(data)
            size = wanted
        found = b"".join(parts)
        self._taken += len(found)
        return found


def _without_logical_types(schema: Json) -> Json:
    if isinstance(schema, dict):
        return {name: _without_logical_types(each) for name, each in schema.items() if name != "logicalType"}
    return [_without_logical_types(each) for each in schema] if isinstance(schema, list) else schema
