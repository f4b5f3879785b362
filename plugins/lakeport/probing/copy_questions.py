"""What to ask about a COPY of one good and one bad row, before its transaction is rolled back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from psycopg2.extensions import cursor

from lakeport.loading import copy_reports
from lakeport.loading.copy_job import CopyJob
from lakeport.loading.copy_reports import CopyError, CopySession, errors_in_views, rejected_in_history, wait_until
from lakeport.loading.counting import last_copy, lines_scanned
from lakeport.model import utc_now
from lakeport.probing.answers import Found, Question, Verdict
from lakeport.redshift import isolation
from lakeport.redshift.rows import fetch_rows, fetch_value
from lakeport.redshift.sql_files import statement
from lakeport.redshift.statements import composed

LOADED = REJECTED = 1
BAD_LINE = 3
"""The line of the bad row, which follows the header and the good row."""
_NO_ERROR = Found("", "the view does not show the rejected row", Verdict.NOT_ASKED)
_CLOCKS_DIFFER = timedelta(minutes=15)


@dataclass(frozen=True)
class OpenCopy:
    """A COPY whose transaction is open; `ended_at_seconds` is when it ended, by time.monotonic()."""

    current: cursor
    job: CopyJob
    session: CopySession
    notices: Sequence[str]
    ended_at_seconds: float

    @property
    def file_name(self) -> str:
        """Return the object that COPY read."""
        return self.job.sources[0].uri

    @property
    def seconds(self) -> float:
        """Return how long ago COPY ended."""
        return time.monotonic() - self.ended_at_seconds

    def errors(self) -> list[CopyError]:
        """Return the errors of this COPY that the view shows now, as a load finds them."""
        return errors_in_views(self.current, self.session)


def _rows_loaded(copy: OpenCopy) -> Found:
    rows = last_copy(copy.current).rows_copied
    if rows == LOADED:
        return Found(str(rows))
    return Found(str(rows), "COPY's count is wrong, so no load can be checked; report this table", Verdict.FAILED)


def _rows_in_notices(copy: OpenCopy) -> Found:
    answered = " / ".join(each.strip() for each in copy.notices) or "no notice"
    rejected = copy_reports.rejected_in_notices(copy.notices)
    if rejected == REJECTED:
        return Found(answered)
    if rejected is None:
        return Found(answered, "loads take the count from SYS_LOAD_HISTORY instead", Verdict.OTHER)
    return Found(answered, "the notices count wrongly, so files with rejected rows will fail", Verdict.FAILED)


def _rows_in_history(copy: OpenCopy) -> Found:
    counts = rejected_in_history(copy.current, copy.session)
    answered = f"{counts[-1] if counts else 'no row'} after {copy.seconds:.1f} s"
    if counts and counts[-1] == REJECTED:
        return Found(answered)
    if copy_reports.rejected_in_notices(copy.notices) is not None:
        return Found(answered, "loads take the count from the notices, so they do not need it", Verdict.OTHER)
    return Found(answered, "the number of rejected rows is unknown, so every load will fail", Verdict.FAILED)


def _rows_in_view(copy: OpenCopy) -> Found:
    found = wait_until(copy.errors, bool)
    answered = f"{len(found)} after {copy.seconds:.1f} s"
    if len(found) >= REJECTED:
        return Found(answered, "loads wait for the view for up to a minute" if copy.seconds > 1 else "")
    copy.current.execute(statement("probe/errors_of_file"), {"file_name": copy.file_name})
    others = [f"session {row['session_id']}, start {row['start_time']}" for row in fetch_rows(copy.current)]
    expected = f"expected session {copy.session.session_id}, start from {copy.session.started_at} on"
    by_name = f"by file name it shows: {'; '.join(others) or 'nothing'}; {expected}"
    meaning = "files with rejected rows will fail, none is lost; look at the view later and report this table"
    return Found(f"{answered}; {by_name}", meaning, Verdict.FAILED)


def _line_in_view(copy: OpenCopy) -> Found:
    if not (errors := copy.errors()):
        return _NO_ERROR
    line = errors[0].line_number
    if line == BAD_LINE:
        return Found(str(line))
    if line <= 0:
        return Found(str(line), "rejected rows are kept without their line", Verdict.OTHER)
    return Found(str(line), "mng.load_errors will show the text of another line; report this table", Verdict.FAILED)


def _file_in_view(copy: OpenCopy) -> Found:
    if not (errors := copy.errors()):
        return _NO_ERROR
    name = errors[0].file_name
    if name == copy.file_name:
        return Found(name)
    return Found(name, "rejected rows cannot be matched with their file, so such files fail", Verdict.FAILED)


def _ids(copy: OpenCopy) -> Found:
    copy.current.execute(statement("probe/errors_of_file"), {"file_name": copy.file_name})
    in_view = {row["query_id"] for row in fetch_rows(copy.current)}
    if not in_view:
        return _NO_ERROR
    last = last_copy(copy.current).query_id
    is_same = in_view == {last}
    answered = f"{'same' if is_same else 'different'}: {last}, in the view {', '.join(map(str, in_view))}"
    return Found(answered, "loads do not use the ids", Verdict.OTHER if is_same else Verdict.EXPECTED)


def _loaded_at(copy: OpenCopy) -> Found:
    copy.current.execute(composed("probe/loaded_at", table=copy.job.placing.copy_into))
    loaded_at: datetime = fetch_value(copy.current)
    answered = f"{loaded_at}, SYSDATE {copy.session.started_at}"
    if loaded_at == copy.session.started_at:
        return Found(answered)
    return Found(answered, "the rows of a load cannot be counted, so every load will fail", Verdict.FAILED)


def _is_utc(copy: OpenCopy) -> Found:
    answered, away = str(copy.session.started_at), abs(utc_now() - copy.session.started_at)
    if away < _CLOCKS_DIFFER:
        return Found(answered)
    effect = "rejected rows are looked up by the wrong time, although the session sets its time zone to UTC"
    return Found(f"{answered}, and now it is {utc_now()}", effect, Verdict.FAILED)


def _lines(copy: OpenCopy) -> Found:
    found = wait_until(partial(lines_scanned, copy.current, copy.session), lambda lines: copy.file_name in lines)
    lines, header = found.get(copy.file_name), copy.job.file_type.copied.skipped_lines
    answered = f"{'no row' if lines is None else lines} after {copy.seconds:.1f} s"
    readings = {LOADED + REJECTED: "header lines are not counted", LOADED + REJECTED + header: "header lines count"}
    if lines in readings:
        return Found(answered, readings[lines] if header else "")
    return Found(answered, "with select: all, each file is loaded by a separate COPY", Verdict.OTHER)


def _isolation(copy: OpenCopy) -> Found:
    database = copy.current.connection.info.dbname
    copy.current.execute(statement(isolation.QUERY))
    level = isolation.level_of(((row["db_name"], row["isolation_level"]) for row in fetch_rows(copy.current)), database)
    if problem := isolation.problem_with(level, database):
        return Found(str(level), problem, Verdict.WARNING)
    if level is None:
        meaning = "it must be SNAPSHOT: an administrator sees it in STV_DB_ISOLATION_LEVEL"
        return Found("not shown", meaning, Verdict.OTHER)
    return Found(level)


WITH_HEADER = (
    Question("Rows that COPY loaded, by pg_last_copy_count()", "1", _rows_loaded),
    Question("Rows that COPY rejected, by its notices", "1 record(s) could not be loaded", _rows_in_notices),
    Question(
        "Rejected rows in SYS_LOAD_ERROR_DETAIL, during the transaction", "1; delay not documented", _rows_in_view
    ),
    Question("Line of the rejected row", "3, or -1 if unknown", _line_in_view),
    Question("File of the rejected row", "its s3:// address", _file_in_view),
    Question("pg_last_copy_id() and query_id of the SYS views", "different ids", _ids),
    Question("Default SYSDATE of a loaded row, and SYSDATE of the transaction", "the same", _loaded_at),
    Question("SYSDATE", "in UTC, which the session sets", _is_utc),
    Question("Lines scanned of a file with a header", "3 or 2: not documented", _lines),
    Question("Rejected rows in SYS_LOAD_HISTORY", "1; delay not documented", _rows_in_history),
    Question("Isolation level of the database", "Snapshot Isolation", _isolation),
)
WITHOUT_HEADER = (Question("Lines scanned of a file without a header", "2", _lines),)
