"""Infer a schema from a Parquet or ORC file, whose own schema defines most of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lakeport.errors import SampleError
from lakeport.inference.naming import column_names
from lakeport.inference.profile import Profile
from lakeport.inference.reading import Reading

_NAMES = {"parquet": "Parquet", "orc": "ORC"}
_TYPES = {"bool": "boolean", "int8": "smallint", "int16": "smallint", "int32": "integer", "int64": "bigint"}
_TYPES |= {"uint8": "smallint", "uint16": "integer", "uint32": "bigint", "uint64": "decimal(20,0)"}
_TYPES |= {"float": "real", "double": "double precision", "halffloat": "real", "date32[day]": "date"}


def read(path: Path, most_rows: int | None, type_: str = "parquet") -> Reading:
    """Read a Parquet or ORC sample; needs pyarrow, which laptops and CI have."""
    import pyarrow as pa  # noqa: PLC0415 - the command starts without it

    try:
        schema, rows, batches = _opened(path, type_)
        reading = Reading({"type": type_}, {})
        names = column_names(schema.names)
        reading.types = {name: _type_of(path, field) for name, field in zip(names, schema, strict=True)}
        reading.profiles = {name: Profile() for name in names}
        for batch in batches:
            _add(reading, batch if most_rows is None else batch.slice(0, most_rows - reading.rows))
            if reading.rows == most_rows:
                break
    except (pa.ArrowException, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise  # an error of the disk
        raise SampleError(f"{path}: not a readable {_NAMES[type_]} file: {error}") from error
    reading.is_whole = reading.rows == rows
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


def _add(reading: Reading, batch: Any) -> None:
    import pyarrow.compute as pc  # noqa: PLC0415

    reading.rows += batch.num_rows
    for profile, array in zip(reading.profiles.values(), batch.columns, strict=True):
        profile.rows += len(array)
        profile.empty += array.null_count
        values = array.dictionary_decode() if hasattr(array, "dictionary_decode") else array
        if str(values.type) in ("string", "large_string") and len(values) > values.null_count:
            longest = pc.max(pc.binary_length(values)).as_py()
            profile.kinds.add("string")
            profile.numbers.is_numeric = False
            profile.moments.add(["text"])
            profile.longest_bytes = max(profile.longest_bytes, longest or 0)


def _type_of(path: Path, field: Any) -> str:
    """Return the column type that COPY reads a column into; "" for texts, whose length depends on the values."""
    type_ = field.type.value_type if str(field.type).startswith("dictionary") else field.type
    text = str(type_)
    if text in ("string", "large_string", "null"):
        return ""
    if text.startswith("decimal128"):
        return f"decimal({type_.precision},{type_.scale})"
    if text.startswith("timestamp"):
        return "timestamptz" if type_.tz else "timestamp"
    if text.startswith("time"):
        return "time"
    if text not in _TYPES:
        raise SampleError(f"{path}: column {field.name}: COPY cannot read type {text}; ask the sender for another type")
    return _TYPES[text]
