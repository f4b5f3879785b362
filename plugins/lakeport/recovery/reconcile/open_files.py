"""The files that are not finished, as reconcile reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor

from lakeport.model import RegisteredFile, Status
from lakeport.redshift.rows import fetch_rows, from_row
from lakeport.redshift.statements import statement


@dataclass(frozen=True)
class OpenFile:
    """A file that is not finished, or a Fail file without an alert."""

    file: RegisteredFile
    file_type: str
    status: Status
    status_at: datetime
    dag_id: str | None
    run_id: str | None
    is_loaded: bool

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> OpenFile:
        """Read a row of `mng/open_files`."""
        others = ("file_type", "status_at", "dag_id", "run_id", "is_loaded")
        values = {name: row[name] for name in others}
        return cls(from_row(RegisteredFile, row), status=Status(row["status"]), **values)


def open_files(current: cursor) -> list[OpenFile]:
    """Return the files that are New, In Progress, or Fail without an alert, in the order they landed."""
    current.execute(statement("mng/open_files"))
    return [OpenFile.from_row(row) for row in fetch_rows(current)]


def subject_of(files: Sequence[OpenFile]) -> str:
    """Return the key of the first file and the number of the others."""
    others = len(files) - 1
    return files[0].file.key + (f" and {others} more" if others else "")
