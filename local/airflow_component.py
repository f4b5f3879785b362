"""Run a component of Airflow that forks a process for each task or DAG file, with what these processes import.

Otherwise each of them imports Airflow's task runner, its providers, boto3 and Lakeport again, which takes longer than
most tasks.  Code in plugins/ that changes is used when the component starts again, as on MWAA; `make up` restarts it.
"""

import importlib
import logging
import runpy
import sys

OF_AIRFLOW = (
    "airflow.sdk.execution_time.task_runner",
    "airflow.dag_processing.dagbag",
    "airflow.providers.amazon.aws.secrets.secrets_manager",
    "airflow.providers.postgres.hooks.postgres",
    "airflow.providers.slack.hooks.slack_webhook",
    "airflow.providers.smtp.hooks.smtp",
)
log = logging.getLogger(__name__)


def preload() -> None:
    """Import what tasks and DAG files import; whatever cannot be imported is reported by those that need it."""
    try:
        for module in OF_AIRFLOW:
            importlib.import_module(module)
        importlib.import_module("lakeport.airflow.environment").import_all()
    except Exception:
        log.warning("Not everything could be imported beforehand", exc_info=True)


if __name__ == "__main__":
    import airflow  # noqa: F401 - makes the plugins folder importable

    preload()
    sys.argv[0] = "airflow"
    runpy.run_module("airflow", run_name="__main__", alter_sys=True)
