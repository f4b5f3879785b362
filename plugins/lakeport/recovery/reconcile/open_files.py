"""The files that are not finished, and the failures that no alert names, as reconcile reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor

from lakeport.model import RegisteredFile, Status, dag_id_of
from lakeport.redshift.rows import fetch_as, fetch_rows, from_row
from lakeport.redshift.sql_files import statement


@dataclass(frozen=True)
class OpenFile:
    """A file that is not finished."""

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
    """Return the files that are New or In Progress, in the order they landed."""
    current.execute(statement("mng/open_files"))
    return [OpenFile.from_row(row) for row in fetch_rows(current)]


@dataclass(frozen=True)
class OwedAlert:
    """The failures of one run that no alert names."""

    file_type: str
    run_id: str
    first_key: str
    file_count: int
    last_at: datetime

    @property
    def dag_id(self) -> str:
        """Return the DAG of the run."""
        return dag_id_of(self.file_type)

    @property
    def subject(self) -> str:
        """Return the key of the first file and the number of the others."""
        return _named(self.first_key, self.file_count - 1)


def owed_alerts(current: cursor) -> list[OwedAlert]:
    """Return the failures that no alert names, by file type and run."""
    current.execute(statement("mng/owed_alerts"))
    return fetch_as(current, OwedAlert)


def subject_of(files: Sequence[OpenFile]) -> str:
    """Return the key of the first file and the number of the others."""
    return _named(files[0].file.key, len(files) - 1)


def _named(key: str, others: int) -> str:
    return key + (f" and {others} more" if others else "")
