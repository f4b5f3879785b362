"""What Redshift reports about a COPY: the notices of its session and the rows of the SYS_LOAD views.

AWS documents neither when the views show a COPY, nor that their query_id is the number that pg_last_copy_id() returns:
the ids of SYS views and of STL views differ, according to AWS.  An error may have line number -1.  So the rows of a
COPY are found by session, start time and file name, and the views must show as many rejected rows as the notices count.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TypeVar

from psycopg2.extensions import cursor

from lakeport.errors import RejectsNotReported
from lakeport.redshift.rows import fetch_as, fetch_rows
from lakeport.redshift.sql_files import statement
from lakeport.wording import amount

T = TypeVar("T")

VIEWS_WITHIN_SECONDS = 60
"""How long a load waits for the views; practitioners report delays of 1.5 to 10 s on Serverless."""
_FIRST_PAUSE_SECONDS = 0.1
_MAX_PAUSE_SECONDS = 2
# "Load into table 't' completed, 3 record(s) could not be loaded.  Check 'sys_load_error_detail' system table ..."
_LOADED = re.compile(r"completed, \d+ record\(s\) (loaded successfully|were loaded with replacements)")
_REJECTED = re.compile(r"completed, (\d+) record\(s\) could not be loaded")
_MAY_COUNT = re.compile(r"\b(record|row|line|error|reject)", re.IGNORECASE)


@dataclass(frozen=True)
class CopySession:
    """The session and the transaction of a COPY; `started_at` is SYSDATE, in UTC without zone."""

    session_id: int
    started_at: datetime


@dataclass(frozen=True)
class CopyError:
    """One row of SYS_LOAD_ERROR_DETAIL; `line_number` is -1 if Redshift does not know it."""

    file_name: str
    line_number: int
    column_name: str
    column_type: str
    position: int
    error_code: int
    error_message: str


def copy_session(current: cursor) -> CopySession:
    """Return the session and the start of the current transaction."""
    current.execute(statement("load/copy_session"))
    return fetch_as(current, CopySession)[0]


def rows_rejected(current: cursor, session: CopySession, notices: Sequence[str]) -> int:
    """Return how many rows the COPY of this transaction rejected, by its notices.

    If they do not count them, it is looked up in SYS_LOAD_HISTORY.  Raises RejectsNotReported if that has no row of it.
    """
    rejected = rejected_in_notices(notices)
    if rejected is not None:
        return rejected
    counts = rejected_in_history(current, session)
    if not counts:
        sent = " / ".join(each.strip() for each in notices) or "no notice"
        raise RejectsNotReported(
            f"Redshift's notices do not count the rows that COPY rejected ({sent}), "
            f"and SYS_LOAD_HISTORY did not show it within {VIEWS_WITHIN_SECONDS} s, so nothing was loaded"
        )
    return counts[-1]


def rejected_in_notices(notices: Sequence[str]) -> int | None:
    """Return how many rows COPY rejected, by its notices; None if they do not count them.

    A notice in other words than AWS documents may be about rejected rows, so it leaves their number unknown.
    """
    rejected = {count for each in notices for count in _REJECTED.findall(each)}
    if rejected:
        return int(rejected.pop()) if len(rejected) == 1 else None
    known = [each for each in notices if _LOADED.search(each)]
    return 0 if known and not any(_MAY_COUNT.search(each) for each in notices if each not in known) else None


def rejected_in_history(current: cursor, session: CopySession) -> list[int]:
    """Return how many rows each COPY of this transaction rejected, once SYS_LOAD_HISTORY shows one."""

    def query_views() -> list[int]:
        current.execute(statement("load/rejected_in_history"), asdict(session))
        return [int(row["error_count"]) for row in fetch_rows(current)]

    return wait_until(query_views, bool)


def errors_of_copy(current: cursor, session: CopySession, expected_rows: int) -> list[CopyError]:
    """Return the errors of the COPY of this transaction, once the views show all of them.

    Raises RejectsNotReported if they do not show as many rejected rows as expected.
    """
    is_unchanged = _as_many_as_before()

    def is_complete(found: list[CopyError]) -> bool:
        # Errors without a line may be several of one row, while those of another row are still to come.
        is_settled = is_unchanged(found) or _least_rows(found) == _most_rows(found)
        return is_settled and _most_rows(found) >= expected_rows

    errors = wait_until(lambda: errors_in_views(current, session), is_complete)
    if not _least_rows(errors) <= expected_rows <= _most_rows(errors):
        raise RejectsNotReported(
            f"COPY rejected {amount(expected_rows, 'row')}, but SYS_LOAD_ERROR_DETAIL shows "
            f"{_most_rows(errors)} of them after {VIEWS_WITHIN_SECONDS} s, so nothing was loaded; replay the file once "
            f"the view shows the rows of session {session.session_id} since {session.started_at}"
        )
    return errors


def errors_of_failed_copy(query: Callable[[], list[CopyError]]) -> list[CopyError]:
    """Return the errors of a COPY that failed on its data, once two queries in a row return the same number of them."""
    is_unchanged = _as_many_as_before()
    return wait_until(query, lambda found: is_unchanged(found) and bool(found))


def _as_many_as_before() -> Callable[[Sequence[CopyError]], bool]:
    """Return a function that compares the number of errors with that of its call before."""
    before = -1

    def is_unchanged(found: Sequence[CopyError]) -> bool:
        nonlocal before
        is_same, before = len(found) == before, len(found)
        return is_same

    return is_unchanged


def wait_until(query: Callable[[], T], is_complete: Callable[[T], bool]) -> T:
    """Repeat the query until its result is complete or VIEWS_WITHIN_SECONDS are over; return the last result."""
    deadline, pause = time.monotonic() + VIEWS_WITHIN_SECONDS, _FIRST_PAUSE_SECONDS
    while not is_complete(found := query()) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(2 * pause, _MAX_PAUSE_SECONDS)
    return found


def errors_in_views(current: cursor, session: CopySession) -> list[CopyError]:
    """Return the errors of the COPY that the views show now."""
    current.execute(statement("load/errors_of_copy"), asdict(session))
    return fetch_as(current, CopyError)


def _least_rows(errors: Sequence[CopyError]) -> int:
    """Return how many rows these errors are of at least: several errors may be of one row."""
    return len({(error.file_name, error.line_number) for error in errors if error.line_number > 0})


def _most_rows(errors: Sequence[CopyError]) -> int:
    return _least_rows(errors) + sum(error.line_number <= 0 for error in errors)
