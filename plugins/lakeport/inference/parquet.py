"""Infer a schema from a Parquet or ORC file, whose own schema defines most of it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from lakeport.errors import SampleError
from lakeport.files.columnar import fields_of
from lakeport.files.columnar_moments import changed_moments
from lakeport.files.columnar_types import ColumnarField
from lakeport.inference.naming import column_names, headers_of
from lakeport.inference.profile import Profile
from lakeport.inference.reading import Reading
from lakeport.schema.column_type import ColumnType

_NAMES = {"parquet": "Parquet", "orc": "ORC"}
_TEXTS = ("string", "large_string", "string_view", "binary", "large_binary")


def read(path: Path, most_rows: int | None, type_: str = "parquet") -> Reading:
    """Read a Parquet or ORC sample; needs pyarrow, which laptops and CI have."""
    import pyarrow as pa  # noqa: PLC0415 - the command starts without it

    try:
        schema, rows, batches = _opened(path, type_)
        reading = Reading({"type": type_}, {})
        names = column_names(schema.names)
        reading.types = {name: _type_of(path, field) for name, field in zip(names, _fields(path, type_), strict=True)}
        if "super" in reading.types.values():
            reading.format["serializetojson"] = True
        reading.headers = headers_of(names, schema.names)
        reading.profiles = {name: Profile() for name in names}
        for batch in batches:
            _add(path, reading, batch if most_rows is None else batch.slice(0, most_rows - reading.rows))
            if reading.rows == most_rows:
                break
    except (pa.ArrowException, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise  # an error of the disk
        raise SampleError(f"{path}: not a readable {_NAMES[type_]} file: {error}") from error
    reading.is_whole = reading.rows == rows
    types = {name: ColumnType.parse(type_) for name, type_ in reading.types.items() if type_.startswith("timestamp")}
    with path.open("rb") as file:
        for place, name, reason in islice(changed_moments(file, type_, names, types), 1):
            reading.problems.append(f"a load would refuse this file: {place}: {name} {reason}")
    if not names:
        raise SampleError(f"{path}: has no columns")
    return reading


def _opened(path: Path, type_: str) -> tuple[Any, int, Iterable[Any]]:
    """Return a file's schema, its number of rows, and the rows in batches."""
    if type_ == "orc":
        from pyarrow import orc  # noqa: PLC0415

        stripes = orc.ORCFile(path)
        return stripes.schema, stripes.nrows, map(stripes.read_stripe, range(stripes.nstripes))
    import pyarrow.parquet as pq  # noqa: PLC0415

    file = pq.ParquetFile(path)
    return file.schema_arrow, file.metadata.num_rows, file.iter_batches(batch_size=65_536)


def _add(path: Path, reading: Reading, batch: Any) -> None:
    import pyarrow.compute as pc  # noqa: PLC0415

    reading.rows += batch.num_rows
    for (name, profile), array in zip(reading.profiles.items(), batch.columns, strict=True):
        profile.rows += len(array)
        profile.empty += array.null_count
        values = array.dictionary_decode() if hasattr(array, "dictionary_decode") else array
        if str(values.type) in _TEXTS and len(values) > values.null_count:
            values = _as_text(path, name, values)
            longest = pc.max(pc.binary_length(values)).as_py()
            profile.kinds.add("string")
            profile.numbers.is_numeric = False
            profile.moments.add(["text"])
            profile.longest_bytes = max(profile.longest_bytes, longest or 0)


def _as_text(path: Path, name: str, values: Any) -> Any:
    """Return values as UTF-8; raises SampleError for bytes that are not, which no column takes."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    try:
        texts = values.cast(pa.large_binary()).cast(pa.large_string())
    except pa.ArrowInvalid as error:
        raise SampleError(f"{path}: column {name} has bytes that are not UTF-8; ask the sender for text") from error
    if pc.any(pc.match_substring(texts, "\0")).as_py():
        raise SampleError(f"{path}: column {name} has a text with a NUL, which no column takes; ask for texts without")
    return texts


def _fields(path: Path, type_: str) -> list[ColumnarField]:
    with path.open("rb") as file:
        return fields_of(file, type_, str(path))


def _type_of(path: Path, field: ColumnarField) -> str:
    """Return the column type that COPY reads a column into; "" for texts, whose length depends on the values."""
    column_type = field.column_type
    if column_type is None:
        raise SampleError(f"{path}: column {field.refusal()}")
    return "" if column_type.startswith("varchar") else column_type
