"""The load engine: one COPY in one transaction, for one file or several files of a type."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.errors import LakeportError, TooManyRejects, UnloadableFile
from lakeport.loading.checks import check_rows
from lakeport.loading.copy_job import CopyJob, write_manifest
from lakeport.loading.counting import LastCopy, last_copy, rows_by_file
from lakeport.loading.files_to_load import FileToLoad, check_versions
from lakeport.loading.placing import Placing
from lakeport.mng.load_records import Load, RejectedRow
from lakeport.redshift.ddl import table_identifier
from lakeport.redshift.rows import fetch_value
from lakeport.redshift.session import Rollback, Warehouse, is_passing
from lakeport.redshift.statements import composed
from lakeport.redshift.table_changes import add_columns
from lakeport.schema.file_type import FileType

log = logging.getLogger(__name__)

_COPY_FAILED = "Load into table"
"""How COPY begins a message if the data are at fault: "Load into table 't' failed.  Check 'stl_load_errors' ..."."""


@dataclass(frozen=True)
class CopyResult:
    """What a COPY did with each file, by file id, and why its rows must not be committed, if so."""

    loads: Mapping[str, Load]
    rejected: Mapping[str, Sequence[RejectedRow]]
    refusal: UnloadableFile | None = None


Record = Callable[[cursor, CopyResult], CopyResult | Rollback[CopyResult]]


def run_copy(warehouse: Warehouse, job: CopyJob, record: Record) -> CopyResult:
    """Load the files in one transaction, which `record` completes; roll it back if the result has a refusal.

    Raises ObjectChanged if COPY may have read another version than the registered one.
    """
    add_new_columns(warehouse, job)
    copy = write_manifest(job)

    def work(current: cursor) -> CopyResult | Rollback[CopyResult]:
        result = _copy(current, job, copy)
        return Rollback(result) if result.refusal else record(current, result)

    try:
        return warehouse.transaction(work)
    except psycopg2.Error as error:
        # After any other error pg_last_copy_id() is the id of an earlier COPY, whose rejected rows are not this file's.
        if is_passing(error) or len(job.files) > 1 or _COPY_FAILED not in str(error):
            raise
        return warehouse.transaction(partial(_refused_copy, job=job, error=error))


def add_new_columns(warehouse: Warehouse, job: CopyJob) -> None:
    """Add the columns that are new in the files to the live table, if the type's `drift` is `add`."""
    file_type = job.file_type
    if file_type.drift == "add" and file_type.table.mode not in ("replace", "new_table"):
        added = warehouse.transaction(partial(add_columns, file_type=file_type))
        if added:
            log.warning("added the columns of %s to %s: %s", job.files[0].file.key, file_type.table.name, added)


def _copy(current: cursor, job: CopyJob, copy: sql.Composed) -> CopyResult:
    # Do not touch mng.files before COPY has ended: even reading it would make registration wait for its lock.
    into = job.placing
    into.begin(current)
    current.execute(copy)
    last = last_copy(current)
    result = _result(current, job, last)
    # COPY reads by key: it has read the registered versions only if they are still the current ones.
    for each in job.files:
        check_versions(job.s3, each)
    try:
        for each in job.files:
            check_rejects(job.file_type, each, result.loads[each.file.file_id])
        placed = place_rows(current, into, last.rows_copied)
    except UnloadableFile as refusal:
        return replace(result, refusal=refusal)
    if len(job.files) > 1:
        return result
    return replace(result, loads={id_: replace(load, rows_loaded=placed) for id_, load in result.loads.items()})


def _result(current: cursor, job: CopyJob, copy: LastCopy) -> CopyResult:
    """Return the rows and the rejected rows of each file of a COPY."""
    rejects = job.rejects
    by_source = rejects.of_copy(current, copy.query_id)
    rejected = {each.file.file_id: rejects.of_file(each.sources, by_source) for each in job.files}
    header_lines = job.file_type.copied.header_lines
    loaded = rows_by_file(current, copy, job.files, by_source, header_lines)
    loads = {}
    for each in job.files:
        file_id, taken = each.file.file_id, each.rows_taken
        refused = len(rejected[file_id])
        rows_in_file = loaded[file_id] + refused if taken is None else taken
        loads[file_id] = Load(job.placing.table_name, rows_in_file, loaded[file_id], refused, copy.query_id)
    return CopyResult(loads, rejected)


def _refused_copy(current: cursor, job: CopyJob, error: psycopg2.Error) -> CopyResult:
    """Return the rejected rows of a COPY that failed on its only file."""
    result = _result(current, job, replace(last_copy(current), rows_copied=0))
    loads = {id_: replace(load, rows_in_file=load.rows_rejected) for id_, load in result.loads.items()}
    return replace(result, loads=loads, refusal=UnloadableFile(f"{job.files[0].file.key}: {error}".strip()))


def check_rejects(file_type: FileType, file: FileToLoad, load: Load) -> None:
    """Raise TooManyRejects if the schema allows fewer rejected rows."""
    limit = file_type.rejects.fail
    if limit.is_exceeded(load.rows_rejected, load.rows_in_file):
        raise TooManyRejects(
            f"{file.file.key}: {load.rows_rejected} of {load.rows_in_file} rows were rejected, "
            f"schemas/{file_type.name}.yaml allows {limit}; nothing was loaded"
        )


def place_rows(current: cursor, into: Placing, rows_copied: int) -> int:
    """Bring the rows to their table, count and check them there, and return their number."""
    placed = into.place(current, rows_copied)
    current.execute(composed("load/count_rows", table=table_identifier(into.destination.table)))
    rows = fetch_value(current)
    if rows != placed:
        raise LakeportError(f"{into.table_name} has {rows} rows of this load instead of {placed}")
    check_rows(current, into.destination)
    into.finish(current)
    return placed
