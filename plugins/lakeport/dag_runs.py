"""Start DAG runs from outside Airflow: by MWAA's InvokeRestApi, or by the REST API of an Airflow of one's own.

A run's id is made from the files it is started for, so that starting it again is answered with 409, "already there".
`logical_date` must be sent as null: without it Airflow answers 422, and the MWAA provider's hook drops nulls, hence
boto3.
"""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from http.client import HTTPException
from typing import Any, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lakeport import settings
from lakeport.credentials import read_secret
from lakeport.errors import AirflowUnavailable

ARRIVAL_PREFIX = "arrival"
_ALREADY_THERE = 409
_TIMEOUT_SECONDS = 10
_ANSWER_BYTES = 500


class DagRunApi(Protocol):
    """Whatever can start a DAG run."""

    def start(self, dag_id: str, run_id: str) -> bool:
        """Start the run and say whether it is new; raises AirflowUnavailable where it cannot be started."""


def arrival_run_id(file_ids: Iterable[str], occasion: str = "") -> str:
    """Return the id of the run for these files; another `occasion`, such as a replay, gives another run."""
    digest = hashlib.sha256("\n".join([*sorted(file_ids), occasion]).encode()).hexdigest()
    return f"{ARRIVAL_PREFIX}__{digest[:32]}"


def dag_run_api() -> DagRunApi:
    """Return the API of the Airflow that the settings name."""
    environment = settings.mwaa_environment()
    return MwaaApi(environment) if environment else AirflowApi(**read_secret(settings.airflow_secret()))


class MwaaApi:
    """An MWAA environment, reached with the caller's IAM role."""

    def __init__(self, environment: str) -> None:
        self.environment = environment

    def start(self, dag_id: str, run_id: str) -> bool:
        """Start the run and say whether it is new."""
        path = f"/dags/{dag_id}/dagRuns"
        try:
            boto3.client("mwaa").invoke_rest_api(
                Name=self.environment, Path=path, Method="POST", Body={"dag_run_id": run_id, "logical_date": None}
            )
        except ClientError as error:
            if error.response.get("RestApiStatusCode") == _ALREADY_THERE:
                return False
            raise AirflowUnavailable(f"{dag_id}: {error}: {error.response.get('RestApiResponse', '')}") from error
        except BotoCoreError as error:
            raise AirflowUnavailable(f"{dag_id}: MWAA environment {self.environment}: {error}") from error
        return True


class AirflowApi:
    """An Airflow reached by its own REST API with a user and a password."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.url = url.rstrip("/")
        self._credentials = {"username": username, "password": password}
        self._token: str | None = None

    def start(self, dag_id: str, run_id: str) -> bool:
        """Start the run and say whether it is new."""
        try:
            self._post(f"/api/v2/dags/{dag_id}/dagRuns", {"dag_run_id": run_id, "logical_date": None}, self._bearer())
        except urllib.error.HTTPError as error:
            with error:
                if error.code == _ALREADY_THERE and self._token:
                    return False
                answer = error.read(_ANSWER_BYTES).decode(errors="replace")
            raise AirflowUnavailable(f"{dag_id}: Airflow answers {error.code}: {answer}") from error
        except (OSError, HTTPException, ValueError, LookupError, TypeError) as error:
            raise AirflowUnavailable(f"{dag_id}: Airflow at {self.url} gives no answer: {error!r}") from error
        return True

    def _bearer(self) -> dict[str, str]:
        if self._token is None:
            self._token = self._post("/auth/token", self._credentials, {})["access_token"]
        return {"Authorization": f"Bearer {self._token}"}

    def _post(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the URL is the secret's
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 # nosec B310
            return json.load(answer)
