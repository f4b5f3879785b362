"""Load a file of two rows as a landed file is loaded, ask what Redshift reports about it, and roll it back."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_INTRANS, cursor

from lakeport import settings
from lakeport.files.header import FileColumns
from lakeport.loading.copy_job import CopyJob, write_manifest
from lakeport.loading.copy_reports import copy_session
from lakeport.loading.copying import CopyResult, run_copy
from lakeport.loading.files_to_load import FileToLoad
from lakeport.model import RegisteredFile, utc_now
from lakeport.probing.answers import Answer, Found, Question, Verdict
from lakeport.probing.copy_questions import LOADED, REJECTED, WITH_HEADER, WITHOUT_HEADER, OpenCopy
from lakeport.probing.reaching import CONNECTION
from lakeport.redshift.session import Rollback, Warehouse
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

FOLDER = "checks"
"""Of the work bucket, whose objects expire, and of the archive, where the check removes what it wrote."""
_HEADER, _ROWS = b"id,note\n", b"1,good\nx,bad\n"
_COLUMNS = ("id", "note")
_FAILED_ABOVE = "an answer above failed"


@dataclass(frozen=True)
class CopyProbe:
    """The check of COPY and of a load."""

    warehouse: Warehouse
    s3: S3Client

    def answers(self) -> Iterator[Answer]:
        """Yield an answer to each question; nothing of what they ask about is committed."""
        connected = CONNECTION.ask(self.warehouse)
        yield connected
        copied = self._ask(1, WITH_HEADER, is_possible=connected.verdict is Verdict.EXPECTED)
        yield from copied
        is_possible = copied[0].verdict is Verdict.EXPECTED
        yield from self._ask(0, WITHOUT_HEADER, is_possible=is_possible)
        load = Question("A load by the product, rolled back", "1 row loaded, 1 rejected", self._load)
        yield load.ask(1) if is_possible else load.not_asked(_FAILED_ABOVE)

    def _ask(self, header_lines: int, questions: Sequence[Question[OpenCopy]], *, is_possible: bool) -> list[Answer]:
        """Ask whether COPY runs, then the questions about it.

        An error of a question ends its transaction, so the questions after it are asked in a new one.
        """
        header = "with a header" if header_lines else "without a header"
        title, documented = f"COPY of a file {header}, by MANIFEST, MAXERROR and IAM_ROLE default", "runs"
        runs: Question[None] = Question(title, documented, lambda _: Found(documented))
        if not is_possible:
            return [runs.not_asked(_FAILED_ABOVE), *(each.not_asked(_FAILED_ABOVE) for each in questions)]
        found: list[Answer] = []
        try:
            while len(found) < len(questions):
                self.warehouse.transaction(partial(self._ask_until_error, header_lines, questions, found))
        except Exception as error:
            log.exception("the COPY of the check failed")
            others = questions[len(found) :]
            return [runs.failed(error), *found, *(each.not_asked(_FAILED_ABOVE) for each in others)]
        return [runs.ask(None), *found]

    def _load(self, header_lines: int) -> Found:
        result = run_copy(self.warehouse, self._job(header_lines), _discard)
        if result.refusal:
            raise result.refusal
        (load,) = result.loads.values()
        answered = f"{load.rows_loaded} loaded, {load.rows_rejected} rejected"
        if (load.rows_loaded, load.rows_rejected) == (LOADED, REJECTED):
            return Found(answered)
        return Found(answered, "loads count wrongly; report this table", Verdict.FAILED)

    def _job(self, header_lines: int) -> CopyJob:
        """Write a file with one good and one bad row, and return its COPY.

        Each job has another table: a lost connection may leave a transaction that still holds the one before.
        """
        bucket, occasion = settings.work_bucket(), uuid.uuid4().hex
        key, body = f"{FOLDER}/{occasion}.csv", _HEADER * header_lines + _ROWS
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)
        file = RegisteredFile(occasion, bucket, key, None, "", len(body), utc_now())
        to_load = FileToLoad(file, (file.source(),))
        return CopyJob(self.s3, _file_type(header_lines), (to_load,), FileColumns(_COLUMNS), f"check_{occasion}")

    def _ask_until_error(
        self, header_lines: int, questions: Sequence[Question[OpenCopy]], found: list[Answer], current: cursor
    ) -> Rollback[None] | None:
        """Run COPY with the parts of a load, and ask the questions that have no answer yet."""
        job = self._job(header_lines)
        copy = write_manifest(job)
        session = copy_session(current)
        job.placing.begin(current)
        del current.connection.notices[:]
        current.execute(copy)
        opened = OpenCopy(current, job, session, tuple(current.connection.notices), time.monotonic())
        for question in questions[len(found) :]:
            answer = question.ask(opened)
            if current.connection.closed:
                raise psycopg2.OperationalError(answer.answered)  # the warehouse connects and runs COPY again
            found.append(answer)
            if current.connection.info.transaction_status != TRANSACTION_STATUS_INTRANS:
                break
        return Rollback(None)


def _discard(_: cursor, result: CopyResult) -> Rollback[CopyResult]:
    return Rollback(result)


def _file_type(header_lines: int) -> FileType:
    """Return a type whose table is created in the transaction of the load."""
    return FileType.model_validate(
        {
            "name": "check_environment",
            "description": "A row of the check of the environment.",
            "owner": "lakeport",
            "landing": {"pattern": f"{FOLDER}/*"},
            "format": {"type": "csv", "header_lines": header_lines},
            "columns": [{"name": "id", "type": "integer"}, {"name": "note", "type": "varchar(8)"}],
            "table": {"name": "lake.check_environment", "mode": "new_table"},
            "rejects": {"fail": "90%"},
        }
    )
