"""The columns of a Parquet or ORC file, by its footer: COPY takes columns by position, whatever their names are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from lakeport.errors import UnloadableFile
from lakeport.files import object_content
from lakeport.files.columnar_types import ColumnarField
from lakeport.files.header import FileColumns, columns_by_name
from lakeport.model import CopySource
from lakeport.schema.file_type import FileType
from lakeport.schema.record_formats import ColumnarFormat

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FORMAT_NAMES = {"parquet": "Parquet", "orc": "ORC"}


def columnar_columns(s3: S3Client, file_type: FileType, key: str, source: CopySource) -> FileColumns:
    """Return the columns of a file in its order.

    Raises UnloadableFile if `drift` does not allow them, or if COPY cannot load one of them into its column.
    """
    name = f"{key}: {source.member}" if source.member else key
    format_ = file_type.copied
    if not isinstance(format_, ColumnarFormat):
        raise TypeError(f"type {format_.type} has no footer")
    with object_content.seekable(s3, source) as file:
        fields = fields_of(file, format_.type, name)
    words = [field.name.strip().lower() for field in fields]
    types = {word: type_ for word, field in zip(words, fields, strict=True) if (type_ := field.column_type)}
    columns = columns_by_name(file_type, words, types, subject=f"{name}: the footer", may_lack=format_.fillrecord)
    _refuse_types(file_type, fields, columns, name)
    return columns


def fields_of(file: IO[bytes], type_: str, name: str) -> list[ColumnarField]:
    """Return the columns in a footer; raises UnloadableFile if the file is damaged or of another format."""
    with readable(type_, name):
        return _orc_fields(file) if type_ == "orc" else _parquet_fields(file)


@contextmanager
def readable(type_: str, name: str) -> Iterator[None]:
    """Raise UnloadableFile if what is read inside is damaged or of another format."""
    import pyarrow as pa  # noqa: PLC0415 - only files of these formats need it

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise  # an error of the network or the disk
        found = f"{name} is not a readable {_FORMAT_NAMES[type_]} file: {error}"
        raise UnloadableFile(f"{found}; ask the sender for it again") from error


def _orc_fields(file: IO[bytes]) -> list[ColumnarField]:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import orc  # noqa: PLC0415

    # Timestamps of ORC always have nanoseconds; COPY takes them.
    kinds = {pa.timestamp("ns"): pa.timestamp("us"), pa.timestamp("ns", "UTC"): pa.timestamp("us", "UTC")}
    return [ColumnarField(field.name, kinds.get(field.type, field.type)) for field in orc.ORCFile(file).schema]


def _parquet_fields(file: IO[bytes]) -> list[ColumnarField]:
    import pyarrow.parquet as pq  # noqa: PLC0415

    parquet = pq.ParquetFile(file)
    physical = {column.path: column.physical_type for column in map(parquet.schema.column, range(len(parquet.schema)))}
    return [ColumnarField(field.name, _loaded(field.type, physical.get(field.name))) for field in parquet.schema_arrow]


def _loaded(type_: Any, physical_type: str | None) -> Any:
    """Return the type that COPY sees: dictionaries are a way to store values, and INT96 is a time that it takes."""
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_dictionary(type_):
        return type_.value_type
    return pa.timestamp("us") if physical_type == "INT96" else type_


def _refuse_types(file_type: FileType, fields: Sequence[ColumnarField], columns: FileColumns, name: str) -> None:
    format_ = file_type.copied
    types = {column.name: column.type for column in (*file_type.copied_columns, *columns.added, *columns.ignored)}
    is_serialized = isinstance(format_, ColumnarFormat) and format_.serializetojson
    objections = [
        objection
        for field, column in zip(fields, columns.names, strict=True)
        if (objection := field.objection_to(types[column], is_serialized=is_serialized))
    ]
    if objections:
        raise UnloadableFile(
            f"{name}: COPY cannot load it as schemas/{file_type.name}.yaml says: {'; '.join(objections)}"
        )
