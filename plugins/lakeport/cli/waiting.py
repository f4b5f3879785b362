"""Wait until uploaded files have their final status, and show each step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from psycopg2.extensions import cursor

from lakeport.airflow_api.dag_runs import DagRunApi, latest_run_id
from lakeport.console.screen import say
from lakeport.errors import UnknownDag
from lakeport.model import Status, dag_id_of
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.rows import fetch_as, from_row
from lakeport.redshift.session import Warehouse
from lakeport.redshift.sql_files import statement
from lakeport.wording import amount, share

_FINAL = (Status.DONE, Status.FAIL, Status.FILTERED_OUT, Status.REJECTED)
_PAUSE_SECONDS = 1.0
_DAGS_PAUSE_SECONDS = 3.0
_CLOCKS_DIFFER = timedelta(minutes=1)  # of S3 and of the computer


@dataclass(frozen=True)
class Upload:
    """An uploaded object; `version_id` is None in a bucket without versioning, `uploaded_at` is in UTC without zone."""

    bucket: str
    key: str
    version_id: str | None
    uploaded_at: datetime


@dataclass(frozen=True)
class FileState:
    """What mng.files has about an uploaded file."""

    file_id: str
    status: str
    status_reason: str | None
    rows_in_file: int | None
    rows_loaded: int | None
    rows_rejected: int | None

    @property
    def is_final(self) -> bool:
        """Return whether nothing more happens to the file without a person."""
        return self.status in _FINAL

    def __str__(self) -> str:
        if self.status == Status.DONE:
            rows = share(self.rows_loaded or 0, self.rows_in_file or 0, "row")
            return f"Done: {rows} loaded, {self.rows_rejected:,} rejected"
        return f"{self.status}: {self.status_reason}" if self.status_reason else self.status


StateOf = Callable[[Upload], FileState | None]
"""Returns the state of an uploaded file, None if it is not registered yet."""


def wait_for(
    uploads: Sequence[Upload], state_of: StateOf, most_seconds: float, *, is_shown: bool = True
) -> list[FileState | None]:
    """Return the last state of each file: its final status, or what it was after this time; None if not registered."""
    states: list[FileState | None] = [None] * len(uploads)
    deadline = time.monotonic() + most_seconds
    while True:
        for number, upload in enumerate(uploads):
            state = state_of(upload)
            if is_shown and state and str(state) != str(states[number]):
                say(f"{upload.key}: {state}")
            states[number] = state
        if all(state and state.is_final for state in states) or time.monotonic() >= deadline:
            return states
        time.sleep(_PAUSE_SECONDS)


@contextmanager
def states_in_redshift() -> Iterator[StateOf]:
    """Yield what returns the state of an uploaded file from mng.files."""
    with Warehouse(connect_to_redshift) as warehouse:
        yield lambda upload: warehouse.transaction(partial(_state, upload))


def state_among(upload: Upload, files: Sequence[dict[str, Any]]) -> FileState | None:
    """Return the state of an uploaded file from the files of a snapshot, the newest first."""
    for file in files:
        if (file["bucket"], file["key"]) == (upload.bucket, upload.key) and (
            file["version_id"] == upload.version_id
            if upload.version_id
            else datetime.fromisoformat(file["landed_at"]) >= upload.uploaded_at - _CLOCKS_DIFFER
        ):
            return from_row(FileState, file)
    return None


def wait_for_dags(api: DagRunApi, file_types: Sequence[str], most_seconds: float) -> list[str]:
    """Wait until Airflow has the DAG of every file type; return the file types whose DAG it lacks after this time."""
    missing, deadline = list(file_types), time.monotonic() + most_seconds
    while missing := [name for name in missing if not _has_dag(api, name)]:
        if time.monotonic() >= deadline:
            break
        say(f"waiting for the DAGs of {', '.join(missing)}")
        time.sleep(_DAGS_PAUSE_SECONDS)
    else:
        say(f"Airflow has the DAGs of {amount(len(file_types), 'file type')}")
    return missing


def _has_dag(api: DagRunApi, file_type: str) -> bool:
    try:
        latest_run_id(api, dag_id_of(file_type))
    except UnknownDag:
        return False
    return True


def _state(upload: Upload, current: cursor) -> FileState | None:
    values: dict[str, Any] = asdict(upload) | {"uploaded_at": upload.uploaded_at - _CLOCKS_DIFFER}
    current.execute(statement("mng/status_of_version"), values)
    return next(iter(fetch_as(current, FileState)), None)
