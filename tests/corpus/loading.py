"""Bring a file from inference to its table, and report what became of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
import yaml
from psycopg2 import sql

from lakeport import settings
from lakeport.errors import LakeportError, SampleError
from lakeport.inference.draft import Draft
from lakeport.inference.infer import infer
from lakeport.loading.one_file import FileLoad
from lakeport.loading.rehearsal import rehearse
from lakeport.mng import claims, file_records
from lakeport.model import Arrival, CopySource, Match, RegisteredFile, TaskRun
from lakeport.preparing.prepare import listed, prepare
from lakeport.redshift.fitting import fit_table
from lakeport.redshift.session import Warehouse
from lakeport.schema.facts import FileFacts
from lakeport.schema.file_type import FileType
from tests.corpus import independent
from tests.corpus.comparing import differences

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MOST_SHOWN = 3


class Outcome(StrEnum):
    """What became of a file."""

    equal = "loaded equal"
    refused = "refused clearly"
    unclear = "refused unclearly"
    different = "different values"


@dataclass(frozen=True)
class Result:
    """What became of a file, with the reason or the number of its rows."""

    outcome: Outcome
    words: str


@dataclass(frozen=True)
class Loader:
    """What loads files: the product against a stand-in, without Airflow; a plan before each load takes time."""

    warehouse: Warehouse
    s3: S3Client
    has_plan: bool = True

    def run(self, path: Path) -> Result:
        """Infer, plan, load and compare one file."""
        try:
            draft = infer(path)
        except SampleError as error:
            return Result(Outcome.refused, str(error).replace(f"{path}", path.name))
        except Exception as error:  # noqa: BLE001 - this is what the corpus is to find
            return Result(Outcome.unclear, f"{type(error).__name__}: {error}")
        if draft.unsolved:
            return Result(Outcome.refused, draft.unsolved[0])
        try:
            return self._loaded(path, draft)
        except (LakeportError, psycopg2.Error, ValueError) as error:
            return Result(Outcome.unclear, f"{type(error).__name__}: {error}")

    def _loaded(self, path: Path, draft: Draft) -> Result:
        schema = yaml.load(draft.as_yaml(), yaml.CSafeLoader)
        name = f"{draft.name[:32]}_{uuid.uuid4().hex[:8]}"
        file_type = FileType.model_validate({**schema, "name": name})
        planned = rehearse(file_type, path, self.warehouse, self.s3) if self.has_plan else None
        if planned and (planned.problem or planned.rejected):
            rejected = [
                f"line {row.line_number}, {row.column_name}: {row.error_reason}" for row in planned.rejected[:2]
            ]
            return Result(Outcome.unclear, f"the sample is not loaded: {planned.problem} {rejected}")
        load = self._load(file_type, path)
        rows = self.warehouse.transaction(partial(_rows_of, file_type))
        found = differences(schema, _notes(draft), independent.rows_of(path, schema), rows)
        if examples := list(islice(found, _MOST_SHOWN)):
            return Result(Outcome.different, "; ".join(examples))
        return Result(Outcome.equal, f"{load.rows_loaded:,} rows, {len(draft.columns)} columns")

    def _load(self, file_type: FileType, path: Path) -> Any:
        file = self._registered(file_type, path)
        by = TaskRun(file_type.dag_id, "corpus", "copy_to_table")
        self.warehouse.transaction(lambda current: claims.claim(current, [file.file_id], by))
        fit_table(self.warehouse, file_type)
        sources: tuple[CopySource, ...] = (file.source(file_type.format.compression),)
        if file_type.is_prepared:
            facts = FileFacts.of(file_type, file, by.run_id)
            bucket = settings.work_bucket()
            sources = listed(
                self.s3,
                bucket,
                prepare(self.s3, file_type, sources[0], bucket, f"prepared/{file.file_id}", facts=facts),
            )
        return FileLoad(file_type, file, sources, by, self.warehouse, self.s3).run()

    def _registered(self, file_type: FileType, path: Path) -> RegisteredFile:
        bucket, key, body = settings.work_bucket(), f"{file_type.name}/{path.name}", path.read_bytes()
        version = self.s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
        now = datetime.now(UTC).replace(tzinfo=None)
        arrival = Arrival(bucket, key, version, "etag", len(body), now, "")
        self.warehouse.transaction(
            lambda current: file_records.register(current, [(arrival, Match(file_type.name))], now)
        )
        return RegisteredFile(arrival.file_id, bucket, key, version, "etag", len(body), now)


def _rows_of(file_type: FileType, current: Any) -> list[tuple[Any, ...]]:
    """Return the rows of the table in the order in which they were loaded, and drop the table."""
    table = sql.Identifier(file_type.table.schema_name, file_type.table.table_name)
    columns = sql.SQL(", ").join(map(sql.Identifier, file_type.column_names))
    current.execute("SET extra_float_digits TO 2")  # else a double is returned with 15 digits
    current.execute(sql.SQL("SELECT {} FROM {}").format(columns, table))
    rows: list[tuple[Any, ...]] = current.fetchall()
    current.execute(sql.SQL("DROP TABLE {}").format(table))
    return rows


def _notes(draft: Draft) -> dict[str, str]:
    return {column.name: column.note for column in draft.columns}
