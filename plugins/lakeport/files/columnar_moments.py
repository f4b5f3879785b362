"""The times in Parquet and ORC files that COPY would change: Redshift keeps microseconds, and no time zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING, Any

from lakeport.files.columnar import readable
from lakeport.schema.column_type import ColumnType

if TYPE_CHECKING:
    import pyarrow as pa

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UTC = ("UTC", "GMT", "Etc/UTC", "Z", "+00:00")
_MICROSECOND, _SECOND = 1000, 10**9  # in nanoseconds
_WRAPS = [wraps * 2**64 for wraps in range(-4, 15) if wraps]  # of the years 1 to 9999

Changed = tuple[str, str, str]
"""The place of a value, its column and why COPY would change it."""


def changed_moments(
    file: IO[bytes], type_: str, names: Sequence[str], types: Mapping[str, ColumnType]
) -> Iterator[Changed]:
    """Yield the times that COPY would change, of the columns that have `types`; `names` are all columns of the file.

    Raises UnloadableFile if the file is damaged.
    """
    with readable(type_, "the file"):
        schema, batches = _opened(file, type_)
        columns = {field.name: name for name, field in zip(names, schema, strict=True) if name in types}
        for field in schema:
            if field.name in columns and types[columns[field.name]].name == "timestamp":
                yield from _lost_zone(columns[field.name], field.type)
        long = [field.name for field in schema if field.name in columns and _has_nanoseconds(field.type)]
        row = 0
        for batch in batches(long) if long else ():
            for field_name, values in zip(batch.schema.names, batch.columns, strict=True):
                for at, value in _cut(values):
                    reason = f"{_written(value)} has more than 6 digits of a second, which {types[columns[field_name]]}"
                    yield f"row {row + at + 1:,}", columns[field_name], f"{reason} drops"
            row += batch.num_rows


def _opened(file: IO[bytes], type_: str) -> tuple[Any, Any]:
    """Return the columns of a file, and a function that returns some of them in batches."""
    if type_ == "orc":
        from pyarrow import orc  # noqa: PLC0415 - only files of these formats need it

        stripes = orc.ORCFile(file)
        return stripes.schema, lambda names: (stripes.read_stripe(each, names) for each in range(stripes.nstripes))
    import pyarrow.parquet as pq  # noqa: PLC0415

    parquet = pq.ParquetFile(file)
    return parquet.schema_arrow, lambda names: parquet.iter_batches(columns=names)


def _has_nanoseconds(type_: pa.DataType) -> bool:
    return str(type_).startswith("timestamp[ns")


def _lost_zone(name: str, type_: Any) -> Iterator[Changed]:
    zone = getattr(type_, "tz", None)
    if zone and zone not in _UTC:
        yield "every row", name, f"has the time zone {zone}, which timestamp drops; use timestamptz"


def _cut(values: Any) -> Iterator[tuple[int, int]]:
    """Yield the position and the nanoseconds since 1970 of each time that has a part of a microsecond."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    whole = values.cast(pa.int64())
    rest = pc.subtract(whole, pc.multiply(pc.divide(whole, _MICROSECOND), _MICROSECOND))
    for at in pc.indices_nonzero(rest).to_pylist():
        value = whole[at].as_py()
        if not _is_far(value):
            yield at, value


def _is_far(value: int) -> bool:
    """Return whether the time is a whole second that nanoseconds in 64 bits cannot count, as in the year 9999."""
    return any((value + wrap) % _SECOND == 0 for wrap in _WRAPS)


def _written(value: int) -> str:
    seconds, nanoseconds = divmod(value, _SECOND)
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}.{nanoseconds:09}"
