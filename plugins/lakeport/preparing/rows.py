"""Iterate over the rows of a file for a transform, and keep the rejected rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lakeport.errors import UnloadableFile
from lakeport.preparing.rejections import Rejection

MAX_REJECTED = 100_000  # as many as COPY reports
RAW_CHARACTERS = 65_535


@dataclass(frozen=True)
class Record:
    """One row of a file: its values, or the problem for which it is rejected."""

    line: int
    raw: str
    values: dict[str, Any]
    problem: str = ""


class Rows(Iterator[dict[str, Any]]):
    """A file's rows in order, each as a new dict; rows that do not have the format are rejected and not returned.

    In text formats and workbooks a row has the columns of the file that the schema lists: unchanged texts, and None for
    `format.null_as` and an empty cell.  In JSON it is the object.  `line` is where the current row starts.
    """

    def __init__(self, records: Iterator[Record], name: str) -> None:
        self._records = records
        self._name = name
        self._last = Record(0, "", {})
        self.taken = 0
        self.rejected: list[Rejection] = []
        self.failure: Exception | None = None

    def __next__(self) -> dict[str, Any]:
        while True:
            self._last = self._read()
            self.taken += 1
            if not self._last.problem:
                return self._last.values
            self.reject(self._last.problem)

    def _read(self) -> Record:
        try:
            return next(self._records)
        except StopIteration:
            raise
        except Exception as error:
            self.failure = error
            raise

    @property
    def line(self) -> int:
        """Return the line where the current row starts; in JSON and workbooks, the number of the row."""
        return self._last.line

    def reject(self, reason: str, column: str = "") -> None:
        """Reject the current row: it is kept with its line in mng.load_errors and counts towards rejects.fail.

        The function must not yield this row.  Raises UnloadableFile if there are too many rejected rows to keep.
        """
        if len(self.rejected) >= MAX_REJECTED:
            self.failure = UnloadableFile(
                f"{self._name}: more than {MAX_REJECTED:,} rows were rejected, the maximum; "
                "correct the function, or ask the sender for a corrected file"
            )
            raise self.failure
        self.rejected.append(Rejection(self.line, column, reason, self._last.raw[:RAW_CHARACTERS]))
