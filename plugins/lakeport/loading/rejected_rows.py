"""The rows that a COPY rejected, or a Python transform before it, with the full lines they stood in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2.extensions import cursor

from lakeport.errors import LakeportError
from lakeport.files.lines import value_in_line
from lakeport.loading.raw_lines import raw_lines
from lakeport.mng.load_records import RejectedRow
from lakeport.model import CopySource
from lakeport.preparing.python_transform import rejected_rows
from lakeport.redshift.statements import statement
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Rejects:
    """What was rejected of a COPY's sources, whose fields went to `columns` in that order."""

    s3: S3Client
    file_type: FileType
    sources: Sequence[CopySource]
    columns: Sequence[str]

    def of_copy(self, current: cursor, query_id: int) -> dict[CopySource, list[RejectedRow]]:
        """Return what COPY rejected of each source, in the order of lines.

        Raises LakeportError where it names none of several sources.
        """
        current.execute(statement("mng/load_errors_of_copy"), {"query_id": query_id})
        by_name = {source.uri: source for source in self.sources}
        found: dict[CopySource, dict[int, tuple[Any, ...]]] = {source: {} for source in self.sources}
        # One rejected row may have several entries; the first is the one that rejected it.
        for name, *entry in reversed(current.fetchall()):
            # Names are cut, but only landed objects have long ones, and such a one is alone.
            source = self.sources[0] if len(self.sources) == 1 else by_name.get(name)
            if source is None:
                raise LakeportError(f"COPY has rejected rows of {name!r}, which its manifest does not name")
            found[source][entry[0]] = tuple(entry)
        return {source: self._rows_of(source, entries) for source, entries in found.items()}

    def of_file(
        self, sources: Sequence[CopySource], of_copy: Mapping[CopySource, Sequence[RejectedRow]]
    ) -> list[RejectedRow]:
        """Return what was rejected of one file: by COPY, as `of_copy` says, and before it."""
        return [row for source in sources for row in [*self._before_copy(source), *of_copy[source]]]

    def _before_copy(self, source: CopySource) -> Iterator[RejectedRow]:
        """Yield what a Python transform rejected, which COPY has not seen."""
        for row in rejected_rows(self.s3, source):
            reason = f"{source.member}: {row.reason}" if source.member else row.reason
            yield RejectedRow(row.line, row.column, "", 0, 0, reason, None, row.raw)

    def _rows_of(self, source: CopySource, entries: dict[int, tuple[Any, ...]]) -> list[RejectedRow]:
        lines = raw_lines(self.s3, source, entries, self.file_type)
        return [
            self._row(entry, lines.get(number, (number, None)), source.member)
            for number, entry in sorted(entries.items())
        ]

    def _row(self, entry: tuple[Any, ...], found: tuple[int, str | None], member: str) -> RejectedRow:
        _, column, column_type, position, error_code, reason = entry
        line_number, line = found
        reason = f"{member}: {reason}" if member else reason
        value = None if line is None else value_in_line(line, column, self.columns, self.file_type)
        return RejectedRow(line_number, column, column_type, position, error_code, reason, value, line)
