"""One process of Lakeport, as a child that may be killed: an attempt of a task, a run's callback or the Lambda.

`python -m tests.torture.attempt ADDRESS` imports everything once and then forks a child for each attempt it is asked
for, which takes milliseconds where a new interpreter takes seconds.  Tasks run by Airflow's own task runner: it parses
the DAG file, renders templates, pulls XComs, runs the operator and its callbacks.  What Airflow's supervisor answers
comes from the process that asked for the attempt.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import signal
import sys
import traceback
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from multiprocessing.connection import Client, Connection
from pathlib import Path
from types import ModuleType
from typing import Any

import structlog
from airflow.callbacks.callback_requests import DagCallbackRequest
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.dag_processing.processor import _execute_dag_callbacks
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import StartupDetails

from lakeport.alerts import outbox
from lakeport.recovery.reconcile import reconcile
from lakeport.redshift import session
from local import airflow_component
from local.config import REPOSITORY

PAUSE_SECONDS = 0.01


@dataclass(frozen=True)
class Task:
    """An attempt of a task."""

    details: StartupDetails


@dataclass(frozen=True)
class RunCallback:
    """The DAG run's on_failure_callback, as the dag-processor calls it."""

    request: DagCallbackRequest


@dataclass(frozen=True)
class Register:
    """A call of the Lambda with one event."""

    event: dict[str, Any]


@dataclass(frozen=True)
class Command:
    """A call of `./lakeport`."""

    arguments: tuple[str, ...]


Attempt = Task | RunCallback | Register | Command


@dataclass(frozen=True)
class Ended:
    """The last message of a child that came to its end: what it returned, or what it raised."""

    result: Any = None
    error: str = ""


class Supervisor:
    """Airflow's end of a task's line: every message is answered by the process that started the attempt."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self.socket = None

    def send(self, msg: Any) -> Any:
        """Send a message and return its answer."""
        self._line.send(msg)
        return self._line.recv()


def serve(address: str) -> None:
    """Fork a child for each word that comes, until the other side goes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are not waited for
    logging.getLogger("airflow").setLevel(logging.WARNING)
    _warm_up()
    line = Client(address)
    line.send(os.getpid())
    while True:
        try:
            line.recv()
        except EOFError:
            return
        if os.fork() == 0:
            line.close()
            _be_child(address)


def _warm_up() -> None:
    """Import and read what every child would, which costs more than all that it does."""
    handler()
    import_module("lakeport.cli")
    airflow_component.preload()


def run(attempt: Attempt, line: Connection) -> Any:
    """Carry an attempt out in this process."""
    if isinstance(attempt, Task):
        return _run_task(attempt.details, line)
    if isinstance(attempt, RunCallback):
        return _call_back(attempt.request, line)
    if isinstance(attempt, Command):
        return _command(attempt.arguments)
    return handler().handle(attempt.event, None)


def handler() -> ModuleType:
    """Return the Lambda's module; `lambda` is a keyword, so it is found by its path."""
    if "register_files_handler" in sys.modules:
        return sys.modules["register_files_handler"]
    path = REPOSITORY / "lambda" / "register_files" / "handler.py"
    spec = importlib.util.spec_from_file_location("register_files_handler", path)
    if spec is None or spec.loader is None:
        raise ImportError(str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _be_child(address: str) -> None:
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        line = Client(address)
        line.send(os.getpid())
        attempt: Attempt = line.recv()
        _do_not_wait()
        try:
            ended = Ended(run(attempt, line))
        except BaseException:  # noqa: BLE001 - SystemExit and all: the parent gets it
            ended = Ended(error=traceback.format_exc())
        line.send(ended)
        line.close()
        status = 0
    except (EOFError, OSError):
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _do_not_wait() -> None:
    """Make the times short in which one attempt leaves the work to another: here there is no other."""
    session._FIRST_PAUSE_SECONDS = PAUSE_SECONDS
    outbox._HOLD_SECONDS = 0
    defaults = reconcile.reconcile.__kwdefaults__ or {}
    if "grace" not in defaults:
        raise RuntimeError("reconcile has no grace time to make short")
    defaults["grace"] = timedelta(0)


def _run_task(details: StartupDetails, line: Connection) -> str:
    task_runner.SUPERVISOR_COMMS = Supervisor(line)  # type: ignore[assignment]
    ti, context, log = task_runner.startup(details)
    state, _, error = task_runner.run(ti, context, log)
    context["exception"] = error
    task_runner.finalize(ti, state, context, log, error)
    return str(state.value)


def _call_back(request: DagCallbackRequest, line: Connection) -> None:
    task_runner.SUPERVISOR_COMMS = Supervisor(line)  # type: ignore[assignment]
    path = Path(request.filepath)
    bag = BundleDagBag(
        dag_folder=path, safe_mode=False, load_op_links=False, bundle_path=path.parent, bundle_name=request.bundle_name
    )
    _execute_dag_callbacks(bag, request, structlog.get_logger())


def _command(arguments: tuple[str, ...]) -> int:
    from lakeport.cli.application import app  # noqa: PLC0415 - only few attempts need it

    try:
        app(list(arguments), standalone_mode=True)
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


if __name__ == "__main__":
    # As its own module, so that what is sent to it is what it knows.
    from tests.torture import attempt as this

    this.serve(sys.argv[1])
