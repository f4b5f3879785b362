"""What a file type's load would do, as text; and what it would do with a sample, found out by doing it.

A sample goes the way of a landed file, through the same code, into a table of its own in a scratch schema.  Its
transaction is always rolled back, the scratch schema is dropped, the objects are removed: mng and lake are untouched.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import QuotedString, cursor

from lakeport import settings
from lakeport.errors import TableMismatch, UnloadableFile
from lakeport.loading.one_file import FileLoad
from lakeport.loading.sql_transform import insert_transformed
from lakeport.loading.table_modes import placing
from lakeport.mng.load_records import Load, RejectedRow
from lakeport.model import CopySource, RegisteredFile, TaskRun
from lakeport.preparing.prepare import listed, prepare
from lakeport.redshift import ddl, table_changes
from lakeport.redshift.copy_statement import copy_statement, manifest
from lakeport.redshift.session import Warehouse, is_passing
from lakeport.schema.facts import FileFacts
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Plan:
    """The statements of one file's load."""

    table: tuple[str, ...]
    copy: str
    manifest: str
    transform: str


@dataclass(frozen=True)
class Outcome:
    """What would become of a sample's rows; `problem` is why nothing would be loaded."""

    rows_in_file: int
    rows_loaded: int
    rejected: tuple[RejectedRow, ...]
    problem: str = ""


class _Found(Exception):
    """Carry what a rehearsed load found out of it."""

    def __init__(self, load: Load, rejected: Sequence[RejectedRow], error: UnloadableFile) -> None:
        super().__init__(str(error))
        self.load = load
        self.rejected = tuple(rejected)
        self.error = error


class _WouldLoad(UnloadableFile):
    """Nothing is wrong with the file, and so many rows are in their place; but a rehearsed load must not commit."""

    def __init__(self, rows: int) -> None:
        super().__init__(f"{rows} rows are in their place")
        self.rows = rows


class _Rehearsal(FileLoad):
    """A load that is always rolled back and tells what it found to its caller, not to mng."""

    def _done(self) -> Load | None:
        return None

    def _place(self, current: cursor, load: Load) -> int:
        raise _WouldLoad(super()._place(current, load))

    def _fail(self, load: Load, rejected: Sequence[RejectedRow], error: UnloadableFile) -> None:
        raise _Found(load, rejected, error)


def plan(file_type: FileType, key: str, size_bytes: int = 0) -> Plan:
    """Return the statements that load the landed object `key`."""
    source = CopySource(_name_of(settings.landing_bucket, "LANDING_BUCKET"), key, None, size_bytes, "none")
    copied = "none" if file_type.is_prepared else file_type.format.compression
    manifest_uri = f"s3://{_name_of(settings.work_bucket, 'WORK_BUCKET')}/manifests/FILE_ID.json"
    into = placing(file_type, _no_file(source), "RUN_ID").copy_into
    copy = copy_statement(file_type, file_type.column_names, manifest_uri, copied, into=into)
    table = tuple(as_text(each) for each in ddl.create_table(file_type))
    return Plan(table, as_text(copy), manifest([source]), _transform(file_type))


def _transform(file_type: FileType) -> str:
    """Return what is done to the rows before COPY and behind it."""
    transform = file_type.transform
    parts = [f"transforms/{transform.python} makes what COPY reads"] if transform.python else []
    if transform.sql:
        parts.append(as_text(insert_transformed(file_type)).replace("%%", "%").strip() + ";")
    return "\n".join(parts)


def _no_file(source: CopySource) -> RegisteredFile:
    """Return a file that stands for any."""
    return RegisteredFile("FILE_ID", source.bucket, source.key, None, "", 0, datetime.now(UTC).replace(tzinfo=None))


def _name_of(bucket: Callable[[], str], otherwise: str) -> str:
    """Return a bucket's name; statements can be shown where there is no stack."""
    try:
        return bucket()
    except settings.NotSet:
        return otherwise


def as_text(statement: sql.Composable) -> str:
    """Return a statement's text, quoted as psycopg2 would do it over a connection."""
    if isinstance(statement, sql.Composed):
        return "".join(map(as_text, statement.seq))
    if isinstance(statement, sql.SQL):
        return statement.string
    if isinstance(statement, sql.Identifier):
        return ".".join('"' + name.replace('"', '""') + '"' for name in statement.strings)
    if isinstance(statement, sql.Placeholder):
        return f"%({statement.name})s"
    if isinstance(statement, sql.Literal) and isinstance(statement.wrapped, str):
        quoted = QuotedString(statement.wrapped)
        quoted.encoding = "utf8"
        return quoted.getquoted().decode()
    return str(statement)


def table_as_it_is(file_type: FileType, warehouse: Warehouse) -> tuple[tuple[str, ...], str]:
    """Return what create_table would do to the live table, and why it could not; both are empty where all fits."""
    live = warehouse.transaction(lambda current: table_changes.live_columns(current, file_type.table))
    if not live:
        return (), ""
    try:
        first = table_changes.widenings(file_type, live)
        then = table_changes.changes(file_type, table_changes.widened(file_type, live))
    except TableMismatch as error:
        return (), str(error)
    return tuple(map(as_text, [*first, *then])), ""


def rehearse(file_type: FileType, sample: Path, warehouse: Warehouse, s3: S3Client) -> Outcome:
    """Load a sample as a landed file would be loaded, roll it back and return what became of its rows."""
    occasion = uuid.uuid4().hex
    scratch = file_type.into(f"plan_{occasion}.{file_type.table.table_name}")
    with _uploaded(s3, sample, occasion) as file, _made(scratch, warehouse):
        try:
            by = TaskRun(file_type.dag_id, f"plan_{occasion}", "plan")
            sources = _prepared(file_type, file, s3, by.run_id)
            _Rehearsal(scratch, file, sources, by, warehouse, s3).run()
        except _Found as found:
            if isinstance(found.error, _WouldLoad):
                return Outcome(found.load.rows_in_file, found.error.rows, found.rejected)
            return Outcome(found.load.rows_in_file, 0, found.rejected, _told(found.error, file, sample))
        except UnloadableFile as error:
            return Outcome(0, 0, (), _told(error, file, sample))
        except psycopg2.Error as error:
            if is_passing(error):
                raise
            return Outcome(0, 0, (), _words(error))
    raise AssertionError("unreachable: a rehearsed load never ends well")


def _words(error: psycopg2.Error) -> str:
    """Return a failed COPY's reason without the frame that Redshift draws around it."""
    context = re.search(r"context:\s*(.*)", str(error))
    return f"{str(error).splitlines()[0]}: {context[1]}" if context else " ".join(str(error).split())


def _told(error: UnloadableFile, file: RegisteredFile, sample: Path) -> str:
    """Return why a file cannot be loaded, with the sample's own name."""
    return str(error).replace(f"s3://{file.bucket}/{file.key}", sample.name).replace(file.key, sample.name)


@contextmanager
def _uploaded(s3: S3Client, sample: Path, occasion: str) -> Iterator[RegisteredFile]:
    bucket, folder = settings.work_bucket(), f"plans/{occasion}"
    key, file_id = f"{folder}/{sample.name}", f"plan-{occasion}"
    written = (key, f"prepared/{file_id}/", f"manifests/{file_id}")
    try:
        s3.upload_file(str(sample), bucket, key)
        size, now = sample.stat().st_size, datetime.now(UTC).replace(tzinfo=None)
        yield RegisteredFile(file_id, bucket, key, None, "", size, now)
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
def _made(scratch: FileType, warehouse: Warehouse) -> Iterator[None]:
    schema = sql.Identifier(scratch.table.schema_name)
    try:
        warehouse.transaction(partial(_make, scratch))
        yield
    finally:
        drop = sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema)
        warehouse.transaction(lambda current: current.execute(drop))


def _make(scratch: FileType, current: cursor) -> None:
    for statement in ddl.create_table(scratch):
        current.execute(statement)
