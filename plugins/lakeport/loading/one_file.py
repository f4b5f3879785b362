"""Load one file and record every rejected row."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.errors import ObjectChanged, StatusConflict
from lakeport.files import archiving
from lakeport.files.read_once import read_once
from lakeport.loading.copy_job import CopyJob
from lakeport.loading.copying import CopyResult, run_copy
from lakeport.loading.files_to_load import FileToLoad, check_versions, columns_of
from lakeport.loading.lossy import without_lossy_rows
from lakeport.loading.rejected_rows import log_rejected_rows
from lakeport.mng import load_records
from lakeport.mng.load_records import Load
from lakeport.model import CopySource, RegisteredFile, TaskRun
from lakeport.redshift.session import Warehouse
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FileLoad:
    """The load of one registered file into the table of its type.

    `sources` are the objects that COPY reads by one manifest: the landed object, or those prepared from it.

    Safe to kill at any line and to repeat: rows, mng.files.loaded_at and the rejected rows commit together or not at
    all, and a file with loaded_at is not loaded again.  Of two runs at the same time only one can commit, since both
    write the file's row in mng.files.  What the table's mode does around COPY is in the same transaction (see Placing).
    """

    file_type: FileType
    file: RegisteredFile
    sources: tuple[CopySource, ...]
    by: TaskRun
    warehouse: Warehouse
    s3: S3Client

    def run(self) -> Load:
        """Load the file and return its load.

        Raises UnloadableFile, after recording the rejected rows, if a retry would not help.
        """
        try:
            return self._committed() or self._load(self.sources)
        except StatusConflict:
            # An attempt whose COMMIT succeeded without a reply, or a worker that was considered dead, came first.
            if load := self._committed():
                return load
            raise
        except ObjectChanged as change:
            log.warning("%s; loading a copy of the registered version", change)
            return self._load(tuple(map(self._copied, self.sources)))

    def _committed(self) -> Load | None:
        load = self.warehouse.read(partial(load_records.load_of, file_id=self.file.file_id))
        if load:
            log.info("%s is already loaded: %d rows at %s", self.file.key, load.rows_loaded, load.loaded_at)
        return load

    def _copied(self, source: CopySource) -> CopySource:
        if source.version_id is None:
            return source
        return archiving.copy_of_version(self.s3, source, settings.work_bucket(), f"copies/{self.file.file_id}")

    def _load(self, sources: tuple[CopySource, ...]) -> Load:
        file, once = FileToLoad(self.file, sources), read_once(self.s3, sources)
        check_versions(once, file)
        columns = columns_of(once, self.file_type, file)
        file = without_lossy_rows(once, self.file_type, file, columns)
        job = CopyJob(self.s3, self.file_type.with_columns(columns.added), (file,), columns, self.by.run_id)
        result = run_copy(self.warehouse, job, self._record)
        if result.refusal:
            self.warehouse.transaction(partial(self._record_refused, result=result))
            raise result.refusal
        return result.loads[self.file.file_id]

    def _record(self, current: cursor, result: CopyResult) -> CopyResult:
        changed = result.changed.get(self.file.file_id, ())
        rows = [*result.rejected[self.file.file_id], *changed]
        load_records.record_loads(current, result.loads, {self.file.file_id: rows}, self.by)
        log_rejected_rows(self.file_type, self.file, rows)
        if changed:
            log.warning("%s: %d rows were loaded with another value (lossy: warn)", self.file.key, len(changed))
        recorded = load_records.loads_of(current, [self.file.file_id])
        load = recorded[self.file.file_id]
        log.info(
            "%s: %d rows into %s, %d rejected", self.file.key, load.rows_loaded, load.table_name, load.rows_rejected
        )
        return replace(result, loads=recorded)

    def _record_refused(self, current: cursor, result: CopyResult) -> None:
        file_id = self.file.file_id
        load_records.record_failed_load(current, file_id, result.loads[file_id], result.rejected[file_id], self.by)
        log_rejected_rows(self.file_type, self.file, result.rejected[file_id])
