"""Load one file: one manifest, one COPY, one transaction, with every rejected row kept."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport import landing, mng, settings
from lakeport.checking import check_rows
from lakeport.copy_source import CopySource
from lakeport.copy_statement import copy_statement, jsonpaths_file, manifest
from lakeport.ddl import table_identifier
from lakeport.drift import FileColumns, add_columns, columns_of_file
from lakeport.errors import LakeportError, ObjectChanged, StatusConflict, TooManyRejects, UnloadableFile
from lakeport.file_type import FileType
from lakeport.lines import raw_lines, value_in_line
from lakeport.mng import Load, RegisteredFile, RejectedRow, TaskRun
from lakeport.placing import Placing, placing
from lakeport.statements import composed, statement
from lakeport.transforming.preparing import rejected_rows
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
        return landing.copy_of_version(self.s3, source, settings.work_bucket(), f"copies/{self.file.file_id}")

    def _done(self) -> Load | None:
        done = self.warehouse.transaction(lambda current: mng.load_of(current, self.file.file_id))
        if done:
            log.info("%s is loaded already: %d rows at %s", self.file.key, done.rows_loaded, done.loaded_at)
        return done

    def _load(self, sources: tuple[CopySource, ...]) -> Load:
        self._check_versions(sources)
        found = self._columns(sources)
        return replace(self, file_type=found.file_type, ignored=found.ignored)._load_columns(sources, found.names)

    def _load_columns(self, sources: tuple[CopySource, ...], columns: tuple[str, ...]) -> Load:
        if self.file_type.drift == "add" and self.file_type.table.mode not in ("replace", "new_table"):
            added = self.warehouse.transaction(lambda current: add_columns(current, self.file_type))
            if added:
                log.warning("added to %s what %s brings: %s", self.file_type.table.name, self.file.key, added)
        bucket, key = settings.work_bucket(), f"manifests/{self.file.file_id}.json"
        self.s3.put_object(Bucket=bucket, Key=key, Body=manifest(sources).encode())
        into, jsonpaths = self._placing.copy_into, self._put_jsonpaths()
        compression = sources[0].compression
        copy = copy_statement(
            self.file_type, columns, f"s3://{bucket}/{key}", compression, into=into, jsonpaths_uri=jsonpaths
        )
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

    def _put_jsonpaths(self) -> str:
        format_ = self.file_type.format
        if not format_.jsonpaths:
            return ""
        bucket, key = settings.work_bucket(), f"jsonpaths/{self.file.file_id}.json"
        self.s3.put_object(Bucket=bucket, Key=key, Body=jsonpaths_file(format_).encode())
        return f"s3://{bucket}/{key}"

    def _columns(self, sources: Sequence[CopySource]) -> FileColumns:
        if self.file_type.transform.has_rows_function or not self.file_type.format.has_header:
            return FileColumns(self.file_type.column_names, self.file_type)
        found: dict[tuple[str, ...], tuple[str, FileColumns]] = {}
        for source in sources:
            columns = self._columns_of(source)
            found.setdefault(columns.names, (source.member, columns))
        if len(found) > 1:
            members = " and ".join(member for member, _ in list(found.values())[:2])
            raise UnloadableFile(f"{self.file.key}: the headers of {members} differ; all must have the same order")
        return next(iter(found.values()))[1]

    def _columns_of(self, source: CopySource) -> FileColumns:
        lines = self.file_type.format.header_lines
        header = landing.read_lines(self.s3, source, [lines], self.file_type.copied.encoding)
        if not header:
            name = f"{self.file.key}: {source.member}" if source.member else self.file.key
            raise UnloadableFile(f"{name} has no line {lines}, which should name its columns")
        return columns_of_file(self.file_type, header[lines])

    def _copy(
        self, current: cursor, *, copy: sql.Composed, sources: Sequence[CopySource], columns: Sequence[str]
    ) -> Load:
        # mng.files is not touched before COPY is over: even reading it would make registration wait for its lock.
        self._placing.begin(current)
        current.execute(copy)
        current.execute("SELECT pg_last_copy_id(), pg_last_copy_count()")
        query_id, rows_copied = current.fetchone() or (-1, 0)
        rejected = self._rejected(current, query_id, sources, columns)
        rows_taken = self._rows_taken(sources)
        rows_in_file = rows_copied + len(rejected) if rows_taken is None else rows_taken
        load = Load(self._placing.table_name, rows_in_file, rows_copied, len(rejected), query_id)
        # COPY reads by key: what it read is the registered version only if nothing came since.
        self._check_versions(sources)
        try:
            self._check_rejects(load)
            load = replace(load, rows_loaded=self._place(current, load))
        except UnloadableFile as cause:
            raise _RolledBack(load, rejected, cause) from cause
        mng.record_load(current, self.file.file_id, load, rejected, self.by)
        log.info("%s: %d rows into %s, %d rejected", self.file.key, load.rows_loaded, load.table_name, len(rejected))
        return replace(load, loaded_at=(mng.load_of(current, self.file.file_id) or load).loaded_at)

    def _rejected(
        self, current: cursor, query_id: int, sources: Sequence[CopySource], columns: Sequence[str]
    ) -> list[RejectedRow]:
        current.execute(statement("mng/load_errors_of_copy"), {"query_id": query_id})
        by_name = {source.uri: source for source in sources}
        found: dict[CopySource, dict[int, tuple[Any, ...]]] = {}
        # One rejected row may have several entries; the first is the one that rejected it.
        for name, *entry in reversed(current.fetchall()):
            # Names are cut, but only landed objects have long ones, and such a one is alone.
            found.setdefault(by_name.get(name, sources[0]), {})[entry[0]] = tuple(entry)
        return [
            row
            for source in sources
            for row in [*self._rejected_before(source), *self._rows_of(source, found.get(source, {}), columns)]
        ]

    def _rejected_before(self, source: CopySource) -> Iterator[RejectedRow]:
        """Yield what a Python transform rejected, which COPY has not seen."""
        for row in rejected_rows(self.s3, source):
            reason = f"{source.member}: {row.reason}" if source.member else row.reason
            yield RejectedRow(row.line, row.column, "", 0, 0, reason, None, row.raw)

    def _rows_taken(self, sources: Sequence[CopySource]) -> int | None:
        """Return how many rows a Python transform took from the file: what it made of them is another number."""
        taken = [source.rows_taken for source in sources if source.rows_taken is not None]
        return sum(taken) if taken else None

    def _rows_of(
        self, source: CopySource, entries: dict[int, tuple[Any, ...]], columns: Sequence[str]
    ) -> list[RejectedRow]:
        lines = raw_lines(self.s3, source, entries, self.file_type)
        return [
            self._rejected_row(entry, lines.get(number, (number, None)), columns, source.member)
            for number, entry in sorted(entries.items())
        ]

    def _rejected_row(
        self, entry: tuple[Any, ...], found: tuple[int, str | None], columns: Sequence[str], member: str
    ) -> RejectedRow:
        _, column, column_type, position, error_code, reason = entry
        line_number, line = found
        reason = f"{member}: {reason}" if member else reason
        value = None if line is None else value_in_line(line, column, columns, self.file_type)
        return RejectedRow(line_number, column, column_type, position, error_code, reason, value, line)

    def _check_versions(self, sources: Sequence[CopySource]) -> None:
        for source in sources:
            expected = self._version_of(source)
            if expected is None:
                continue
            now = landing.current_version(self.s3, source.bucket, source.key)
            if now != expected:
                raise ObjectChanged(f"{source.uri} was overwritten: version {now} took its place")

    def _version_of(self, source: CopySource) -> str | None:
        """Return the version that must be current, its ETag where the bucket keeps none; ours nobody overwrites."""
        is_landed = (source.bucket, source.key) == (self.file.bucket, self.file.key)
        return source.version_id or (self.file.etag or None if is_landed else None)

    def _check_rejects(self, load: Load) -> None:
        if self.file_type.rejects.fail.is_exceeded(load.rows_rejected, load.rows_in_file):
            raise TooManyRejects(
                f"{self.file.key}: {load.rows_rejected} of {load.rows_in_file} rows were rejected, "
                f"schemas/{self.file_type.name}.yaml allows {self.file_type.rejects.fail}; nothing was loaded"
            )

    def _place(self, current: cursor, load: Load) -> int:
        """Bring the rows to their table, where all of them must be, and return how many they are."""
        placed = self._placing.place(current, load.rows_loaded)
        destination = table_identifier(self._placing.destination.table)
        current.execute(composed("load/count_rows", table=destination))
        (rows,) = current.fetchone() or (0,)
        if rows != placed:
            raise LakeportError(f"{placed} rows were placed, {load.table_name} has {rows} of this load")
        check_rows(current, self._placing.destination)
        self._placing.finish(current)
        return placed

    def _explain(self, error: psycopg2.Error, sources: Sequence[CopySource], columns: Sequence[str]) -> None:
        """Record a failed COPY's rejected rows; raise UnloadableFile where the file is to blame."""

        def read(current: cursor) -> tuple[int, list[RejectedRow]]:
            current.execute("SELECT pg_last_copy_id()")
            (query_id,) = current.fetchone() or (-1,)
            return query_id, self._rejected(current, query_id, sources, columns)

        query_id, rejected = self.warehouse.transaction(read)
        if rejected or "Load into table" in str(error):
            load = Load(self._placing.table_name, len(rejected), 0, len(rejected), query_id)
            self._fail(load, rejected, UnloadableFile(f"{self.file.key}: {error}".strip()))

    def _fail(self, load: Load, rejected: Sequence[RejectedRow], error: UnloadableFile) -> None:
        file_id = self.file.file_id
        self.warehouse.transaction(lambda current: mng.record_failed_load(current, file_id, load, rejected, self.by))
        raise error
