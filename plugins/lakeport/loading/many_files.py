"""Load many files of one type by one COPY and one commit, as AWS recommends for many small files."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import log2
from typing import TYPE_CHECKING

import psycopg2
from botocore.exceptions import ClientError
from psycopg2.extensions import cursor

from lakeport.errors import (
    LakeportError,
    MustLoadSeparately,
    ObjectChanged,
    RejectsNotReported,
    RowsNotCounted,
    StatusConflict,
    UnknownOrigin,
    UnloadableFile,
)
from lakeport.files.at_once import at_once
from lakeport.files.header import FileColumns
from lakeport.files.read_once import read_once
from lakeport.loading.copy_job import CopyJob
from lakeport.loading.copying import CopyResult, run_copy
from lakeport.loading.files_to_load import FileToLoad, check_versions, columns_of, has_unique_name
from lakeport.loading.lossy import has_lossy_rows
from lakeport.loading.mixed_rows import loads_each_alone
from lakeport.loading.rejected_rows import log_rejected_rows
from lakeport.mng import load_records
from lakeport.model import TaskRun
from lakeport.redshift.error_texts import text_of
from lakeport.redshift.session import Warehouse, is_passing
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)


def batches(s3: S3Client, file_type: FileType, files: Sequence[FileToLoad]) -> list[list[FileToLoad]]:
    """Group the files that one COPY may load: those whose fields go to the same columns.

    Where later files replace rows of earlier ones, only files that landed one after the other are grouped.  A file is
    alone if its schema has keys for the rows of one file (see `loads_each_alone`), if the views of COPY could not
    identify it by name, if some of its rows are rejected before COPY, or if it is known to be faulty.
    """
    found, part, previous = dict[object, list[FileToLoad]](), 0, object()
    is_alone, is_ordered = loads_each_alone(file_type), file_type.table.is_ordered
    of_files = at_once(lambda each: None if is_alone else _columns(s3, file_type, each), files)
    for each, columns in zip(files, of_files, strict=True):
        key = (columns.names, columns.added, columns.ignored) if columns else each.file.file_id
        part += is_ordered and key != previous
        found.setdefault((part, key), []).append(each)
        previous = key
    return list(found.values())


def _columns(s3: S3Client, file_type: FileType, each: FileToLoad) -> FileColumns | None:
    if not all(map(has_unique_name, each.sources)):
        return None
    once = read_once(s3, each.sources)
    try:
        check_versions(once, each)
        columns = columns_of(once, file_type, each)
        return None if has_lossy_rows(once, file_type, each, columns) else columns
    except (ObjectChanged, UnloadableFile, ClientError):
        return None  # its own load reports or repeats it


@dataclass(frozen=True)
class BatchLoad:
    """The load of several registered files into the table of their type by one COPY; `batches` selects them.

    Safe to kill at any line and to repeat: rows, mng.files.loaded_at of all files and the rejected rows commit together
    or not at all, and files with loaded_at are not loaded again.  Of two runs at the same time only one can commit,
    since both write the rows of the files in mng.files.
    """

    file_type: FileType
    files: tuple[FileToLoad, ...]
    by: TaskRun
    warehouse: Warehouse
    s3: S3Client

    def run(self) -> None:
        """Load the files.

        Raises MustLoadSeparately, with nothing loaded, if one COPY cannot load all of them.
        """
        try:
            self._load()
        except StatusConflict as conflict:
            # An attempt whose COMMIT succeeded without a reply, or a worker that was considered dead, came first.
            file_ids = [each.file.file_id for each in self.files]
            loads = self.warehouse.read(partial(load_records.loads_of, file_ids=file_ids))
            if len(loads) < len(self.files):
                raise MustLoadSeparately(conflict) from conflict
        except RejectsNotReported:
            raise  # of any COPY, however few its files
        except LakeportError as error:
            raise MustLoadSeparately(error, is_for_each_file=self._is_for_each_file(error)) from error
        except psycopg2.Error as error:
            if is_passing(error):
                raise
            raise MustLoadSeparately(text_of(error, self.file_type)) from error

    def _is_for_each_file(self, error: LakeportError) -> bool:
        """Return whether to load each file by itself at once, as this takes fewer COPYs than to halve the files."""
        if isinstance(error, UnknownOrigin):
            return 2 * error.rows * log2(len(self.files)) > len(self.files)
        return isinstance(error, RowsNotCounted)

    def _load(self) -> None:
        columns = columns_of(self.s3, self.file_type, self.files[0])
        job = CopyJob(self.s3, self.file_type.with_columns(columns.added), self.files, columns, self.by.run_id)
        result = run_copy(self.warehouse, job, self._record)
        if result.refusal:
            raise result.refusal

    def _record(self, current: cursor, result: CopyResult) -> CopyResult:
        load_records.record_loads(current, result.loads, result.rejected, self.by)
        for each in self.files:
            log_rejected_rows(self.file_type, each.file, result.rejected[each.file.file_id])
        rows, first = sum(load.rows_loaded for load in result.loads.values()), next(iter(result.loads.values()))
        log.info("%d files: %d rows into %s by COPY %d", len(self.files), rows, first.table_name, first.query_id)
        return result
