"""Select the reader of a file by its format."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from local.redshift.copy.formats import shredding
from local.redshift.copy.formats.avro import AvroReader
from local.redshift.copy.formats.columnar import OrcReader, ParquetReader
from local.redshift.copy.formats.csv import CsvReader
from local.redshift.copy.formats.delimited import DelimitedReader
from local.redshift.copy.formats.fixed_width import FixedWidthReader
from local.redshift.copy.formats.json import JsonReader
from local.redshift.copy.formats.shredding import Shred
from local.redshift.copy.formats.text import Report
from local.redshift.copy.options import Format
from local.redshift.copy.rows import RowChecker
from local.redshift.copy.s3 import Location, ObjectStore

LONGEST_PATHS_BYTES = 4 << 20


class Reader(Protocol):
    lines_scanned: int

    def blocks(self, stream: Any, /) -> Iterator[bytes]: ...


_TEXT: dict[Format, Callable[[RowChecker, Report], Reader]] = {
    Format.CSV: CsvReader,
    Format.TEXT: DelimitedReader,
    Format.FIXED_WIDTH: FixedWidthReader,
}
_COLUMNAR: dict[Format, Callable[[RowChecker, str], Reader]] = {Format.PARQUET: ParquetReader, Format.ORC: OrcReader}


def reader(checker: RowChecker, report: Report, store: ObjectStore, location: Location) -> Reader:
    """Return what reads one file of the format the statement names."""
    file_format = checker.options.format
    if file_format in _TEXT:
        return _TEXT[file_format](checker, report)
    if file_format in _COLUMNAR:
        return _COLUMNAR[file_format](checker, location.url)
    shred = _shred(checker, store)
    if file_format is Format.AVRO:
        return AvroReader(checker, report, shred, location.url)
    return JsonReader(checker, report, shred)


def _shred(checker: RowChecker, store: ObjectStore) -> Shred:
    columns, how = checker.columns, checker.options.json_paths
    if how == "noshred":
        return shredding.whole(columns)
    if how.startswith("s3://"):
        paths = shredding.read_paths(store.open(Location.from_url(how)).read(LONGEST_PATHS_BYTES))
        if paths is not None:
            return shredding.by_path(columns, paths)
    return shredding.by_name(columns, ignores_case=how == "auto ignorecase")
