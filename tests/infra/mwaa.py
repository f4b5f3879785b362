"""A real Airflow that runs what was deployed as MWAA does: the synced prefix, plugins.zip, the template's options.

What MWAA has and this has not: Celery over SQS, Fab's users, a container for each component.
"""

from __future__ import annotations

import io
import shutil
import threading
import urllib.parse
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import airflow, airflow_api, processes
from local.airflow import Installation
from local.forking import Forker

if TYPE_CHECKING:
    from tests.infra.cloud import Cloud

_NO_VALUE = "<object object"
"""How the emulator of CloudFormation writes AWS::NoValue into an output."""

# What the image sets (aws/amazon-mwaa-docker-images, images/airflow/3.2.1/python/mwaa/config/airflow.py, August 2026),
# except where MWAA's own services are.  Each task gets its own interpreter, as under Celery.
IMAGE = {
    "core__execute_tasks_new_python_interpreter": "True",
    "core__load_examples": "False",
    "core__multi_team": "False",
    "core__sensitive_var_conn_names": "proxy,proxies",
    "scheduler__schedule_after_task_execution": "False",
    "scheduler__standalone_dag_processor": "True",
    "scheduler__task_queued_timeout": "1800",
    "triggerer__queues_enabled": "False",
    "usage_data_collection__enabled": "False",
}
SYNC_SECONDS = 1.0


class Mwaa:
    """The Airflow behind the account's environment."""

    def __init__(self, cloud: Cloud, home: Path) -> None:
        self.cloud = cloud
        self.home = home
        """MWAA's /usr/local/airflow."""
        self.output = ""
        """The output of the deployment that started it."""
        self._etags: dict[str, str] = {}
        """Of the files that are there."""
        self._stopping = threading.Event()
        self._syncing = threading.Thread(target=self._sync_until_stopped, daemon=True)

    def start(self, asked: dict[str, str]) -> None:
        """Install the plugins that were asked for and start Airflow on them, as an update of the environment does."""
        s3 = self.cloud.client("s3")
        where = {"Bucket": self.cloud.code_bucket, "Key": asked["PluginsS3Path"]}
        plugins = s3.get_object(**where, VersionId=asked["PluginsS3ObjectVersion"])["Body"].read()
        shutil.rmtree(self.home / "plugins", ignore_errors=True)
        zipfile.ZipFile(io.BytesIO(plugins)).extractall(self.home / "plugins")
        self._sync()
        airflow.prepare(self.cloud.config)
        reaches_mwaa = {"AWS_ENDPOINT_URL_MWAA": self.cloud.account.endpoint}
        installation = Installation(self.home, IMAGE | self._options(), reaches_mwaa)
        services = airflow.services(self.cloud.config, installation)
        processes.stop(self.cloud.config, services)
        with Forker(given_up := threading.Event()) as forker, ThreadPoolExecutor() as pool:
            list(pool.map(lambda service: processes.start(self.cloud.config, service, given_up, forker), services))
        if not self._syncing.is_alive():
            self._syncing.start()

    def stop(self) -> None:
        self._stopping.set()
        processes.stop(self.cloud.config, airflow.services(self.cloud.config))

    def ask(self, asked: dict[str, Any]) -> Any:
        """Answer a call of the REST API, as InvokeRestApi passes it on."""
        query = urllib.parse.urlencode(asked.get("QueryParameters", {}))
        path = f"{asked['Path']}?{query}" if query else asked["Path"]
        return airflow_api.call(self.cloud.config, path, asked.get("Body"))

    def _options(self) -> dict[str, str]:
        """Return the template's options, as CloudFormation resolved them."""
        outputs = self.cloud.outputs
        values = {option.replace(".", "__"): outputs[name] for option, name in self.cloud.options.items()}
        return {option: value for option, value in values.items() if not value.startswith(_NO_VALUE)}

    def _sync_until_stopped(self) -> None:
        while not self._stopping.wait(SYNC_SECONDS):
            self._sync()

    def _sync(self) -> None:
        """Make the folder what the bucket has below dags/, file by file, as MWAA does every 30 s."""
        s3 = self.cloud.client("s3")
        listed = s3.list_objects_v2(Bucket=self.cloud.code_bucket, Prefix="dags/").get("Contents", [])
        for each in listed:
            path = self.home / each["Key"]
            if self._etags.get(each["Key"]) != each["ETag"]:
                path.parent.mkdir(parents=True, exist_ok=True)
                answer = s3.get_object(Bucket=self.cloud.code_bucket, Key=each["Key"])
                path.write_bytes(answer["Body"].read())
                self._etags[each["Key"]] = answer["ETag"]
        keys = {each["Key"] for each in listed}
        for path in (self.home / "dags").rglob("*"):
            if (
                path.is_file()
                and "__pycache__" not in path.parts
                and path.relative_to(self.home).as_posix() not in keys
            ):
                path.unlink()
                self._etags.pop(path.relative_to(self.home).as_posix(), None)
