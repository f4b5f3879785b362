"""Load one file: one manifest, one COPY, one transaction, with every rejected row kept."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport import landing, mng, settings
from lakeport.checking import check_rows
from lakeport.copy_source import CopySource
from lakeport.copy_statement import copy_statement, manifest
from lakeport.ddl import table_identifier
from lakeport.errors import LakeportError, ObjectChanged, StatusConflict, TooManyRejects, UnloadableFile
from lakeport.file_type import FileType
from lakeport.lines import columns_in_header, value_in_line
from lakeport.mng import Load, RegisteredFile, RejectedRow, TaskRun
from lakeport.placing import Placing, placing
from lakeport.statements import composed, statement
from lakeport.warehouse import Warehouse, is_passing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)


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

    `source` is what COPY reads: the landed object, or what was prepared from it.

    May be killed at any line and run again: rows, mng.files.loaded_at and the rejected rows commit together or not at
    all, and a file whose loaded_at is set is not loaded again.  Two runs of it at once cannot both commit, since both
    write the file's row in mng.files.  What the table's mode does around COPY is in the same transaction (see placing).
    """

    file_type: FileType
    file: RegisteredFile
    source: CopySource
    by: TaskRun
    warehouse: Warehouse
    s3: S3Client

    def run(self) -> Load:
        """Load the file and return what was loaded.

        Raises UnloadableFile where another try would not help, after recording the rejected rows.
        """
        try:
            return self._done() or self._load(self.source)
        except StatusConflict:
            # A try whose COMMIT succeeded, though its answer was lost, or a worker given up for dead came first.
            if done := self._done():
                return done
            raise
        except ObjectChanged as change:
            log.warning("%s; loading a copy of the registered version", change)
            copy = (settings.work_bucket(), f"copies/{self.file.file_id}")
            return self._load(landing.copy_of_version(self.s3, self.source, *copy))

    def _done(self) -> Load | None:
        done = self.warehouse.transaction(lambda current: mng.load_of(current, self.file.file_id))
        if done:
            log.info("%s is loaded already: %d rows at %s", self.file.key, done.rows_loaded, done.loaded_at)
        return done

    def _load(self, source: CopySource) -> Load:
        self._check_version(source)
        columns = self._columns(source)
        bucket, key = settings.work_bucket(), f"manifests/{self.file.file_id}.json"
        self.s3.put_object(Bucket=bucket, Key=key, Body=manifest(source).encode())
        copy = copy_statement(
            self.file_type, columns, f"s3://{bucket}/{key}", source.compression, self._placing.copy_into
        )
        try:
            return self.warehouse.transaction(partial(self._copy, copy=copy, source=source, columns=columns))
        except _RolledBack as found:
            self._fail(found.load, found.rejected, found.cause)
        except psycopg2.Error as error:
            if is_passing(error):
                raise
            self._explain(error, source, columns)
            raise
        raise AssertionError("unreachable: _fail raises")

    @property
    def _placing(self) -> Placing:
        return placing(self.file_type, self.file)

    def _columns(self, source: CopySource) -> tuple[str, ...]:
        lines = self.file_type.format.header_lines
        if not lines:
            return self.file_type.column_names
        header = landing.read_lines(self.s3, source, [lines])
        if not header:
            raise UnloadableFile(f"{self.file.key} has no line {lines}, which should name its columns")
        return columns_in_header(self.file_type, header[lines])

    def _copy(self, current: cursor, *, copy: sql.Composed, source: CopySource, columns: Sequence[str]) -> Load:
        # mng.files is not touched before COPY is over: even reading it would make registration wait for its lock.
        self._placing.begin(current)
        current.execute(copy)
        current.execute("SELECT pg_last_copy_id(), pg_last_copy_count()")
        query_id, rows_copied = current.fetchone() or (-1, 0)
        rejected = self._rejected(current, query_id, source, columns)
        rows_in_file = rows_copied + len(rejected)
        load = Load(self._placing.table_name, rows_in_file, rows_copied, len(rejected), query_id)
        # COPY reads by key: what it read is the registered version only if nothing came since.
        self._check_version(source)
        try:
            self._check_rejects(load)
            self._place(current, load)
        except UnloadableFile as cause:
            raise _RolledBack(load, rejected, cause) from cause
        mng.record_load(current, self.file.file_id, load, rejected, self.by)
        log.info("%s: %d rows into %s, %d rejected", self.file.key, load.rows_loaded, load.table_name, len(rejected))
        return replace(load, loaded_at=(mng.load_of(current, self.file.file_id) or load).loaded_at)

    def _rejected(
        self, current: cursor, query_id: int, source: CopySource, columns: Sequence[str]
    ) -> list[RejectedRow]:
        current.execute(statement("mng/load_errors_of_copy"), {"query_id": query_id})
        # One rejected row may have several entries; the first is the one that rejected it.
        found = {row[1]: row[1:] for row in reversed(current.fetchall())}
        lines = landing.read_lines(self.s3, source, found) if found else {}
        return [self._rejected_row(entry, lines.get(number), columns) for number, entry in sorted(found.items())]

    def _rejected_row(self, entry: tuple[Any, ...], line: str | None, columns: Sequence[str]) -> RejectedRow:
        line_number, column, column_type, position, error_code, reason = entry
        value = None if line is None else value_in_line(line, column, columns, self.file_type.format)
        return RejectedRow(line_number, column, column_type, position, error_code, reason, value, line)

    def _check_version(self, source: CopySource) -> None:
        if source.version_id is None:
            return  # a copy or a prepared object of our own, which nobody overwrites
        now = landing.current_version(self.s3, source.bucket, source.key)
        if now != source.version_id:
            raise ObjectChanged(f"{source.uri} was overwritten: version {now} took the place of {source.version_id}")

    def _check_rejects(self, load: Load) -> None:
        if self.file_type.rejects.fail.is_exceeded(load.rows_rejected, load.rows_in_file):
            raise TooManyRejects(
                f"{self.file.key}: {load.rows_rejected} of {load.rows_in_file} rows were rejected, "
                f"schemas/{self.file_type.name}.yaml allows {self.file_type.rejects.fail}; nothing was loaded"
            )

    def _place(self, current: cursor, load: Load) -> None:
        """Bring the rows to their table, where all of them must be."""
        self._placing.place(current)
        destination = table_identifier(self._placing.destination.table)
        current.execute(composed("load/count_rows", table=destination))
        (rows,) = current.fetchone() or (0,)
        if rows != load.rows_loaded:
            raise LakeportError(f"COPY says {load.rows_loaded} rows, {load.table_name} has {rows} of this load")
        check_rows(current, self._placing.destination)
        self._placing.finish(current)

    def _explain(self, error: psycopg2.Error, source: CopySource, columns: Sequence[str]) -> None:
        """Record a failed COPY's rejected rows; raise UnloadableFile where the file is to blame."""

        def read(current: cursor) -> tuple[int, list[RejectedRow]]:
            current.execute("SELECT pg_last_copy_id()")
            (query_id,) = current.fetchone() or (-1,)
            return query_id, self._rejected(current, query_id, source, columns)

        query_id, rejected = self.warehouse.transaction(read)
        if rejected or "Load into table" in str(error):
            load = Load(self._placing.table_name, len(rejected), 0, len(rejected), query_id)
            self._fail(load, rejected, UnloadableFile(f"{self.file.key}: {error}".strip()))

    def _fail(self, load: Load, rejected: Sequence[RejectedRow], error: UnloadableFile) -> None:
        file_id = self.file.file_id
        self.warehouse.transaction(lambda current: mng.record_failed_load(current, file_id, load, rejected, self.by))
        raise error
