"""Count the rows of each file of a COPY.

Redshift reports how many rows a COPY loaded, but not how many of which file.  It reports how many lines it scanned of
each file (SYS_LOAD_DETAIL).  These are counted as rows only if they add up to the rows that COPY loaded and rejected: a
line that is not a row makes the sum too large, and nothing can make it too small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from psycopg2.extensions import cursor

from lakeport.errors import RowsNotCounted
from lakeport.loading.copy_reports import CopySession, wait_until
from lakeport.loading.files_to_load import FileToLoad
from lakeport.mng.load_records import RejectedRow
from lakeport.model import CopySource
from lakeport.redshift.rows import fetch_as, fetch_rows
from lakeport.redshift.sql_files import statement
from lakeport.wording import amount


@dataclass(frozen=True)
class LastCopy:
    """The last COPY of a session; its id finds it in STL views only."""

    query_id: int
    rows_copied: int


def last_copy(current: cursor) -> LastCopy:
    """Return the last COPY of the session, which may be older than the transaction."""
    current.execute(statement("load/last_copy"))
    return fetch_as(current, LastCopy)[0]


def rows_by_file(
    current: cursor,
    session: CopySession,
    rows_copied: int,
    files: Sequence[FileToLoad],
    rejected: Mapping[CopySource, Sequence[RejectedRow]],
    *,
    header_lines: int,
) -> dict[str, int]:
    """Return how many rows of each file COPY loaded, by file id.

    Raises RowsNotCounted if the scanned lines of several files do not add up to their rows.
    """
    if len(files) == 1:
        return {files[0].file.file_id: rows_copied}
    sources = [source for each in files for source in each.sources]
    scanned = wait_until(partial(lines_scanned, current, session), {source.uri for source in sources}.issubset)
    # AWS does not document whether the scanned lines include the header.
    for skipped in {0, header_lines}:
        rows = {source: scanned.get(source.uri, 0) - skipped - len(rejected[source]) for source in sources}
        if sum(rows.values()) == rows_copied and min(rows.values()) >= 0:
            return {each.file.file_id: sum(rows[source] for source in each.sources) for each in files}
    lines, rows_read = (
        sum(scanned.get(source.uri, 0) for source in sources),
        rows_copied + sum(map(len, rejected.values())),
    )
    raise RowsNotCounted(
        f"Redshift scanned {amount(lines, 'line')} for {amount(rows_read, 'row')}, "
        "so the number of rows in each file is unknown"
    )


def lines_scanned(current: cursor, session: CopySession) -> dict[str, int]:
    """Return the lines that the views show now, by file name."""
    current.execute(statement("load/lines_of_copy"), asdict(session))
    return {row["file_name"]: int(row["lines_scanned"]) for row in fetch_rows(current)}
