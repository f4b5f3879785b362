"""`python -m bench.task_start`: the CPU seconds from the fork of a task's process to its `execute`.

Each task of a load DAG is started beside a task of an operator that does nothing, in turn.  The process that forks has
imported what MWAA's has with `execute_tasks_new_python_interpreter`: Airflow, and nothing of Lakeport.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
import uuid
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

from bench.table import Row
from local.config import REPOSITORY

MOST_SECONDS = 0.10

ROUNDS = 3
NOTHING = """
from airflow.sdk import DAG, BaseOperator

class NothingOperator(BaseOperator):
    def execute(self, context):
        pass

with DAG(dag_id="nothing", schedule=None):
    NothingOperator(task_id="nothing")
"""
SCHEMA = """
description: One reading of a meter.
owner: bench@example.com
landing: {pattern: "SELECT/*.csv.zip", select: SELECT}
format: {type: csv, compression: zip, header_lines: 1}
columns:
  - {name: meter, type: integer, required: true}
  - {name: reading, type: "decimal(10,2)"}
rejects: {warn: 1, fail: 1%}
"""


def measure(rounds: int = ROUNDS) -> tuple[float, dict[str, tuple[float, float]]]:
    """Return the CPU seconds of a new interpreter that imports Airflow, as on MWAA, and those of the starts in it.

    By task, these are the seconds of its start and those of the empty operator's start.
    """
    with tempfile.TemporaryDirectory(prefix="lakeport-bench-") as place:
        folder = Path(place)
        (folder / "dags").mkdir()
        (folder / "dags" / "nothing.py").write_text(NOTHING)
        (folder / "dags" / "load_files.py").write_text((REPOSITORY / "dags" / "load_files.py").read_text())
        (folder / "schemas").mkdir()
        for select in ("all", "newest"):
            (folder / "schemas" / f"{select}.yaml").write_text(SCHEMA.replace("SELECT", select))
        bundle = {"classpath": "airflow.dag_processing.bundles.local.LocalDagBundle"}
        bundles = [{"name": "bench", "kwargs": {"path": str(folder / "dags")}, **bundle}]
        environment = {
            "AIRFLOW_HOME": place,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
            "LAKEPORT_SCHEMAS": str(folder / "schemas"),
            "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'plugins'}",
        }
        command = [sys.executable, "-m", "bench.task_start", "--child", str(rounds)]
        done = subprocess.run(command, env=os.environ | environment, check=True, stdout=subprocess.PIPE, text=True)
    interpreter, measured = json.loads(done.stdout.splitlines()[-1])
    return interpreter, {task: (seconds[0], seconds[1]) for task, seconds in measured.items()}


def main() -> None:
    """Measure and print."""
    interpreter, measured = measure()
    print(f"a new interpreter with Airflow, before each of these: {interpreter:.3f}")
    for task, (seconds, nothing) in measured.items():
        print(f"{task:20} {seconds:.3f}  empty operator {nothing:.3f}  above it {seconds - nothing:.3f}")


def rows() -> list[Row]:
    """Return the task with the slowest start."""
    interpreter, measured = measure()
    task, (seconds, nothing) = max(measured.items(), key=lambda item: item[1][0] - item[1][1])
    above = seconds - nothing
    return [
        Row(
            f"start of a task ({task}, the slowest of {len(measured)})",
            f"{above:.2f} CPU s above the peer",
            f"an empty operator: {nothing:.2f} CPU s, after {interpreter:.1f} CPU s for a Python with Airflow",
            f"at most {MOST_SECONDS:.2f} CPU s above",
            above / MOST_SECONDS,
            "On MWAA each task is a new Python process, and a run has 7 to 11 tasks: this is what Lakeport adds to the "
            "start of each, before its own work.",
            "More than half is the language of schemas: pydantic makes its 40 models and the validators that the "
            "schema needs. The rest are other modules and the objects of the DAG; in two tasks, also the import of "
            "Airflow's SqlSensor or TriggerDagRunOperator.",
        )
    ]


def _child(rounds: int) -> None:
    """Fork each start from this process, and print the medians as JSON."""
    from airflow.executors import workloads  # noqa: F401, PLC0415 - what execute_workload imports
    from airflow.sdk.execution_time import execute_workload, supervisor  # noqa: F401, PLC0415 - the same

    interpreter = time.process_time()
    for path, dag_id, task_id in [("nothing.py", "nothing", "nothing"), ("load_files.py", *_tasks()[0])]:
        _forked(path, dag_id, task_id)  # compiles, and warms the disk's cache
    seconds: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for dag_id, task_id in _tasks():
            nothing = _forked("nothing.py", "nothing", "nothing")
            seconds.setdefault(task_id, []).append((_forked("load_files.py", dag_id, task_id), nothing))
    # The least of each: whatever else the machine does only adds to it.
    measured = {task: [min(each) for each in zip(*pairs, strict=True)] for task, pairs in seconds.items()}
    print(json.dumps([interpreter, measured]))


def _tasks() -> list[tuple[str, str]]:
    names = "wait_for_files take_files start_next_run mark_in_progress create_table prepare_files copy_to_table"
    names += " archive_files mark_done all_files_loaded rejects_reported"
    return [*(("load_all", name) for name in names.split()), ("load_newest", "filter_newest")]


def _forked(path: str, dag_id: str, task_id: str) -> float:
    """Return the CPU seconds that a forked process takes to come to the task's `execute`."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        with os.fdopen(reader) as answer:
            text = answer.read()
        os.waitpid(child, 0)
        return float(text)
    status = 1
    try:
        with redirect_stdout(io.StringIO()):
            _start(path, dag_id, task_id)
        os.write(writer, str(time.process_time()).encode())
        status = 0
    except BaseException:  # noqa: BLE001 - the process ends here, as Airflow's does
        traceback.print_exc()
    finally:
        os._exit(status)


def _start(path: str, dag_id: str, task_id: str) -> None:
    """Start a task as Airflow's task runner does, up to the call of `execute`."""
    from airflow.sdk.api.datamodels import _generated as data  # noqa: PLC0415 - in the forked process, as in Airflow
    from airflow.sdk.execution_time import task_runner  # noqa: PLC0415 - the same
    from airflow.sdk.execution_time.comms import StartupDetails  # noqa: PLC0415 - the same

    now = datetime.now(UTC)
    run = {"dag_id": dag_id, "run_id": "bench", "run_after": now, "run_type": "manual", "state": "running"}
    details = StartupDetails.model_validate(
        {
            "ti": {"id": uuid.uuid4(), "task_id": task_id, "dag_id": dag_id, "run_id": "bench", "try_number": 1}
            | {"dag_version_id": uuid.uuid4()},
            "dag_rel_path": path,
            "bundle_info": data.BundleInfo(name="bench"),
            "start_date": now,
            "ti_context": {"dag_run": run | {"consumed_asset_events": []}, "max_tries": 0},
            "sentry_integration": "",
        }
    )
    task_runner.startup(details)


if __name__ == "__main__":
    _child(int(sys.argv[2])) if "--child" in sys.argv else main()
