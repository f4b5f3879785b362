"""`python -m bench.statements`: the statements, COPYs and commits of one run, for each task, against the stand-in.

The tasks of `select: all` run one after the other in this process, as their operators, without Airflow.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from psycopg2.extensions import connection, cursor

from bench.batch import FILE_TYPE
from bench.environment import use
from bench.table import Row
from lakeport.airflow.operators.archive import ArchiveFilesOperator
from lakeport.airflow.operators.copy_all_from_s3 import CheckAllLoadedOperator, CopyAllFromS3Operator
from lakeport.airflow.operators.status import MarkDoneOperator, MarkInProgressOperator
from lakeport.airflow.operators.table import CreateTableOperator
from lakeport.files import at_once, s3_objects
from lakeport.mng import file_records
from lakeport.model import Arrival, Match, RegisteredFile, TaskRun, utc_now
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.rows import fetch_as
from lakeport.redshift.session import Warehouse
from lakeport.redshift.sql_files import statement
from lakeport.schema.file_type import FileType
from local.aws import function, names
from tests.support.operators import context
from tests.support.stack import stack_of_its_own

FILES = 200  # of each of 50 types in a burst of 10,000 files


class Counts:
    """Counts what sessions send, and the seconds, by the step that is on."""

    def __init__(self) -> None:
        self.step = ""
        self.seen: dict[str, Counter[str]] = {}

    def add(self, what: str, number: float = 1) -> None:
        """Count one statement, or seconds."""
        self.seen.setdefault(self.step, Counter())[what] += number  # type: ignore[assignment]

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        """Count for a step while the block runs."""
        self.step, started = step, time.perf_counter()
        yield
        self.add("seconds", time.perf_counter() - started)

    def connect(self) -> connection:
        """Open a session that is counted; a transaction is two statements more, BEGIN and COMMIT."""
        counts = self

        class Counted(cursor):
            def execute(self, query: Any, values: Any = None) -> None:
                text = query.as_string(self) if hasattr(query, "as_string") else str(query)
                counts.add("statements")
                counts.add("COPY", text.lstrip().startswith("COPY"))
                super().execute(query, values)

        opened = connect_to_redshift()
        opened.cursor_factory = Counted
        return opened


class CountedWarehouse(Warehouse):
    """A session whose transactions are counted."""

    def __init__(self, counts: Counts) -> None:
        super().__init__(counts.connect)
        self.counts = counts

    def transaction(self, work: Callable[[cursor], Any]) -> Any:
        """Run work in one transaction."""
        self.counts.add("statements", 2)
        self.counts.add("transactions")
        return super().transaction(work)


def measure(files: int = FILES) -> dict[str, Counter[str]]:
    """Register and load files of one type; return what each step sent."""
    file_type, counts = FileType.model_validate(FILE_TYPE), Counts()
    with stack_of_its_own() as start:
        use(start("tables"))
        arrivals = at_once.at_once(partial(_land, s3_objects.s3_client()), range(files))
        with counts.of("registration"):
            _register(counts, arrivals)
        _run(counts, file_type)
    return counts.seen


def _register(counts: Counts, arrivals: Sequence[Arrival]) -> None:
    pairs, now = [(each, Match("bench")) for each in arrivals], utc_now()
    with CountedWarehouse(counts) as warehouse:
        warehouse.transaction(lambda current: file_records.register(current, pairs, now))


def _run(counts: Counts, file_type: FileType) -> None:
    """Execute the tasks of a run."""
    query, own = "mng/oldest_new_files", {"file_type": file_type.name, "dag_id": None, "run_id": None, "limit": 501}
    with counts.of("wait_for_files"), CountedWarehouse(counts) as warehouse:
        warehouse.transaction(lambda current: current.execute(statement(query), own))
    with Warehouse(connect_to_redshift) as quiet:
        found = quiet.transaction(partial(_files, query=query, own=own))
    given: dict[str, Any] = {"file_type": file_type, "files": [each.to_xcom() for each in found]}
    operators = [
        MarkInProgressOperator(task_id="mark_in_progress", **given),
        CreateTableOperator(task_id="create_table", file_type=file_type),
        CopyAllFromS3Operator(task_id="copy_to_table", **given),
        ArchiveFilesOperator(task_id="archive_files", **given),
        MarkDoneOperator(task_id="mark_done", **given),
        CheckAllLoadedOperator(task_id="all_files_loaded", **given),
    ]
    for operator in operators:
        operator.warehouse = lambda: CountedWarehouse(counts)
        with counts.of(operator.task_id):
            operator.execute(context(TaskRun(file_type.dag_id, "bench", operator.task_id)))


def _files(current: cursor, query: str, own: dict[str, Any]) -> list[RegisteredFile]:
    current.execute(statement(query), own)
    return fetch_as(current, RegisteredFile)


def _land(s3: Any, number: int) -> Arrival:
    body, key = b"id,value\n1,2.50\n", f"bench/{number}.csv"
    version = s3.put_object(Bucket=names.LANDING_BUCKET, Key=key, Body=body)["VersionId"]
    return Arrival(names.LANDING_BUCKET, key, version, "", len(body), utc_now(), "")


def main() -> None:
    """Measure and print each step."""
    for step, seen in measure().items():
        print(f"{step:20} {dict(seen)}")


def rows() -> list[Row]:
    """Return the statements of a run for each of its files; those of a registration are as many for any events."""
    seen = measure()
    registration = seen.pop("registration")["statements"]
    total = sum(seen.values(), Counter[str]())
    a_file = total["statements"] / FILES + registration / function.BATCH_SIZE
    return [
        Row(
            f"statements of a run of {FILES} files of one type, as 1 of 50 in a burst of 10,000",
            f"{a_file:.2f} a file: {total['statements']} in the run, {total['COPY']} of them COPY, and a share of a "
            "registration",
            f"a registration of up to {function.BATCH_SIZE} files: {registration}",
            "at most 1 a file",
            a_file,
            "Redshift Serverless bills the time in which it works, so many small files must not need many statements.",
        )
    ]


if __name__ == "__main__":
    main()
