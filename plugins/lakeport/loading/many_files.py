"""Load many files of one type by one manifest, one COPY and one commit, as AWS advises for many small files.

Redshift says how many rows a COPY loaded, not how many of which file; it counts the lines it scanned of each file
(SYS_LOAD_DETAIL).  These are taken for rows only where they add up to what COPY loaded and rejected: a line that is no
row makes the sum too large, and none can make it too small.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.errors import LakeportError, ObjectChanged, StatusConflict, UnloadableFile
from lakeport.files.header import FileColumns
from lakeport.loading.copying import add_new_columns, bring_to_place, check_versions, columns_of, copy_by_manifest
from lakeport.loading.one_file import check_rejects, taken_rows
from lakeport.loading.rejected_rows import Rejects
from lakeport.loading.table_modes import Placing, placing
from lakeport.mng import load_records
from lakeport.mng.load_records import Load, RejectedRow
from lakeport.model import CopySource, RegisteredFile, TaskRun
from lakeport.redshift.session import Warehouse, is_passing
from lakeport.redshift.statements import statement
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

_MAX_NAME_CHARACTERS = 256  # of a file in SYS_LOAD_DETAIL and SYS_LOAD_ERROR_DETAIL


class Apart(Exception):
    """These files cannot be loaded together, and nothing of them was.

    With `is_for_each` no two of them can; otherwise some may be, without the one that is to blame.
    """

    def __init__(self, reason: object, *, is_for_each: bool = False) -> None:
        super().__init__(str(reason))
        self.is_for_each = is_for_each


@dataclass(frozen=True)
class FileToLoad:
    """A registered file and what COPY reads of it: the landed object, or what was prepared from it."""

    file: RegisteredFile
    sources: tuple[CopySource, ...]


def batches(s3: S3Client, file_type: FileType, files: Sequence[FileToLoad]) -> list[list[FileToLoad]]:
    """Return which of the files may be loaded by one COPY: those whose fields go to the same columns.

    A file is alone where its mode, transform or checks are about the rows of one file, where COPY's views could not
    name it, and where something is wrong with it already.
    """
    table, found = file_type.table, dict[object, list[FileToLoad]]()
    is_by_file = table.mode != "append" or file_type.transform.sql or file_type.checks
    for each in files:
        columns = None if is_by_file else _columns(s3, file_type, each)
        key = (columns.names, columns.ignored) if columns else each.file.file_id
        found.setdefault(key, []).append(each)
    return list(found.values())


def _columns(s3: S3Client, file_type: FileType, each: FileToLoad) -> FileColumns | None:
    if not all(map(_can_be_named, each.sources)):
        return None
    try:
        check_versions(s3, each.file, each.sources)
        return columns_of(s3, file_type, each.file, each.sources)
    except (ObjectChanged, UnloadableFile):
        return None


def _can_be_named(source: CopySource) -> bool:
    """Say whether the views show the object's whole name, and no other's as the same."""
    name = source.uri
    return name.isascii() and name.isprintable() and len(name) <= _MAX_NAME_CHARACTERS and name == name.strip()


@dataclass(frozen=True)
class BatchLoad:
    """The load of several registered files into their type's table by one COPY; see `batches` for which.

    May be killed at any line and run again: rows, mng.files.loaded_at of all files and the rejected rows commit
    together or not at all, and files whose loaded_at is set are not loaded again.  Two runs of it at once cannot both
    commit, since both write the files' rows in mng.files.
    """

    file_type: FileType
    files: tuple[FileToLoad, ...]
    by: TaskRun
    warehouse: Warehouse
    s3: S3Client
    ignored: tuple[str, ...] = ()
    """Columns of the files that go to no table."""

    def run(self) -> None:
        """Load the files; raises Apart where they must be loaded otherwise, and nothing was."""
        first = self.files[0]
        try:
            found = columns_of(self.s3, self.file_type, first.file, first.sources)
            load = replace(self, file_type=found.file_type, ignored=found.ignored)
            load._load(found.names)
        except StatusConflict as conflict:
            # A try whose COMMIT succeeded, though its answer was lost, or a worker given up for dead came first.
            loads = self.warehouse.transaction(partial(load_records.loads_of, file_ids=self._file_ids))
            if len(loads) < len(self.files):
                raise Apart(conflict) from conflict
        except LakeportError as error:
            raise Apart(error) from error

    @property
    def _file_ids(self) -> list[str]:
        return [each.file.file_id for each in self.files]

    @property
    def _sources(self) -> list[CopySource]:
        return [source for each in self.files for source in each.sources]

    @property
    def _placing(self) -> Placing:
        return placing(self.file_type, self.files[0].file, self.by.run_id, self.ignored)

    def _load(self, columns: tuple[str, ...]) -> None:
        add_new_columns(self.warehouse, self.file_type, self.files[0].file.key)
        name = hashlib.sha256("\n".join(self._file_ids).encode()).hexdigest()
        copy = copy_by_manifest(self.s3, self._placing, self._sources, columns, name)
        try:
            self.warehouse.transaction(partial(self._copy, copy=copy, columns=columns))
        except psycopg2.Error as error:
            if is_passing(error):
                raise
            raise Apart(error) from error

    def _copy(self, current: cursor, *, copy: sql.Composed, columns: Sequence[str]) -> None:
        # mng.files is not touched before COPY is over: even reading it would make registration wait for its lock.
        self._placing.begin(current)
        current.execute(copy)
        current.execute("SELECT pg_last_copy_id(), pg_last_copy_count()")
        query_id, rows_copied = current.fetchone() or (-1, 0)
        rejects = Rejects(self.s3, self.file_type, self._sources, columns)
        of_copy = rejects.of_copy(current, query_id)
        rows = self._rows(current, query_id, rows_copied, {source: len(rows) for source, rows in of_copy.items()})
        rejected = {each.file.file_id: rejects.of_file(each.sources, of_copy) for each in self.files}
        loads = dict(self._loads(rows, rejected, query_id))
        for each in self.files:
            # COPY reads by key: what it read is the registered version only if nothing came since.
            check_versions(self.s3, each.file, each.sources)
            check_rejects(self.file_type, each.file, loads[each.file.file_id])
        bring_to_place(current, self._placing, rows_copied)
        load_records.record_loads(current, loads, rejected, self.by)
        log.info("%d files: %d rows into %s by COPY %d", len(loads), rows_copied, self._placing.table_name, query_id)

    def _rows(
        self, current: cursor, query_id: int, rows_copied: int, rejected: Mapping[CopySource, int]
    ) -> dict[CopySource, int]:
        """Return how many rows of each source COPY loaded; whether lines include headers AWS does not say."""
        current.execute(statement("mng/lines_of_copy"), {"query_id": query_id})
        lines = {name: int(count) for name, count in current.fetchall()}
        scanned = {source: lines.get(source.uri, 0) for source in self._sources}
        total = rows_copied + sum(rejected.values())
        for header_lines in {0, self.file_type.copied.header_lines}:
            rows = {source: count - header_lines - rejected[source] for source, count in scanned.items()}
            if sum(rows.values()) == rows_copied and min(rows.values()) >= 0:
                return rows
        raise Apart(
            f"Redshift scanned {sum(scanned.values())} lines for {total} rows, so that it does not say how many rows "
            "each file has",
            is_for_each=True,
        )

    def _loads(
        self, rows: Mapping[CopySource, int], rejected: Mapping[str, Sequence[RejectedRow]], query_id: int
    ) -> Iterator[tuple[str, Load]]:
        for each in self.files:
            file_id = each.file.file_id
            loaded, refused = sum(rows[source] for source in each.sources), len(rejected[file_id])
            taken = taken_rows(each.sources)
            in_file = loaded + refused if taken is None else taken
            yield file_id, Load(self._placing.table_name, in_file, loaded, refused, query_id)
