"""What the processes of one test session share: a folder, ports without races, and an end that leaves nothing.

With `pytest -n` the session is a controller and its workers; without it, one process that is both.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from types import FrameType

import psutil
import pytest

from local import families
from local.config import FREE_RANGE

FOLDER = "LAKEPORT_TESTS_FOLDER"


def begin(config: pytest.Config) -> None:
    """Make the session's folder, or join it as a worker, with ports and an AIRFLOW_HOME of this process's own."""
    worker = getattr(config, "workerinput", {"workerid": "main"})["workerid"]
    if worker == "main":
        os.environ[FOLDER] = str(Path(tempfile.mkdtemp(prefix="lakeport-tests-")).resolve())
    signal.signal(signal.SIGTERM, _interrupt)
    os.environ["LAKEPORT_FREE_PORTS"] = _ports_of(worker, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    os.environ["AIRFLOW_HOME"] = folder(f"airflow-{worker}-")  # importing Airflow writes its settings there


def end(config: pytest.Config) -> None:
    """Kill what workers that were killed left running, and delete the session's folder."""
    if hasattr(config, "workerinput"):
        return
    places = (f"{os.environ[FOLDER]}/", f"{_base_folder(config)}/")
    left = {process for process in psutil.process_iter() if _state(process).startswith(places)}
    families.send(left, signal.SIGKILL)
    psutil.wait_procs(left, 5)
    shutil.rmtree(os.environ.pop(FOLDER), ignore_errors=True)


def folder(prefix: str) -> str:
    """Make a folder that is deleted when the session ends, whatever happens to this process."""
    return tempfile.mkdtemp(prefix=prefix, dir=os.environ.get(FOLDER))


def _ports_of(worker: str, workers: int) -> str:
    """Return this worker's share of the free ports; one started in the place of another gets that one's."""
    number = int(worker.removeprefix("gw")) % workers if worker.startswith("gw") else 0
    size = (FREE_RANGE[1] + 1 - FREE_RANGE[0]) // workers
    first = FREE_RANGE[0] + number * size
    return f"{first}-{first + size - 1}"


def _base_folder(config: pytest.Config) -> str:
    """Return the folder above all `tmp_path`s of this session."""
    return str(config._tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]


def _state(process: psutil.Process) -> str:
    """Return the state folder of the stack that the process is a part of."""
    with suppress(psutil.Error, OSError):
        return str(process.environ().get(families.MARKER, "")).partition("@")[2]
    return ""


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does: fixtures are torn down."""
    raise KeyboardInterrupt
