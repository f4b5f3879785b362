"""Parquet: columns are matched by position, and any value that does not fit fails the whole COPY."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from local.redshift import vectors
from local.redshift.columns import Column, Type
from local.redshift.errors import CopyError, detailed
from local.redshift.rows import RowChecker

ROWS_AT_ONCE = 65_536
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
    (pa.types.is_large_string, (Type.CHAR, Type.VARCHAR, Type.SUPER)),
    (pa.types.is_date, (Type.DATE,)),
    (pa.types.is_timestamp, (Type.TIMESTAMP, Type.TIMESTAMPTZ)),
    (pa.types.is_time, (Type.TIME,)),
    (pa.types.is_null, tuple(Type)),
)


@dataclass(frozen=True)
class _Place:
    """What an error says about where it is."""

    file: str
    column: Column


class ParquetReader:
    """Reads one file, which must be seekable."""

    def __init__(self, checker: RowChecker, url: str) -> None:
        self.columns = checker.columns
        self.fills = checker.options.fill_record
        self.url = url
        self.lines_scanned = 0

    def blocks(self, file: BinaryIO) -> Iterator[bytes]:
        """Yield the file's rows as CSV for PostgreSQL."""
        try:
            parquet = pq.ParquetFile(file)
        except pa.ArrowInvalid as error:
            raise _scan_error(f"File '{self.url}' is not a valid Parquet file. {error}") from None
        self._check_width(len(parquet.schema_arrow))
        for batch in parquet.iter_batches(batch_size=ROWS_AT_ONCE):
            self.lines_scanned += batch.num_rows
            yield vectors.encode(self._converted(batch))

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
            arrays.append(_converted(found, _Place(self.url, column)))
        return arrays


def _converted(array: pa.Array, place: _Place) -> pa.Array:
    column = place.column
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not any(is_kind(array.type) and column.type in types for is_kind, types in _KINDS):
        raise _incompatible(place, array.type)
    if column.is_required and array.null_count:
        raise _scan_error(f"Missing data for not-null field. Column: {column.name}, File name: {place.file}")
    try:
        array = pc.cast(array, _wanted(column))
    except pa.ArrowInvalid:
        raise _incompatible(place, array.type) from None
    if column.type.is_character:
        _check_length(array, place)
    return array


def _wanted(column: Column) -> pa.DataType:
    if column.type is Type.DECIMAL:
        return pa.decimal128(column.length, column.scale)
    return _ARROW_TYPES.get(column.type, pa.string())


def _check_length(array: pa.Array, place: _Place) -> None:
    longest = pc.max(pc.binary_length(array)).as_py() or 0
    if 0 <= place.column.length < longest:
        raise _scan_error(
            f"The length of the data column {place.column.name} is longer than the length defined in the table. "
            f"Table: {place.column.length}, Data: {longest}, File name: {PurePosixPath(place.file).name}"
        )


def _incompatible(place: _Place, found: pa.DataType) -> CopyError:
    column = place.column
    wanted = f"'{place.file}.{column.name}'. Column type: {column.type.upper()}, Parquet type: {found}"
    return _scan_error(f"File '{place.file}' has an incompatible Parquet schema for column {wanted}")


def _scan_error(context: str) -> CopyError:
    return detailed("Spectrum Scan Error", code=15007, context=context)
