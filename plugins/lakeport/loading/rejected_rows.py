"""The rows that COPY or a Python transform rejected, with their full lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg2.extensions import cursor

from lakeport.errors import LakeportError
from lakeport.files.lines import value_in_line
from lakeport.loading.raw_lines import raw_lines
from lakeport.mng.load_records import RejectedRow
from lakeport.model import CopySource
from lakeport.preparing.python_transform import rejected_rows
from lakeport.redshift.rows import fetch_as
from lakeport.redshift.statements import statement
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class CopyError:
    """One row of SYS_LOAD_ERROR_DETAIL."""

    file_name: str
    line_number: int
    column_name: str
    column_type: str
    position: int
    error_code: int
    error_message: str


@dataclass(frozen=True)
class Rejects:
    """The reader of the rejected rows of a COPY, which writes the fields to `columns` in that order."""

    s3: S3Client
    file_type: FileType
    sources: Sequence[CopySource]
    columns: Sequence[str]

    def of_copy(self, current: cursor, query_id: int) -> dict[CopySource, list[RejectedRow]]:
        """Return the rows that COPY rejected of each source, in the order of lines.

        Raises LakeportError if COPY reports an object that is not in its manifest.
        """
        current.execute(statement("mng/load_errors_of_copy"), {"query_id": query_id})
        by_name = {source.uri: source for source in self.sources}
        found: dict[CopySource, dict[int, CopyError]] = {source: {} for source in self.sources}
        for error in fetch_as(current, CopyError):
            # COPY cuts long names, but only landed objects have them, and such an object is loaded alone.
            source = self.sources[0] if len(self.sources) == 1 else by_name.get(error.file_name)
            if source is None:
                raise LakeportError(f"COPY rejected rows of {error.file_name!r}, which is not in its manifest")
            # COPY may report several errors of one row; the first one rejected it.
            found[source].setdefault(error.line_number, error)
        return {source: self._rows_of(source, errors) for source, errors in found.items()}

    def of_file(
        self, sources: Sequence[CopySource], of_copy: Mapping[CopySource, Sequence[RejectedRow]]
    ) -> list[RejectedRow]:
        """Return the rejected rows of one file: those of a Python transform and those of COPY."""
        return [row for source in sources for row in [*self._before_copy(source), *of_copy[source]]]

    def _before_copy(self, source: CopySource) -> Iterator[RejectedRow]:
        """Yield the rows that a Python transform rejected, which COPY has not read."""
        for row in rejected_rows(self.s3, source):
            reason = f"{source.member}: {row.reason}" if source.member else row.reason
            yield RejectedRow(row.line, row.column, "", 0, 0, reason, None, row.raw)

    def _rows_of(self, source: CopySource, errors: Mapping[int, CopyError]) -> list[RejectedRow]:
        lines = raw_lines(self.s3, source, errors, self.file_type)
        return [
            self._row(error, *lines.get(number, (number, None)), member=source.member)
            for number, error in sorted(errors.items())
        ]

    def _row(self, error: CopyError, line_number: int, line: str | None, *, member: str) -> RejectedRow:
        reason = f"{member}: {error.error_message}" if member else error.error_message
        value = None if line is None else value_in_line(line, error.column_name, self.columns, self.file_type)
        return RejectedRow(
            line_number,
            error.column_name,
            error.column_type,
            error.position,
            error.error_code,
            reason,
            value,
            line,
        )
