"""Run a component of Airflow; one that forks processes for tasks or DAG files, with what these import and read.

Otherwise each of them imports Airflow's task runner, its providers, boto3 and Lakeport again, builds the validator of
schemas and reads botocore's descriptions of AWS's services, which takes longer than most tasks.  Code in plugins/ that
changes is used when the component starts again, as on MWAA; `make up` restarts it.

Without arguments, components are forks of this process: see `local.forking`.
"""

import atexit
import gc
import importlib
import logging
import os
import runpy
import sys
import time
import traceback
from contextlib import suppress
from functools import cache, partial
from multiprocessing.connection import wait
from types import SimpleNamespace
from typing import Any, NoReturn

import psutil

from local import forking

OF_AIRFLOW = (
    "airflow.sdk.execution_time.task_runner",
    "airflow.dag_processing.dagbag",
    "airflow.providers.amazon.aws.hooks.base_aws",
    "airflow.providers.amazon.aws.secrets.secrets_manager",
    "airflow.providers.postgres.hooks.postgres",
    "airflow.providers.slack.hooks.slack_webhook",
    "airflow.providers.smtp.hooks.smtp",
)
OF_COMPONENTS = (
    "airflow.cli.cli_parser",
    "airflow.api_fastapi.execution_api.routes",
    "airflow.dag_processing.manager",
    "airflow.jobs.scheduler_job_runner",
    "airflow.jobs.triggerer_job_runner",
    "airflow.executors.local_executor",
    "airflow.providers_manager",
)
FORKING = frozenset({"scheduler", "dag-processor"})
"""The components that fork a process for each task or DAG file."""

log = logging.getLogger(__name__)


def preload() -> None:
    """Make ready what tasks and DAG files need; whatever cannot be imported is reported by those that need it."""
    try:
        for module in OF_AIRFLOW:
            importlib.import_module(module)
        importlib.import_module("lakeport.airflow.environment").import_all()
        importlib.import_module("lakeport.schema.parts").build_all()
        _keep_service_descriptions()
        _keep_secrets_client()
    except Exception:
        log.warning("Not everything could be imported beforehand", exc_info=True)
    gc.freeze()  # a child that collects garbage would copy all of this


def _keep_service_descriptions() -> None:
    """Have botocore read each file that describes a service once; each of its sessions would read it again."""
    import boto3  # noqa: PLC0415 - takes long
    from botocore.loaders import JSONFileLoader, Loader  # noqa: PLC0415

    read = cache(partial(JSONFileLoader.load_file, JSONFileLoader()))
    JSONFileLoader.load_file = lambda _, path: read(path)  # type: ignore[assignment,method-assign]
    services = cache(Loader().list_available_services)
    Loader.list_available_services = lambda _, type_name: services(type_name)  # type: ignore[assignment,method-assign]
    boto3.client("s3", region_name="us-east-1")


def _keep_secrets_client() -> None:
    """Make the client of Secrets Manager, which has connected to nothing yet, once for all tasks."""
    backend: Any = importlib.import_module("airflow.providers.amazon.aws.secrets.secrets_manager").SecretsManagerBackend
    backend.client = backend().client


def preload_components() -> None:
    """Make ready what several components need, in the process that they are forks of."""
    preload()
    try:
        for module in OF_COMPONENTS:
            importlib.import_module(module)
        importlib.import_module("airflow.models").import_all_models()
        importlib.import_module("sqlalchemy.orm").configure_mappers()
        _keep_execution_api()
    except Exception:
        log.warning("Not everything could be prepared for the components", exc_info=True)
    gc.freeze()


def _keep_execution_api() -> None:
    """Make the API of tasks with its versions, which all components but the scheduler use, once."""
    execution_api: Any = importlib.import_module("airflow.api_fastapi.execution_api.app")
    make = cache(execution_api.create_task_execution_api_app)
    make()._cadwyn_initialize()
    of_api_server: Any = importlib.import_module("airflow.api_fastapi.app")
    execution_api.create_task_execution_api_app = of_api_server.create_task_execution_api_app = make


def pace_scheduler() -> None:
    """Let the scheduler look for work when a task ends, and once: its own loop would look again at once, in vain.

    Before it looks, it pauses until a task ends, at most as long as an idle scheduler, and reads which tasks ended.
    """
    executor: Any = importlib.import_module("airflow.executors.local_executor").LocalExecutor
    module: Any = importlib.import_module("airflow.jobs.scheduler_job_runner")
    look_for_work = module.SchedulerJobRunner._do_scheduling

    def pause_and_look_for_work(runner: Any, session: Any) -> Any:
        wait([each.result_queue._reader for each in runner.executors], runner._scheduler_idle_sleep_time)
        for each in runner.executors:
            each._read_results()
        return look_for_work(runner, session)

    module.SchedulerJobRunner._do_scheduling = pause_and_look_for_work
    module.time = SimpleNamespace(**vars(time) | {"sleep": lambda _: None})
    executor.sync = executor._check_workers  # what ends later ends the next pause


def watch_tasks_to_their_end() -> None:
    """Let the process that watches a task notice its end at once, and not at the next heartbeat, seconds later.

    A task closes its sockets before it ends: its watcher, which is woken by them, finds it alive and waits once more.
    """
    supervisor: Any = importlib.import_module("airflow.sdk.execution_time.supervisor")
    watcher = supervisor.ActivitySubprocess
    look = watcher._check_subprocess_exit

    def wait_and_look(watched: Any, **options: Any) -> Any:
        if watched._exit_code is None and not watched._open_sockets:
            with suppress(psutil.TimeoutExpired):
                watched._process.wait(supervisor.MIN_HEARTBEAT_INTERVAL)
        return look(watched, **options)

    watcher._check_subprocess_exit = wait_and_look


def run(arguments: list[str]) -> NoReturn:
    """Run Airflow, and end without taking apart all that was imported, which takes seconds of a processor."""
    sys.argv, status = ["airflow", *arguments], 1
    try:
        runpy.run_module("airflow", run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - shown as the interpreter would show it
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    gc.disable()  # modules stay: to look for garbage among them takes a tenth of the time
    import airflow  # noqa: F401 - makes the plugins folder importable

    component_arguments = sys.argv[1:] or forking.serve(preload_components)
    if FORKING & set(sys.argv):
        preload()
    gc.enable()
    if "scheduler" in component_arguments:
        gc.unfreeze = gc.freeze  # each collection would look through all that was imported, once workers are forked
        pace_scheduler()
        watch_tasks_to_their_end()
    run(component_arguments)
