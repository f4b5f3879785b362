"""Load a sample without keeping anything, and report what the load would do with its rows.

The sample is loaded by the same code as a landed file, into a table of a scratch schema.  The transaction is always
rolled back, the scratch schema is dropped and the objects are removed; mng and lake do not change.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.errors import TableMismatch, UnloadableFile
from lakeport.loading.copy_job import CopyJob
from lakeport.loading.copying import CopyResult, run_copy
from lakeport.loading.files_to_load import FileToLoad, columns_of
from lakeport.loading.lossy import without_lossy_rows
from lakeport.mng.load_records import RejectedRow
from lakeport.model import CopySource, RegisteredFile, utc_now
from lakeport.preparing.prepare import listed, prepare
from lakeport.redshift import ddl
from lakeport.redshift.fitting import fit_table
from lakeport.redshift.live_table import live_columns
from lakeport.redshift.rows import fetch_rows
from lakeport.redshift.session import Rollback, Warehouse, is_passing
from lakeport.redshift.statements import composed
from lakeport.schema.facts import FileFacts
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Replaced:
    """How many rows of the live table the load would replace; `slice` is their slice, if the mode has slices."""

    rows: int
    slice: Mapping[str, str | None]


@dataclass(frozen=True)
class Outcome:
    """What would happen to the rows of a sample; `problem` is why nothing would be loaded.

    `changed` are rows that would be loaded with another value than the file has.
    """

    rows_in_file: int
    rows_loaded: int
    rejected: tuple[RejectedRow, ...]
    problem: str = ""
    changed: tuple[RejectedRow, ...] = ()
    replaced: tuple[Replaced, ...] = ()
    warnings: str = ""
    """The checks that would warn."""


def rehearse(file_type: FileType, sample: Path, warehouse: Warehouse, s3: S3Client) -> Outcome:
    """Load a sample as a landed file would be loaded, roll the load back and return its outcome."""
    occasion = uuid.uuid4().hex
    scratch = _with_any_folder(file_type.into(f"plan_{occasion}.{file_type.table.table_name}"))
    with _uploaded(s3, sample, occasion) as file, _scratch_schema(scratch, warehouse):
        try:
            _make_table(file_type, scratch, warehouse)
            run_id = f"plan_{occasion}"
            to_load = FileToLoad(file, _prepared(scratch, file, s3, run_id))
            columns = columns_of(s3, scratch, to_load)
            to_load = without_lossy_rows(s3, scratch, to_load, columns)
            job = CopyJob(s3, scratch.with_columns(columns.added), (to_load,), columns, run_id)
            replaced: list[Replaced] = []
            result = run_copy(warehouse, job, partial(_discard, live=file_type, job=job, replaced=replaced))
            outcome = replace(_outcome(result, file, sample), replaced=tuple(replaced))
        except (UnloadableFile, TableMismatch) as error:
            outcome = Outcome(0, 0, (), _reason(error, file, sample))
        except psycopg2.Error as error:
            if is_passing(error):
                raise
            outcome = Outcome(0, 0, (), _reason_of_copy(error))
        return replace(outcome, problem=outcome.problem.replace(scratch.table.schema_name, file_type.table.schema_name))


def _with_any_folder(file_type: FileType) -> FileType:
    """Return the type with a pattern that matches the sample's name wherever it is uploaded to."""
    pattern = f"**/{file_type.landing.pattern.rpartition('/')[2]}"
    return file_type.model_copy(update={"landing": file_type.landing.model_copy(update={"pattern": pattern})})


def _discard(
    current: cursor, result: CopyResult, *, live: FileType, job: CopyJob, replaced: list[Replaced]
) -> Rollback[CopyResult]:
    """Find the rows of the live table that the load would replace, before its own rows are rolled back."""
    query = job.placing.counted(current, ddl.table_identifier(live.table))
    replaced.clear()  # of an attempt that is retried
    if query and live_columns(current, live.table):
        current.execute(query)
        replaced += [_replaced(row) for row in fetch_rows(current)]
    return Rollback(result)


def _replaced(row: dict[str, Any]) -> Replaced:
    rows = int(row.pop("row_count"))
    return Replaced(rows, {name: None if value is None else str(value) for name, value in row.items()})


def _outcome(result: CopyResult, file: RegisteredFile, sample: Path) -> Outcome:
    load, rejected = result.loads[file.file_id], tuple(result.rejected[file.file_id])
    if result.refusal:
        return Outcome(load.rows_in_file, 0, rejected, _reason(result.refusal, file, sample))
    changed = tuple(result.changed[file.file_id])
    return Outcome(load.rows_in_file, load.rows_loaded, rejected, changed=changed, warnings=load.check_warnings or "")


def _reason(error: UnloadableFile | TableMismatch, file: RegisteredFile, sample: Path) -> str:
    """Return an error's message with the name of the sample instead of the object's."""
    return str(error).replace(f"s3://{file.bucket}/{file.key}", sample.name).replace(file.key, sample.name)


def _reason_of_copy(error: psycopg2.Error) -> str:
    """Return the message of a failed COPY without the frame that Redshift draws around it."""
    context = re.search(r"context:\s*(.*)", str(error))
    return f"{str(error).splitlines()[0]}: {context[1]}" if context else " ".join(str(error).split())


@contextmanager
def _uploaded(s3: S3Client, sample: Path, occasion: str) -> Iterator[RegisteredFile]:
    bucket, folder = settings.work_bucket(), f"plans/{occasion}"
    key, file_id = f"{folder}/{sample.name}", f"plan-{occasion}"
    written = (key, *(f"{kind}/{file_id}" for kind in ("prepared", "lossless", "manifests", "jsonpaths")))
    try:
        s3.upload_file(str(sample), bucket, key)
        yield RegisteredFile(file_id, bucket, key, None, "", sample.stat().st_size, utc_now())
    finally:
        for each in (each for prefix in written for each in _keys(s3, bucket, prefix)):
            s3.delete_object(Bucket=bucket, Key=each)


def _keys(s3: S3Client, bucket: str, prefix: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [each["Key"] for page in pages for each in page.get("Contents", [])]


def _prepared(file_type: FileType, file: RegisteredFile, s3: S3Client, run_id: str) -> tuple[CopySource, ...]:
    source = file.source(file_type.format.compression)
    if not file_type.is_prepared:
        return (source,)
    bucket, facts = settings.work_bucket(), FileFacts.of(file_type, file, run_id)
    key = prepare(s3, file_type, source, bucket, f"prepared/{file.file_id}", facts=facts)
    return listed(s3, bucket, key)


@contextmanager
def _scratch_schema(scratch: FileType, warehouse: Warehouse) -> Iterator[None]:
    schema = sql.Identifier(scratch.table.schema_name)
    try:
        warehouse.transaction(lambda current: current.execute(ddl.create_schema(scratch.table)))
        yield
    finally:
        drop = sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema)
        warehouse.transaction(lambda current: current.execute(drop))


def _make_table(file_type: FileType, scratch: FileType, warehouse: Warehouse) -> None:
    """Create an empty table like the live one, if there is one, and fit it to the schema as create_table does."""

    def copy_shape(current: cursor) -> None:
        if file_type.table.mode != "new_table" and live_columns(current, file_type.table):
            like = {"table": ddl.table_identifier(scratch.table), "live": ddl.table_identifier(file_type.table)}
            current.execute(composed("load/create_like", **like))

    warehouse.transaction(copy_shape)
    fit_table(warehouse, scratch)
