"""The load engine: one COPY in one transaction, for one file or several files of a type."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.errors import QueryCanceled
from psycopg2.extensions import cursor

from lakeport.errors import CopyStopped, LakeportError, TooManyRejects, UnknownOrigin, UnloadableFile
from lakeport.files.at_once import at_once
from lakeport.loading.checks import check_rows
from lakeport.loading.copy_job import CopyJob, write_manifest
from lakeport.loading.copy_reports import (
    CopySession,
    copy_session,
    errors_in_views,
    errors_of_copy,
    errors_of_failed_copy,
    rows_rejected,
)
from lakeport.loading.counting import LastCopy, last_copy, rows_by_file
from lakeport.loading.files_to_load import FileToLoad, check_versions
from lakeport.loading.keeping import count_kept, fit_kept
from lakeport.loading.mixed_rows import check_mixed_rows, refuse_unknown_origins
from lakeport.loading.placing import Placing
from lakeport.mng.load_records import Load, RejectedRow
from lakeport.redshift.ddl import table_identifier
from lakeport.redshift.error_texts import text_of
from lakeport.redshift.rows import fetch_value
from lakeport.redshift.session import Rollback, Warehouse, is_passing
from lakeport.redshift.statements import composed
from lakeport.redshift.table_changes import add_columns, takes_null_against_the_schema
from lakeport.schema.file_type import FileType
from lakeport.wording import share

log = logging.getLogger(__name__)
_REMEDY = "ask the sender for a corrected file, or change rejects.fail"

_COPY_FAILED = "Load into table"
"""How COPY begins a message if the data are not valid: "Load into table 't' failed.  Check 'stl_load_errors' ..."."""


@dataclass(frozen=True)
class FailedCopy:
    """A COPY that failed on the data of its only file; its errors are read after its transaction."""

    session: CopySession
    error: psycopg2.Error


@dataclass(frozen=True)
class CopyResult:
    """What a COPY did with each file, by file id, and why its rows must not be committed, if so.

    `changed` are rows that were loaded with another value than the file has.
    """

    loads: Mapping[str, Load]
    rejected: Mapping[str, Sequence[RejectedRow]]
    changed: Mapping[str, Sequence[RejectedRow]] = field(default_factory=dict)
    refusal: UnloadableFile | None = None
    failed: FailedCopy | None = None


Record = Callable[[cursor, CopyResult], CopyResult | Rollback[CopyResult]]


def run_copy(warehouse: Warehouse, job: CopyJob, record: Record) -> CopyResult:
    """Load the files in one transaction, which `record` completes; roll it back if the result has a refusal.

    Raises ObjectChanged if COPY may have read another version than the registered one.
    """
    with _stopped_reported(job):
        job = fitted(warehouse, job)
    copy = write_manifest(job)

    def work(current: cursor) -> CopyResult | Rollback[CopyResult]:
        result = _copy(current, job, copy)
        return Rollback(result) if result.refusal or result.failed else record(current, result)

    result = warehouse.transaction(work)
    return _refused_copy(warehouse, job, result.failed) if result.failed else result


@contextmanager
def _stopped_reported(job: CopyJob) -> Iterator[None]:
    """Report how long a statement had run that Redshift stopped, and which limit may be the cause."""
    started = time.monotonic()
    try:
        yield
    except QueryCanceled as error:
        raise CopyStopped(
            f"{job.files[0].file.key}: Redshift stopped the COPY after {time.monotonic() - started:.0f} s "
            f"({str(error).strip()}); if that is max_query_execution_time, raise RedshiftMaxQuerySeconds in the "
            "deployment's YAML, or ask the sender for smaller files"
        ) from error


def fitted(warehouse: Warehouse, job: CopyJob) -> CopyJob:
    """Add the columns that are new in the files to the live table, and return the job that fits the table."""
    file_type = job.file_type
    if file_type.table.mode in ("replace", "new_table"):
        return job
    if file_type.drift == "add":
        added = warehouse.transaction(partial(add_columns, file_type=file_type))
        if added:
            log.warning("added the columns of %s to %s: %s", job.files[0].file.key, file_type.table.name, added)
    if file_type.table.keeps_replaced_seconds:
        fit_kept(warehouse, file_type.table)
    is_stricter = warehouse.read(partial(takes_null_against_the_schema, file_type=file_type))
    return replace(job, is_stricter=is_stricter)


def _copy(current: cursor, job: CopyJob, copy: sql.Composed) -> CopyResult:
    # Do not touch mng.files before COPY has ended: even reading it would make registration wait for its lock.
    session = copy_session(current)
    into = job.placing
    into.begin(current)
    del current.connection.notices[:]
    try:
        with _stopped_reported(job):
            current.execute(copy)
    except psycopg2.Error as error:
        if is_passing(error) or len(job.files) > 1 or _COPY_FAILED not in str(error):
            raise
        return CopyResult({}, {}, failed=FailedCopy(session, error))
    last = last_copy(current)
    refused = rows_rejected(current, session, current.connection.notices)
    result = _result(current, job, session, last, refused)
    # COPY reads by key: it has read the registered versions only if they are still the current ones.
    at_once(partial(check_versions, job.s3), job.files)
    counts: dict[str, Any] = {}
    try:
        _check_rejects(job, result)
        if len(job.files) > 1:
            _place_mixed(current, into, result.loads)
        else:
            result = _with_rejected(result, into.sift(current))
            _check_rejects(job, result)
            placed, warnings = place_rows(current, into, last.rows_copied, check_rows)
            counts = {"rows_loaded": placed, "check_warnings": warnings}
    except UnloadableFile as refusal:
        return replace(result, refusal=refusal)
    counts["rows_replaced"] = count_kept(current, job.file_type.table)
    return replace(result, loads={id_: replace(load, **counts) for id_, load in result.loads.items()})


def _result(current: cursor, job: CopyJob, session: CopySession, copy: LastCopy, rows_refused: int) -> CopyResult:
    """Return the rows and the rejected rows of each file of a COPY."""
    by_source = job.rejects.of_copy(errors_of_copy(current, session, rows_refused))
    rejected = {each.file.file_id: job.rejects.of_file(each.sources, by_source) for each in job.files}
    header_lines = job.file_type.copied.skipped_lines
    loaded = rows_by_file(current, session, copy.rows_copied, job.files, by_source, header_lines=header_lines)
    # Errors without a line number may be several of one row: then the rows are fewer, as the notices count them.
    surplus = sum(map(len, by_source.values())) - rows_refused
    loads = {}
    for each in job.files:
        file_id, taken = each.file.file_id, each.rows_taken
        refused = len(rejected[file_id]) - surplus
        rows_in_file = loaded[file_id] + refused if taken is None else taken
        loads[file_id] = Load(job.placing.table_name, rows_in_file, loaded[file_id], refused, copy.query_id)
    return CopyResult(loads, rejected, {each.file.file_id: job.rejects.changed(each.sources) for each in job.files})


def _with_rejected(result: CopyResult, rejected: Sequence[RejectedRow]) -> CopyResult:
    """Add the rows that checks reject to those of the only file."""
    if not rejected:
        return result
    [(file_id, load)] = result.loads.items()
    load = replace(load, rows_rejected=load.rows_rejected + len(rejected))
    return replace(result, loads={file_id: load}, rejected={file_id: [*result.rejected[file_id], *rejected]})


def _check_rejects(job: CopyJob, result: CopyResult) -> None:
    for each in job.files:
        check_rejects(job.file_type, each, result.loads[each.file.file_id])


def _refused_copy(warehouse: Warehouse, job: CopyJob, failed: FailedCopy) -> CopyResult:
    """Return the rejected rows of a COPY that failed on its only file.

    Each query of the views runs in a separate transaction, because a snapshot might not show later rows.
    """
    read_errors = partial(warehouse.transaction, partial(errors_in_views, session=failed.session))
    by_source = job.rejects.of_copy(errors_of_failed_copy(read_errors))
    (file,) = job.files
    rejected = job.rejects.of_file(file.sources, by_source)
    load = Load(job.placing.table_name, len(rejected), 0, len(rejected), warehouse.transaction(last_copy).query_id)
    file_id, refusal = file.file.file_id, UnloadableFile(f"{file.file.key}: {text_of(failed.error, job.file_type)}")
    return CopyResult({file_id: load}, {file_id: rejected}, refusal=refusal)


def check_rejects(file_type: FileType, file: FileToLoad, load: Load) -> None:
    """Raise TooManyRejects if the schema allows fewer rejected rows."""
    limit = file_type.rejects.fail
    if limit.is_exceeded(load.rows_rejected, load.rows_in_file):
        raise TooManyRejects(
            f"{file.file.key}: {share(load.rows_rejected, load.rows_in_file, 'row was', 'rows were')} rejected, "
            f"schemas/{file_type.name}.yaml allows {limit}; nothing was loaded; {_REMEDY}"
        )


def _place_mixed(current: cursor, into: Placing, loads: Mapping[str, Load]) -> None:
    """Bring the rows of several files to their table; raises UnknownOrigin if the file of a row matters there."""
    refuse_unknown_origins(current, into, into.sift(current))
    rows = sum(load.rows_loaded for load in loads.values())
    placed, _ = place_rows(current, into, rows, partial(check_mixed_rows, loads=loads))
    if placed != rows:
        raise UnknownOrigin(f"{rows:,} rows became {placed:,}", abs(rows - placed))


def place_rows(
    current: cursor, into: Placing, rows_copied: int, check: Callable[[cursor, FileType], str | None]
) -> tuple[int, str | None]:
    """Bring the rows to their table, count and check them there; return their number and the checks that warn."""
    placed = into.place(current, rows_copied)
    current.execute(composed("load/count_rows", table=table_identifier(into.destination.table)))
    rows = fetch_value(current)
    if rows != placed:
        raise LakeportError(
            f"{into.table_name} has {rows:,} rows of this load instead of {placed:,}; nothing was loaded"
        )
    warnings = check(current, into.destination)
    into.finish(current)
    return placed, warnings
