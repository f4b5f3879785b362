"""The rows that a load rejects, by COPY or before it, with their full lines."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lakeport.errors import LakeportError
from lakeport.loading.copy_reports import CopyError
from lakeport.loading.files_to_load import Filtered, has_unique_name
from lakeport.loading.raw_lines import raw_lines
from lakeport.mng.load_records import RejectedRow
from lakeport.model import CopySource, RegisteredFile
from lakeport.preparing.rejections import rejected_rows
from lakeport.schema.file_type import FileType
from lakeport.settings import command

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)
_LOGGED_ROWS = 10


def log_rejected_rows(file_type: FileType, file: RegisteredFile, rows: Sequence[RejectedRow]) -> None:
    """Write the first of the rows to the task's log, for those who look there first."""
    if not file_type.rejects.show:
        return
    for row in rows[:_LOGGED_ROWS]:
        line, value = row.line_number if row.line_number > 0 else "unknown", row.raw_value
        log.warning("%s, line %s, column %s, value %r: %s", file.key, line, row.column_name, value, row.error_reason)
    if len(rows) > _LOGGED_ROWS:
        log.warning("%d more rows: %s", len(rows) - _LOGGED_ROWS, command(f"errors {file.file_id[:12]}"))


@dataclass(frozen=True)
class Rejects:
    """The reader of the rejected rows of a COPY, which writes the fields to `columns` in that order."""

    s3: S3Client
    file_type: FileType
    sources: Sequence[CopySource]
    columns: Sequence[str]
    filtered: Mapping[CopySource, Filtered] = field(default_factory=dict)

    def of_copy(self, errors: Sequence[CopyError]) -> dict[CopySource, list[RejectedRow]]:
        """Return the rows that COPY rejected of each source, in the order of lines, unknown lines first.

        Raises LakeportError if COPY reports an object that is not in its manifest.
        """
        found: dict[CopySource, dict[object, CopyError]] = {source: {} for source in self.sources}
        for number, error in enumerate(errors):
            # COPY may report several errors of one row; the first one rejected it.  Without a line each is kept.
            row = error.line_number if error.line_number > 0 else (number, "unknown line")
            found[self._source_of(error)].setdefault(row, error)
        return {source: self._rows_of(source, list(by_row.values())) for source, by_row in found.items()}

    def _source_of(self, error: CopyError) -> CopySource:
        for source in self.sources:
            if error.file_name == source.uri:
                return source
        # The views cut long names and may change unusual ones; an object with such a name is loaded alone.
        if len(self.sources) == 1 and not has_unique_name(self.sources[0]):
            return self.sources[0]
        raise LakeportError(f"COPY rejected rows of {error.file_name!r}, which is not in its manifest")

    def of_file(
        self, sources: Sequence[CopySource], of_copy: Mapping[CopySource, Sequence[RejectedRow]]
    ) -> list[RejectedRow]:
        """Return the rejected rows of one file: those of a Python transform, of the check for losses, and of COPY."""
        return [row for source in sources for row in [*self._before_copy(source), *of_copy[source]]]

    def changed(self, sources: Sequence[CopySource]) -> list[RejectedRow]:
        """Return the rows of one file that are loaded with another value."""
        found = [self.filtered[source] for source in sources if source in self.filtered]
        return [row for each in found for row in self._rows_of(each.original, each.changed)]

    def _before_copy(self, source: CopySource) -> Iterator[RejectedRow]:
        """Yield the rows that a Python transform or the check for losses rejected, which COPY has not read."""
        if found := self.filtered.get(source):
            source = found.original
            yield from self._rows_of(source, found.rejected)
        for row in rejected_rows(self.s3, source):
            reason = f"{source.member}: {row.reason}" if source.member else row.reason
            yield RejectedRow(row.line, row.column, "", 0, 0, reason, None, row.raw)

    def _rows_of(self, source: CopySource, errors: Sequence[CopyError]) -> list[RejectedRow]:
        if found := self.filtered.get(source):
            if source != found.original:
                errors = [replace(each, line_number=found.original_line(each.line_number)) for each in errors]
            source = found.original
        numbers = {error.line_number for error in errors if error.line_number > 0}
        lines = raw_lines(self.s3, source, numbers, self.file_type)
        return [
            self._row(error, *lines.get(error.line_number, (error.line_number, None)), member=source.member)
            for error in sorted(errors, key=lambda error: error.line_number)
        ]

    def _row(self, error: CopyError, line_number: int, line: str | None, *, member: str) -> RejectedRow:
        reason = f"{member}: {error.error_message}" if member else error.error_message
        find, columns = self.file_type.copied.value_in_line, self.file_type.file_columns
        value = None if line is None else find(line, error.column_name, self.columns, columns)
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
