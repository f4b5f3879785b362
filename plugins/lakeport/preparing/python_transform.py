"""Make the rows for COPY by a Python function, or from XML; keep them, the rejected rows and the rows' origins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lakeport.errors import TransformFailed
from lakeport.files.streams import Readable, stream_of
from lakeport.model import CopySource
from lakeport.preparing.copy_csv import csv_of
from lakeport.preparing.function import function_of, transform_errors
from lakeport.preparing.limits import Allowance, Counted
from lakeport.preparing.origins import Origins
from lakeport.preparing.records import records_of
from lakeport.preparing.rejections import origins_written, write_rejected
from lakeport.preparing.rows import Rows
from lakeport.preparing.selected_lines import RecentLines, selected_lines
from lakeport.preparing.transfer import upload
from lakeport.schema.facts import FileFacts
from lakeport.schema.file_type import FileType
from lakeport.schema.xml_format import Xml

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from lakeport.preparing.archives import Member


@dataclass(frozen=True)
class PythonTransform:
    """A file type's function, if it has one, and the facts of the file that it receives."""

    file_type: FileType
    function: Callable[..., Any] | None
    facts: FileFacts | None

    @classmethod
    def of(cls, file_type: FileType, facts: FileFacts | None) -> PythonTransform:
        """Return the transform; raises TransformFailed if its module cannot be imported."""
        return cls(file_type, function_of(file_type) if file_type.transform.python else None, facts)

    @property
    def takes_bytes(self) -> bool:
        """Return whether there is a function that takes the file's bytes."""
        return self.file_type.transform.has_file_function

    @property
    def takes_rows(self) -> bool:
        """Return whether the file's rows are read and written: for a function that takes them, or because it is XML."""
        return self.file_type.transform.has_rows_function or isinstance(self.file_type.format, Xml)

    def bytes_of(self, member: Member, name: str) -> Readable:
        """Return the function's output for the bytes, as a stream."""
        return stream_of(self._pieces(_Bytes(member.stream), name))

    def _pieces(self, given: _Bytes, name: str) -> Iterator[bytes]:
        with transform_errors(self.file_type, given, lambda: name):
            for piece in self._yielded(stream_of(given.pieces())):
                if not isinstance(piece, bytes):
                    raise TypeError(f"it yields {piece!r:.100} ({type(piece).__name__}), not bytes")
                yield piece

    def upload_rows(
        self, s3: S3Client, text: Readable, target: CopySource, allowance: Allowance, name: str
    ) -> CopySource:
        """Write the function's rows, then the rejected rows and the lines from which the written rows came."""
        recent = RecentLines()
        selected = selected_lines(text, self.file_type.format, name, recent)
        records = records_of(selected.stream if selected else text, self.file_type, name)
        rows = Rows((replace(each, line=recent.line_of(each.line)) for each in records) if selected else records, name)
        with origins_written(s3, target) as origins:
            made = upload(s3, Counted(stream_of(self._written(rows, origins, name)), allowance), target)
        unknown = selected.rejected if selected else []
        write_rejected(s3, target, sorted([*rows.rejected, *unknown], key=lambda each: each.line))
        return replace(made, rows_taken=rows.taken + len(unknown))

    def _written(self, rows: Rows, origins: Origins, name: str) -> Iterator[bytes]:
        with transform_errors(self.file_type, rows, lambda: f"{name}: line {rows.line}" if rows.line else name):
            yield from csv_of(self._noted(rows, origins), self.file_type.column_names)
            for _ in rows:  # a function may end early; all rows of the file are counted
                pass

    def _noted(self, rows: Rows, origins: Origins) -> Iterator[Any]:
        for row in self._yielded(rows):
            origins.note(rows.line)
            yield row

    def _yielded(self, given: Any) -> Iterator[Any]:
        if isinstance(given, Rows) and not self.file_type.transform.has_rows_function:
            return given
        if self.function is None:
            raise TransformFailed("the file type has no Python function")
        yielded = self.function(given, self.facts)
        if not isinstance(yielded, Iterator):
            raise TypeError(f"it returns {yielded!r:.100}; it must be a generator: use yield")
        return yielded


class _Bytes:
    """A file's bytes, and the error that reading them raised."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.failure: Exception | None = None

    def pieces(self) -> Iterator[bytes]:
        try:
            while data := self._stream.read(1 << 20):
                yield data
        except Exception as error:
            self.failure = error
            raise
