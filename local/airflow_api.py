"""Airflow's REST API, as the stack's user."""

import json
import time
import urllib.error
import urllib.request
from functools import cache
from http import HTTPStatus
from typing import Any

from local import credentials
from local.config import REPOSITORY, Config
from local.errors import PartError

_PATIENCE_SECONDS = 60


def call(config: Config, path: str, body: object = None, method: str | None = None) -> Any:
    """Read from, or with a body post to, a path below /api/v2; raises urllib.error.HTTPError for a refusal."""
    try:
        return _call(config, path, body, method)
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.UNAUTHORIZED:
            raise
        error.close()
    _token.cache_clear()  # this Airflow is another, or its token has expired
    return _call(config, path, body, method)


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


def _call(config: Config, path: str, body: object, method: str | None) -> Any:
    headers = {"Authorization": f"Bearer {_token(config.airflow_url)}"}
    return _http(f"{config.airflow_url}/api/v2{path}", body, headers, method)


@cache
def _token(airflow_url: str) -> str:
    user = {"username": credentials.USER, "password": credentials.PASSWORD}
    return str(_http(f"{airflow_url}/auth/token", user, {})["access_token"])


def _http(url: str, body: object, headers: dict[str, str], method: str | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
