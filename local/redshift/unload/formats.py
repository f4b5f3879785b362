"""What UNLOAD's rows look like in a file: Arrow writes them, a batch at a time."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from local.redshift.protocol import wire
from local.redshift.protocol.errors import Refused
from local.redshift.unload.statement import UnloadCommand

_TYPES = {21: pa.int16(), 23: pa.int32(), 20: pa.int64(), 700: pa.float32(), 701: pa.float64(), 16: pa.bool_()}
_TYPES |= {1082: pa.date32(), 1114: pa.timestamp("us")}
_NUMERIC, _BYTES, _DOCUMENT, _CHARACTERS = 1700, 17, 3802, (1042, 1043)
_PLAIN_JSON = (21, 23, 20, 700, 701, _NUMERIC, _DOCUMENT)
_HEADER_BYTES, _MOST_DIGITS, _UNLIMITED_SCALE = 4, 38, 18
_NAMES = {21: "smallint", 23: "integer", 20: "bigint", 700: "real", 701: "double precision", 16: "boolean"}
_NAMES |= {1082: "date", 1114: "timestamp without time zone", 1184: "timestamp with time zone", _DOCUMENT: "super"}
_NAMES |= {1042: "character", 1043: "character varying", _NUMERIC: "numeric", _BYTES: "binary varying", 1083: "time"}


class Writer(ABC):
    """Writes one file's rows, which come as columns of text in which NULL is NULL."""

    def __init__(self, command: UnloadCommand, fields: Sequence[wire.Field], file: IO[bytes]) -> None:
        self.command = command
        self.fields = fields
        self.file = file

    @abstractmethod
    def write(self, columns: Sequence[pa.Array]) -> None:
        """Write rows."""

    def close(self) -> None:  # noqa: B027 - a text file ends without a trailer
        """Write the end of the file."""


class TextWriter(Writer):
    """Delimited text and CSV."""

    def __init__(self, command: UnloadCommand, fields: Sequence[wire.Field], file: IO[bytes]) -> None:
        super().__init__(command, fields, file)
        if "HEADER" in command.options:
            self.write([pa.array([field.name]) for field in fields])

    def write(self, columns: Sequence[pa.Array]) -> None:
        null = self.command.options.get("NULL", "")
        texts = [
            pc.fill_null(self._texts(column, field), null) for column, field in zip(columns, self.fields, strict=True)
        ]
        lines = pc.binary_join_element_wise(*texts, self.command.delimiter) if len(texts) > 1 else texts[0]
        for line in lines.to_pylist():
            self.file.write(line.encode() + b"\n")

    def _texts(self, column: pa.Array, field: wire.Field) -> pa.Array:
        options = self.command.options
        if self.command.format == "CSV":
            needs = pc.match_substring_regex(column, '["\r\n' + _in_class(self.command.delimiter) + "]|^$")
            return pc.if_else(needs, _quoted(pc.replace_substring(column, '"', '""')), column)
        if "ESCAPE" in options and field.type_id in _CHARACTERS:
            quotes = "\"'" if "ADDQUOTES" in options else ""
            special = f"([\\\\\r\n{quotes}{_in_class(self.command.delimiter)}])"
            column = pc.replace_substring_regex(column, special, r"\\\1")
        return _quoted(column) if "ADDQUOTES" in options else column


def _in_class(character: str) -> str:
    return f"\\x{ord(character):02x}"


def _quoted(column: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise('"', column, '"', "")


class FixedWidthWriter(Writer):
    """Columns of fixed widths, filled with blanks; what is longer is cut."""

    def __init__(self, command: UnloadCommand, fields: Sequence[wire.Field], file: IO[bytes]) -> None:
        super().__init__(command, fields, file)
        if len(command.widths) != len(fields):
            raise Refused(f"FIXEDWIDTH has {len(command.widths)} columns and the query {len(fields)}")

    def write(self, columns: Sequence[pa.Array]) -> None:
        null = self.command.options.get("NULL", "")
        for row in zip(*(pc.fill_null(column, null).to_pylist() for column in columns), strict=True):
            line = "".join(value.ljust(width)[:width] for value, width in zip(row, self.command.widths, strict=True))
            self.file.write(line.encode() + b"\n")


class JsonWriter(Writer):
    """An object a line; numbers and SUPER are unquoted, everything else is a string."""

    def write(self, columns: Sequence[pa.Array]) -> None:
        names = [json.dumps(field.name) for field in self.fields]
        texts = [self._texts(column, field) for column, field in zip(columns, self.fields, strict=True)]
        for row in zip(*texts, strict=True):
            members = ",".join(f"{name}:{value}" for name, value in zip(names, row, strict=True))
            self.file.write(f"{{{members}}}\n".encode())

    def _texts(self, column: pa.Array, field: wire.Field) -> list[str]:
        is_plain = field.type_id in _PLAIN_JSON
        return [
            "null" if value is None else value if is_plain and value != "NaN" else json.dumps(value, ensure_ascii=False)
            for value in column.to_pylist()
        ]


class ParquetWriter(Writer):
    def __init__(self, command: UnloadCommand, fields: Sequence[wire.Field], file: IO[bytes]) -> None:
        super().__init__(command, fields, file)
        self.schema = pa.schema([(field.name, _arrow_type(field)) for field in fields])
        self._writer = pq.ParquetWriter(file, self.schema)

    def write(self, columns: Sequence[pa.Array]) -> None:
        typed = [_typed(column, kind) for column, kind in zip(columns, self.schema.types, strict=True)]
        self._writer.write_batch(pa.record_batch(typed, schema=self.schema))

    def close(self) -> None:
        self._writer.close()


def writer(command: UnloadCommand, fields: Sequence[wire.Field], file: IO[bytes]) -> Writer:
    kinds: dict[str, type[Writer]] = {"PARQUET": ParquetWriter, "JSON": JsonWriter, "FIXEDWIDTH": FixedWidthWriter}
    return kinds.get(command.format, TextWriter)(command, fields, file)


def plain(column: pa.Array, field: wire.Field) -> pa.Array:
    """Return a column as Redshift writes it: VARBYTE without PostgreSQL's prefix."""
    return pc.replace_substring_regex(column, r"^\\x", "") if field.type_id == _BYTES else column


def described(field: wire.Field) -> dict[str, object]:
    """Return a column for MANIFEST VERBOSE."""
    found: dict[str, object] = {"base": _NAMES.get(field.type_id, "character varying")}
    modifier = field.modifier - _HEADER_BYTES
    if field.type_id == _NUMERIC and modifier >= 0:
        found |= {"precision": modifier >> 16 & 0xFFFF, "scale": modifier & 0xFFFF}
    elif field.type_id in _CHARACTERS and modifier >= 0:
        found["max_length"] = modifier
    return {"name": field.name, "type": found}


def _typed(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_boolean(kind):
        return pc.equal(column, "t")
    return pc.cast(column, kind)


def _arrow_type(field: wire.Field) -> pa.DataType:
    if field.type_id != _NUMERIC:
        return _TYPES.get(field.type_id, pa.string())
    modifier = field.modifier - _HEADER_BYTES
    return pa.decimal128(
        *((modifier >> 16 & 0xFFFF, modifier & 0xFFFF) if modifier >= 0 else (_MOST_DIGITS, _UNLIMITED_SCALE))
    )
