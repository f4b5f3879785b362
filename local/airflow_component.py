"""Run a component of Airflow that forks a process for each task or DAG file, with what these processes import and read.

Otherwise each of them imports Airflow's task runner, its providers, boto3 and Lakeport again, builds the validator of
schemas and reads botocore's descriptions of AWS's services, which takes longer than most tasks.  Code in plugins/ that
changes is used when the component starts again, as on MWAA; `make up` restarts it.
"""

import gc
import importlib
import logging
import runpy
import sys
from functools import cache, partial

OF_AIRFLOW = (
    "airflow.sdk.execution_time.task_runner",
    "airflow.dag_processing.dagbag",
    "airflow.providers.amazon.aws.hooks.base_aws",
    "airflow.providers.amazon.aws.secrets.secrets_manager",
    "airflow.providers.postgres.hooks.postgres",
    "airflow.providers.slack.hooks.slack_webhook",
    "airflow.providers.smtp.hooks.smtp",
)
log = logging.getLogger(__name__)


def preload() -> None:
    """Make ready what tasks and DAG files need; whatever cannot be imported is reported by those that need it."""
    try:
        for module in OF_AIRFLOW:
            importlib.import_module(module)
        importlib.import_module("lakeport.airflow.environment").import_all()
        importlib.import_module("lakeport.schema.file_type").FileType.model_rebuild()
        _keep_service_descriptions()
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
    for service in ("s3", "secretsmanager"):
        boto3.client(service, region_name="us-east-1")


if __name__ == "__main__":
    import airflow  # noqa: F401 - makes the plugins folder importable

    preload()
    sys.argv[0] = "airflow"
    runpy.run_module("airflow", run_name="__main__", alter_sys=True)
