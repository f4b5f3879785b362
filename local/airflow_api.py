"""Airflow's REST API, as the stack's user."""

import json
import time
import urllib.request
from typing import Any

from local import credentials
from local.config import REPOSITORY, Config
from local.errors import PartError

_PATIENCE_SECONDS = 60


def call(config: Config, path: str, body: object = None, method: str | None = None) -> Any:
    """Read from, or with a body post to, a path below /api/v2; raises urllib.error.HTTPError for a refusal."""
    user = {"username": credentials.USER, "password": credentials.PASSWORD}
    token = _http(f"{config.airflow_url}/auth/token", user, {})["access_token"]
    return _http(f"{config.airflow_url}/api/v2{path}", body, {"Authorization": f"Bearer {token}"}, method)


def wait_for_dags(config: Config) -> None:
    """Wait until Airflow knows a DAG of every schema: before, no run of it can be started.

    Raises PartError with Airflow's import errors when they do not come.
    """
    wanted = sum(not path.name.startswith("_") for path in (REPOSITORY / "schemas").glob("*.y*ml"))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while call(config, "/dags?tags=lakeport&limit=1")["total_entries"] < wanted:
        if time.monotonic() > deadline:
            errors = [error["stack_trace"] for error in call(config, "/importErrors")["import_errors"]]
            raise PartError("Airflow has not read the DAGs:\n" + ("\n".join(errors) or "see airflow-dag-processor.log"))
        time.sleep(0.3)


def _http(url: str, body: object, headers: dict[str, str], method: str | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
