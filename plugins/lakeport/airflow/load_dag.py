"""Make one DAG for each schema: a valid schema loads its file type, an invalid one shows its problems."""

from __future__ import annotations

import gc
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from airflow.sdk import DAG, Asset, BaseOperator, CronTriggerTimetable, get_parsing_context

from lakeport import settings
from lakeport.airflow.callbacks import FailRun, record_task_error
from lakeport.airflow.operators.archive import ArchiveFilesOperator
from lakeport.airflow.operators.copy_all_from_s3 import CheckAllLoadedOperator, CopyAllFromS3Operator
from lakeport.airflow.operators.copy_from_s3 import CopyFromS3Operator
from lakeport.airflow.operators.prepare import PrepareFilesOperator
from lakeport.airflow.operators.status import FilterNewestOperator, MarkDoneOperator, MarkInProgressOperator
from lakeport.airflow.operators.table import CreateTableOperator
from lakeport.airflow.operators.take_files import TakeFilesOperator
from lakeport.airflow.operators.warn import WarnOfRejectsOperator
from lakeport.errors import SchemaError
from lakeport.model import dag_id_of
from lakeport.schema.file_type import NAME, FileType
from lakeport.schema.reader import read_file_type, schema_paths

_TRY_AGAIN = """To load a failed file again, fix the cause and press **Clear** on the failed task or on its run: the
file is loaded with the current schema.  To load any other file again, start the DAG `replay`, or run `{command}`:
both show their plan first."""
_TAG_CHARACTERS = 100  # Airflow refuses a DAG with a longer tag
_NAME_CHARACTERS = 36


def dags_of_schemas() -> Iterator[DAG]:
    """Yield the DAG of each schema; while a task runs, yield only the DAG of that task."""
    only = get_parsing_context().dag_id
    with _without_collections():
        for path in schema_paths(settings.schemas_folder()):
            if only in (None, dag_id_of_path(path)):
                yield dag_of_schema(path)


@contextmanager
def _without_collections() -> Iterator[None]:
    """Collect no garbage: nearly all objects of DAGs stay, and to look through them takes a quarter of a parse."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def dag_id_of_path(path: Path) -> str:
    """Return a valid and unique DAG id for a schema file, whatever the name of the file is."""
    if path.suffix == ".yaml" and re.fullmatch(NAME, path.stem):
        return dag_id_of(path.stem)
    digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]
    return dag_id_of(f"{re.sub(r'[^a-zA-Z0-9_]', '_', path.stem)[:_NAME_CHARACTERS]}_{digest}")


def dag_of_schema(path: Path) -> DAG:
    """Return the DAG of a schema; an invalid schema does not affect the DAGs of others."""
    try:
        return load_dag(read_file_type(path))
    except SchemaError as error:
        from lakeport.airflow.invalid_schema_dag import invalid_schema_dag

        return invalid_schema_dag(dag_id_of_path(path), path, error)


def load_dag(file_type: FileType) -> DAG:
    """Return the DAG that loads one file type."""
    with DAG(
        dag_id=file_type.dag_id,
        description=file_type.description,
        doc_md=_documentation(file_type),
        schedule=CronTriggerTimetable(file_type.cron, timezone="UTC") if file_type.cron else None,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags=["lakeport", file_type.table.name[:_TAG_CHARACTERS], "scheduled" if file_type.cron else "on arrival"],
        on_failure_callback=FailRun(file_type),
        default_args={
            "owner": file_type.owner,
            "retries": file_type.retries,
            "retry_delay": timedelta(seconds=file_type.retry_delay),
            "retry_exponential_backoff": 2.0,
            "max_retry_delay": timedelta(minutes=5),
            "weight_rule": "upstream",  # end a run before others begin: these take more files then
            "on_failure_callback": record_task_error,
            "on_retry_callback": record_task_error,
            **({"pool": file_type.pool} if file_type.pool else {}),
        },
    ) as dag:
        _steps(file_type)
    return dag


def _steps(file_type: FileType) -> None:
    wait = _wait(file_type)
    is_all = file_type.landing.select == "all"
    taken, *before = _taken_files(file_type, wait)
    claim = MarkInProgressOperator(task_id="mark_in_progress", file_type=file_type, files=taken.output)
    table = CreateTableOperator(task_id="create_table", file_type=file_type)
    prepare = _prepare(file_type, taken)
    copy = (CopyAllFromS3Operator if is_all else CopyFromS3Operator)(
        task_id="copy_to_table",
        file_type=file_type,
        files=taken.output,
        prepared=prepare.output if prepare else None,
    )
    loaded = copy if is_all else taken
    archive = ArchiveFilesOperator(task_id="archive_files", file_type=file_type, files=loaded.output)
    asset = Asset(name=f"lake/{file_type.table.name.replace('.', '/')}")
    done = MarkDoneOperator(task_id="mark_done", file_type=file_type, files=loaded.output, outlets=[asset])
    complete = _complete(file_type, taken) if is_all else None
    steps = [wait, taken, *before, claim, table, prepare, copy, archive, done, complete, _warn(file_type, loaded)]
    in_order = [step for step in steps if step is not None]
    for earlier, later in pairwise(in_order):
        if later.task_id not in earlier.downstream_task_ids:  # it may take what the earlier one returns
            earlier >> later


def _taken_files(file_type: FileType, wait: BaseOperator) -> list[BaseOperator]:
    """Return the task that selects among the New files, and the tasks to run before the files are taken."""
    if file_type.landing.select == "newest":
        return [FilterNewestOperator(task_id="filter_newest", file_type=file_type, files=wait.output)]
    take = TakeFilesOperator(task_id="take_files", file_type=file_type, files=wait.output)
    return [take, _start_next(file_type, wait)]


def _is_run_here(task_id: str) -> bool:
    """Return whether this process may run the task: a process that Airflow starts for one task runs no other."""
    return get_parsing_context().task_id in (None, task_id)


def _wait(file_type: FileType) -> BaseOperator:
    if not _is_run_here("wait_for_files"):
        return BaseOperator(task_id="wait_for_files")  # importing SqlSensor takes 20 ms
    from lakeport.airflow.sensors import NewFilesSensor

    return NewFilesSensor(task_id="wait_for_files", file_type=file_type)


def _start_next(file_type: FileType, wait: BaseOperator) -> BaseOperator:
    if not _is_run_here("start_next_run"):
        return BaseOperator(task_id="start_next_run")  # TriggerDagRunOperator imports Airflow's database models
    from lakeport.airflow.operators.start_next_run import StartNextRunOperator

    limit, dag_id = file_type.landing.files_a_run, file_type.dag_id
    return StartNextRunOperator(task_id="start_next_run", trigger_dag_id=dag_id, max_files=limit, files=wait.output)


def _prepare(file_type: FileType, taken: BaseOperator) -> PrepareFilesOperator | None:
    if not file_type.is_prepared:
        return None
    return PrepareFilesOperator(task_id="prepare_files", file_type=file_type, files=taken.output)


def _complete(file_type: FileType, taken: BaseOperator) -> CheckAllLoadedOperator:
    return CheckAllLoadedOperator(task_id="all_files_loaded", file_type=file_type, files=taken.output)


def _warn(file_type: FileType, loaded: BaseOperator) -> WarnOfRejectsOperator | None:
    if not file_type.may_warn:
        return None
    return WarnOfRejectsOperator(task_id="rejects_reported", file_type=file_type, files=loaded.output)


def _documentation(file_type: FileType) -> str:
    lines = [file_type.description, "", f"`{file_type.landing.pattern}` -> `{file_type.table.name}`", ""]
    lines += [
        f"**Runs** {_when_it_runs(file_type)}.",
        "",
        _TRY_AGAIN.format(command=settings.command("replay FILE_ID")),
        "",
    ]
    lines += ["| column | type | meaning |", "|---|---|---|"]
    lines += [f"| {column.name} | {column.type} | {column.description} |" for column in file_type.table_columns]
    return "\n".join(lines)


def _when_it_runs(file_type: FileType) -> str:
    """Return when the DAG runs; Airflow shows no schedule for a DAG that is started for arrivals."""
    if file_type.cron:
        return f"at the times of `{file_type.cron}` (UTC)"
    landing = file_type.landing
    return f"on arrival of `{landing.pattern}` in the landing bucket" + (
        "" if landing.bucket == settings.DEFAULT_LANDING else f" `{landing.bucket}`"
    )
