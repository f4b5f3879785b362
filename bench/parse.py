"""`python -m bench.parse`: the CPU seconds of a full parse of 1,000 file types.

Beside them, in the same run: dag-factory reading DAGs of the same shape from YAML, and Airflow's own objects of that
shape without any YAML.  Each is a new process; imports are not counted.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from bench.table import Row
from local.config import REPOSITORY

MEANING = (
    "Airflow reads all schemas again and again: one core is busy for this long each time, and a changed schema takes "
    "at least this long to have an effect."
)
WHERE = (
    "Two thirds are Airflow's constructors of DAGs and operators, of which a load DAG needs more than the peer has: a "
    "sensor, callbacks, documentation. A sixth each are the YAML and pydantic's validation. dag-factory takes three "
    "to four times as long as Airflow's objects alone: what makes these objects cannot be four times as fast as it."
)

TYPES = 1000
PEER = "dag-factory==1.1.0"
TIMES_FASTER, TIMES_AIRFLOW = 4, 1.3
TASKS = [
    *("wait_for_files", "filter_newest", "mark_in_progress", "create_table", "prepare_files", "copy_to_table"),
    *("archive_files", "mark_done", "rejects_reported"),
]
SCHEMA = """
description: One reading of a meter, as the meter reports it once an hour.
owner: bench@example.com
landing: {pattern: "NAME/*.csv.zip"}
format: {type: csv, compression: zip, header_lines: 1}
columns:
COLUMNS
rejects: {warn: 1, fail: 1%}
alerts: {slack: "#bench", email: [bench@example.com]}
"""
COLUMNS = "\n".join(f'  - {{name: c{number}, type: "decimal(10,2)", description: Value}}' for number in range(20))


def measure(types: int = TYPES) -> dict[str, float | None]:
    """Return the CPU seconds of each way to make as many DAGs; None for the peer where it cannot be installed."""
    with tempfile.TemporaryDirectory(prefix="lakeport-bench-") as place:
        folder = Path(place)
        for kind in ("schemas", "peer", "peer_files"):
            (folder / kind).mkdir()
        for name in (f"type_{number}" for number in range(types)):
            text = SCHEMA.replace("NAME", name).replace("COLUMNS", COLUMNS)
            (folder / "schemas" / f"{name}.yaml").write_text(text)
            (folder / "peer_files" / f"{name}.yaml").write_text(yaml.safe_dump(_peer_dag(name)))
        command = [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            place + "/peer",
            PEER,
        ]
        has_peer = subprocess.run(command, check=False, capture_output=True).returncode == 0
        measured = {way: _in_child(way, folder) for way in WAYS if way != "dag-factory" or has_peer}
    return {way: measured.get(way) for way in WAYS}


def main() -> None:
    """Measure and print."""
    for way, seconds in measure(int(sys.argv[1]) if sys.argv[1:] else TYPES).items():
        print(f"{way:12} {'not installed' if seconds is None else f'{seconds:.2f} CPU s'}")


def rows() -> list[Row]:
    """Return the parse beside each peer."""
    measured = measure()
    own, airflow, peer = measured["lakeport"] or 0, measured["airflow"] or 0, measured["dag-factory"]
    what, text = f"parse of {TYPES:,} file types, beside", f"{own:.1f} CPU s"
    objects, beside = (
        f"Airflow's objects: {airflow:.1f} CPU s",
        f"{PEER}: {peer:.1f} CPU s" if peer else "not installed",
    )
    times = own * TIMES_FASTER / peer if peer else None
    goal, reached = f"at most {TIMES_AIRFLOW} times", own / airflow / TIMES_AIRFLOW
    return [
        Row(f"{what} Airflow's objects", text, objects, goal, reached, MEANING, WHERE),
        Row(f"{what} dag-factory", text, beside, f"{TIMES_FASTER} times as fast", times, MEANING, WHERE),
    ]


def _in_child(way: str, folder: Path) -> float:
    environment = {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "DO_NOT_TRACK": "1",  # dag-factory would report over the internet
        "LAKEPORT_SCHEMAS": str(folder / "schemas"),
        "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'plugins'}:{folder / 'peer'}",
    }
    command = [sys.executable, "-m", "bench.parse", "--child", way, str(folder)]
    done = subprocess.run(command, env=os.environ | environment, check=True, stdout=subprocess.PIPE, text=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def _lakeport(_: Path) -> Callable[[], int]:
    from lakeport.airflow.load_dag import dags_of_schemas  # noqa: PLC0415 - in the child only

    return lambda: len(list(dags_of_schemas()))


def _airflow(folder: Path) -> Callable[[], int]:
    from airflow.sdk import DAG, BaseOperator  # noqa: PLC0415 - in the child only
    from airflow.sdk.bases.operator import chain  # noqa: PLC0415 - the same

    class Step(BaseOperator):
        """A task that takes files from an earlier one."""

        template_fields = ("files",)

        def __init__(self, *, files: object = None, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.files = files

    def make(name: str) -> DAG:
        delay = timedelta(seconds=5)
        defaults = {"owner": "bench@example.com", "retries": 2, "retry_delay": delay, "max_retry_delay": delay * 60}
        with DAG(dag_id=name, schedule=None, max_active_runs=1, default_args=defaults, tags=["bench"]) as dag:
            steps = [Step(task_id=TASKS[0])]
            steps += [Step(task_id=task, files=steps[0].output) for task in TASKS[1:]]
            chain(*steps)
        return dag

    names = [path.stem for path in (folder / "schemas").iterdir()]
    return lambda: len([make(name) for name in names])


def _dag_factory(folder: Path) -> Callable[[], int]:
    load_yaml_dags = importlib.import_module("dagfactory").load_yaml_dags  # installed for this run

    def load() -> int:
        found: dict[str, object] = {}
        load_yaml_dags(globals_dict=found, dags_folder=str(folder / "peer_files"))
        return sum(1 for name in found if name.startswith("type_"))

    return load


def _peer_dag(name: str) -> dict[str, object]:
    tasks: list[dict[str, object]] = []
    for task in TASKS:
        tasks.append({"task_id": task, "operator": "airflow.providers.standard.operators.empty.EmptyOperator"})
        if len(tasks) > 1:
            tasks[-1]["dependencies"] = [tasks[-2]["task_id"]]
    return {name: {"default_args": {"owner": "bench", "retries": 2}, "schedule": None, "tasks": tasks}}


WAYS = {"lakeport": _lakeport, "airflow": _airflow, "dag-factory": _dag_factory}


def _child(way: str, folder: Path) -> None:
    make = WAYS[way](folder)
    started = time.process_time()
    made = make()
    seconds = time.process_time() - started
    expected = len(list((folder / "schemas").iterdir()))
    if made != expected:
        raise SystemExit(f"{way} made {made} DAGs instead of {expected}")
    print(json.dumps(seconds))


if __name__ == "__main__":
    _child(sys.argv[2], Path(sys.argv[3])) if "--child" in sys.argv else main()
