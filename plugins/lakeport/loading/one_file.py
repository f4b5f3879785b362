"""Load one file: one manifest, one COPY, one transaction, with every rejected row kept."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.errors import ObjectChanged, StatusConflict, TooManyRejects, UnloadableFile
from lakeport.files import s3_objects
from lakeport.loading.copying import add_new_columns, bring_to_place, check_versions, columns_of, copy_by_manifest
from lakeport.loading.rejected_rows import Rejects
from lakeport.loading.table_modes import Placing, placing
from lakeport.mng import load_records
from lakeport.mng.load_records import Load, RejectedRow
from lakeport.model import CopySource, RegisteredFile, TaskRun
from lakeport.redshift.session import Warehouse, is_passing
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

_COPY_FAILED = "Load into table"
"""What COPY says first where data are to blame: "Load into table 't' failed.  Check 'stl_load_errors' ..."."""


class _RolledBack(Exception):
    """Carry what a load found out of its transaction, which must not commit."""

    def __init__(self, load: Load, rejected: Sequence[RejectedRow], cause: UnloadableFile) -> None:
        super().__init__("the load is rolled back")
        self.load = load
        self.rejected = rejected
        self.cause = cause


@dataclass(frozen=True)
class FileLoad:
    """The load of one registered file into its type's table.

    `sources` are what COPY reads: the landed object, or what was prepared from it, by one manifest.

    May be killed at any line and run again: rows, mng.files.loaded_at and the rejected rows commit together or not at
    all, and a file whose loaded_at is set is not loaded again.  Two runs of it at once cannot both commit, since both
    write the file's row in mng.files.  What the table's mode does around COPY is in the same transaction (see placing).
    """

    file_type: FileType
    file: RegisteredFile
    sources: tuple[CopySource, ...]
    by: TaskRun
    warehouse: Warehouse
    s3: S3Client
    ignored: tuple[str, ...] = ()
    """Columns of the file that go to no table."""

    def run(self) -> Load:
        """Load the file and return what was loaded.

        Raises UnloadableFile where another try would not help, after recording the rejected rows.
        """
        try:
            return self._done() or self._load(self.sources)
        except StatusConflict:
            # A try whose COMMIT succeeded, though its answer was lost, or a worker given up for dead came first.
            if done := self._done():
                return done
            raise
        except ObjectChanged as change:
            log.warning("%s; loading a copy of the registered version", change)
            return self._load(tuple(map(self._copied, self.sources)))

    def _copied(self, source: CopySource) -> CopySource:
        if source.version_id is None:
            return source
        return s3_objects.copy_of_version(self.s3, source, settings.work_bucket(), f"copies/{self.file.file_id}")

    def _done(self) -> Load | None:
        done = self.warehouse.transaction(lambda current: load_records.load_of(current, self.file.file_id))
        if done:
            log.info("%s is loaded already: %d rows at %s", self.file.key, done.rows_loaded, done.loaded_at)
        return done

    def _load(self, sources: tuple[CopySource, ...]) -> Load:
        check_versions(self.s3, self.file, sources)
        found = columns_of(self.s3, self.file_type, self.file, sources)
        return replace(self, file_type=found.file_type, ignored=found.ignored)._load_columns(sources, found.names)

    def _load_columns(self, sources: tuple[CopySource, ...], columns: tuple[str, ...]) -> Load:
        add_new_columns(self.warehouse, self.file_type, self.file.key)
        copy = copy_by_manifest(self.s3, self._placing, sources, columns, self.file.file_id)
        try:
            return self.warehouse.transaction(partial(self._copy, copy=copy, sources=sources, columns=columns))
        except _RolledBack as found:
            self._fail(found.load, found.rejected, found.cause)
        except psycopg2.Error as error:
            if is_passing(error):
                raise
            self._explain(error, sources, columns)
            raise
        raise AssertionError("unreachable: _fail raises")

    @property
    def _placing(self) -> Placing:
        return placing(self.file_type, self.file, self.by.run_id, self.ignored)

    def _copy(
        self, current: cursor, *, copy: sql.Composed, sources: Sequence[CopySource], columns: Sequence[str]
    ) -> Load:
        # mng.files is not touched before COPY is over: even reading it would make registration wait for its lock.
        self._placing.begin(current)
        current.execute(copy)
        current.execute("SELECT pg_last_copy_id(), pg_last_copy_count()")
        query_id, rows_copied = current.fetchone() or (-1, 0)
        rejected = self._rejected(current, query_id, sources, columns)
        rows_taken = taken_rows(sources)
        rows_in_file = rows_copied + len(rejected) if rows_taken is None else rows_taken
        load = Load(self._placing.table_name, rows_in_file, rows_copied, len(rejected), query_id)
        # COPY reads by key: what it read is the registered version only if nothing came since.
        check_versions(self.s3, self.file, sources)
        try:
            check_rejects(self.file_type, self.file, load)
            load = replace(load, rows_loaded=self._place(current, load))
        except UnloadableFile as cause:
            raise _RolledBack(load, rejected, cause) from cause
        file_id = self.file.file_id
        load_records.record_loads(current, {file_id: load}, {file_id: rejected}, self.by)
        log.info("%s: %d rows into %s, %d rejected", self.file.key, load.rows_loaded, load.table_name, len(rejected))
        return replace(load, loaded_at=(load_records.load_of(current, file_id) or load).loaded_at)

    def _rejected(
        self, current: cursor, query_id: int, sources: Sequence[CopySource], columns: Sequence[str]
    ) -> list[RejectedRow]:
        rejects = Rejects(self.s3, self.file_type, sources, columns)
        return rejects.of_file(sources, rejects.of_copy(current, query_id))

    def _place(self, current: cursor, load: Load) -> int:
        return bring_to_place(current, self._placing, load.rows_loaded)

    def _explain(self, error: psycopg2.Error, sources: Sequence[CopySource], columns: Sequence[str]) -> None:
        """Record a failed COPY's rejected rows and raise UnloadableFile, where the file is to blame."""
        # After any other error pg_last_copy_id() is an earlier COPY's, whose rejected rows are not this file's.
        if _COPY_FAILED not in str(error):
            return

        def read(current: cursor) -> tuple[int, list[RejectedRow]]:
            current.execute("SELECT pg_last_copy_id()")
            (query_id,) = current.fetchone() or (-1,)
            return query_id, self._rejected(current, query_id, sources, columns)

        query_id, rejected = self.warehouse.transaction(read)
        load = Load(self._placing.table_name, len(rejected), 0, len(rejected), query_id)
        self._fail(load, rejected, UnloadableFile(f"{self.file.key}: {error}".strip()))

    def _fail(self, load: Load, rejected: Sequence[RejectedRow], error: UnloadableFile) -> None:
        file_id = self.file.file_id
        self.warehouse.transaction(
            lambda current: load_records.record_failed_load(current, file_id, load, rejected, self.by)
        )
        raise error


def taken_rows(sources: Sequence[CopySource]) -> int | None:
    """Return how many rows a Python transform took from the file: what it made of them is another number."""
    taken = [source.rows_taken for source in sources if source.rows_taken is not None]
    return sum(taken) if taken else None


def check_rejects(file_type: FileType, file: RegisteredFile, load: Load) -> None:
    """Raise TooManyRejects where the schema allows fewer rejected rows."""
    if file_type.rejects.fail.is_exceeded(load.rows_rejected, load.rows_in_file):
        raise TooManyRejects(
            f"{file.key}: {load.rows_rejected} of {load.rows_in_file} rows were rejected, "
            f"schemas/{file_type.name}.yaml allows {file_type.rejects.fail}; nothing was loaded"
        )
