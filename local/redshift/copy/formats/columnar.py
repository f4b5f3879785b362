"""Parquet and ORC: columns are matched by position, and any value that does not fit fails the whole COPY."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import orc

from local.redshift.copy import utf8, vectors
from local.redshift.copy.columns import Column, Type
from local.redshift.copy.formats import years
from local.redshift.copy.options import CopyOptions
from local.redshift.copy.rows import RowChecker
from local.redshift.protocol.errors import CopyError, detailed

ROWS_AT_ONCE = 65_536
_MOMENTS = (Type.DATE, Type.TIMESTAMP, Type.TIMESTAMPTZ)
_ARROW_TYPES = {
    Type.SMALLINT: pa.int16(),
    Type.INTEGER: pa.int32(),
    Type.BIGINT: pa.int64(),
    Type.REAL: pa.float32(),
    Type.DOUBLE: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
    Type.CHAR: pa.string(),
    Type.VARCHAR: pa.string(),
    Type.DATE: pa.date32(),
    Type.TIME: pa.time64("us"),
    Type.TIMESTAMP: pa.timestamp("us"),
    Type.TIMESTAMPTZ: pa.timestamp("us", "UTC"),
}
_KINDS = (
    (pa.types.is_integer, (Type.SMALLINT, Type.INTEGER, Type.BIGINT, Type.DECIMAL)),
    (pa.types.is_floating, (Type.REAL, Type.DOUBLE)),
    (pa.types.is_decimal, (Type.DECIMAL,)),
    (pa.types.is_boolean, (Type.BOOLEAN,)),
    (pa.types.is_string, (Type.CHAR, Type.VARCHAR, Type.SUPER)),
    (pa.types.is_string_view, (Type.CHAR, Type.VARCHAR, Type.SUPER)),
    (pa.types.is_large_string, (Type.CHAR, Type.VARCHAR, Type.SUPER)),
    (pa.types.is_date, (Type.DATE,)),
    (pa.types.is_timestamp, (Type.TIMESTAMP, Type.TIMESTAMPTZ)),
    (pa.types.is_time, (Type.TIME,)),
    (pa.types.is_binary, (Type.VARBYTE, Type.CHAR, Type.VARCHAR)),
    (pa.types.is_large_binary, (Type.VARBYTE, Type.CHAR, Type.VARCHAR)),
    (pa.types.is_fixed_size_binary, (Type.VARBYTE,)),
    (pa.types.is_null, tuple(Type)),
)


@dataclass(frozen=True)
class _Place:
    """What an error says about where it is."""

    file: str
    column: Column


class ColumnarReader(ABC):
    """Reads one file, which must be seekable; a subclass knows the format."""

    format_name: str

    def __init__(self, checker: RowChecker, url: str) -> None:
        self.columns = checker.columns
        self.checker = checker
        self.fills = checker.options.fill_record
        self.url = url
        self.lines_scanned = 0

    @abstractmethod
    def opened(self, file: BinaryIO) -> tuple[int, Iterator[pa.RecordBatch]]:
        """Return how many columns the file has, and its rows; raises ArrowException for any other file."""

    def blocks(self, file: BinaryIO) -> Iterator[bytes]:
        """Yield the file's rows as CSV for PostgreSQL."""
        try:
            width, batches = self.opened(file)
            self._check_width(width)
            for batch in batches:
                self.lines_scanned += batch.num_rows
                yield vectors.encode(self._converted(batch))
        except (pa.ArrowException, OSError) as error:
            raise _scan_error(f"File '{self.url}' is not a valid {self.format_name} file. {error}") from None

    def _check_width(self, found: int) -> None:
        wanted = len(self.columns)
        if found > wanted or (found < wanted and not self.fills):
            raise _scan_error(
                f"Unmatched number of columns between table and file. Table columns: {wanted}, "
                f"Data columns: {found}, File name: {self.url}"
            )

    def _converted(self, batch: pa.RecordBatch) -> Sequence[pa.Array]:
        arrays = []
        for index, column in enumerate(self.columns):
            found = batch.column(index) if index < batch.num_columns else pa.nulls(batch.num_rows)
            arrays.append(self._column(found, _Place(self.url, column)))
        return arrays

    def _column(self, array: pa.Array, place: _Place) -> pa.Array:
        column, options = place.column, self.checker.options
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if pa.types.is_duration(array.type):  # a name of Arrow's for integers
            array = array.cast(pa.int64())
        if pa.types.is_nested(array.type):
            array = _serialized(array, place, options)
        if not any(is_kind(array.type) and column.type in types for is_kind, types in _KINDS):
            raise _incompatible(place, array.type, self.format_name)
        if column.is_required and array.null_count:
            raise _scan_error(f"Missing data for not-null field. Column: {column.name}, File name: {place.file}")
        if column.type is Type.VARBYTE:
            return _hexadecimal(array, place)
        try:
            # AWS is silent about nanoseconds of INT96 and ORC: the stand-in cuts them, as it cuts those in text.
            array = pc.cast(array, _wanted(column), safe=not _has_nanoseconds(array))
            if column.type in _MOMENTS:
                return years.written(array)
        except OverflowError:
            raise _scan_error(
                f"Value out of range 4713-01-01 BC to 294276-12-31. Column: {column.name}, File name: {place.file}"
            ) from None
        except pa.ArrowInvalid:
            raise _incompatible(place, array.type, self.format_name) from None
        if column.type.is_character:
            array = self._text(array, place)
            _check_length(array, place)
        return array

    def _text(self, array: pa.Array, place: _Place) -> pa.Array:
        """Require UTF-8: ACCEPTINVCHARS replaces invalid bytes; without it they fail the COPY."""
        if pc.all(pc.string_is_ascii(array)).as_py() is not False:
            return array
        if place.column.type is Type.CHAR:
            raise _scan_error(f"Multibyte character not supported for CHAR. Column: {place.column.name}")
        replacement = self.checker.options.replacement
        try:
            array.validate(full=True)
        except pa.ArrowInvalid:
            if replacement is None:
                raise _scan_error(f"Invalid UTF-8. Column: {place.column.name}, File name: {place.file}") from None
        if replacement is None:
            return array
        values = [None if raw is None else utf8.decoded(raw) for raw in array.cast(pa.binary()).to_pylist()]
        repaired = [None if value is None else utf8.repaired(value, replacement) for value in values]
        for value, stored in zip(values, repaired, strict=True):
            if value is not None and value != stored:
                self.checker.note_replacement(-1, place.column, value)
        return pa.array(repaired, pa.string())


class ParquetReader(ColumnarReader):
    format_name = "Parquet"

    def opened(self, file: BinaryIO) -> tuple[int, Iterator[pa.RecordBatch]]:
        parquet = pq.ParquetFile(file)
        leaves = map(parquet.schema.column, range(len(parquet.schema)))
        refused = {leaf.path for leaf in leaves if "timeUnit=nanoseconds" in str(leaf.logical_type)}
        for name, column in zip(parquet.schema_arrow.names, self.columns, strict=False):
            if name in refused:
                raise _incompatible(_Place(self.url, column), "int64 of nanoseconds", self.format_name)
        return len(parquet.schema_arrow), parquet.iter_batches(batch_size=ROWS_AT_ONCE)


class OrcReader(ColumnarReader):
    format_name = "ORC"

    def opened(self, file: BinaryIO) -> tuple[int, Iterator[pa.RecordBatch]]:
        found = orc.ORCFile(file)
        return len(found.schema), self._batches(found)

    def _batches(self, found: orc.ORCFile) -> Iterator[pa.RecordBatch]:
        for stripe in range(found.nstripes):
            batch = found.read_stripe(stripe)
            for start in range(0, batch.num_rows, ROWS_AT_ONCE):
                yield batch.slice(start, ROWS_AT_ONCE)


def _serialized(array: pa.Array, place: _Place, options: CopyOptions) -> pa.Array:
    """Turn lists, structs and maps into JSON, which SERIALIZETOJSON asks for."""
    if not options.serialize_to_json or place.column.type not in (Type.SUPER, Type.VARCHAR):
        loads = f"SERIALIZETOJSON loads it into SUPER or VARCHAR, the column is {place.column.type.upper()}"
        raise _scan_error(f"Column {place.column.name} of file '{place.file}' is nested: {loads}")
    maps = "strict" if pa.types.is_map(array.type) else None
    values = array.to_pylist(maps_as_pydicts=maps)
    texts = [None if value is None else orjson.dumps(value, default=_plain).decode() for value in values]
    return pa.array(texts, pa.string())


def _plain(value: Any) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _has_nanoseconds(array: pa.Array) -> bool:
    return bool(pa.types.is_timestamp(array.type) and array.type.unit == "ns")


def _wanted(column: Column) -> pa.DataType:
    if column.type is Type.DECIMAL:
        return pa.decimal128(column.length, column.scale)
    return _ARROW_TYPES.get(column.type, pa.string())


def _hexadecimal(array: pa.Array, place: _Place) -> pa.Array:
    """Write bytes as PostgreSQL reads them."""
    array = pc.cast(array, pa.large_binary())
    _check_length(array, place)
    return pa.array([None if value is None else f"\\x{value.hex()}" for value in array.to_pylist()], pa.string())


def _check_length(array: pa.Array, place: _Place) -> None:
    longest = pc.max(pc.binary_length(array)).as_py() or 0
    if 0 <= place.column.length < longest:
        raise _scan_error(
            f"The length of the data column {place.column.name} is longer than the length defined in the table. "
            f"Table: {place.column.length}, Data: {longest}, File name: {PurePosixPath(place.file).name}"
        )


def _incompatible(place: _Place, found: pa.DataType, format_name: str) -> CopyError:
    column = place.column
    wanted = f"'{place.file}.{column.name}'. Column type: {column.type.upper()}, {format_name} type: {found}"
    return _scan_error(f"File '{place.file}' has an incompatible {format_name} schema for column {wanted}")


def _scan_error(context: str) -> CopyError:
    return detailed("Spectrum Scan Error", code=15007, context=context)
