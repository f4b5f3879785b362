"""Start DAG runs and read what became of them: by MWAA's InvokeRestApi, or the REST API of an Airflow of one's own.

A run's id is made from the files it is started for, so that starting it again is answered with 409, "already there".
`logical_date` must be sent as null: without it Airflow answers 422, and the MWAA provider's hook drops nulls, hence
boto3.
"""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any, Protocol
from urllib.parse import urlencode

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from lakeport import settings
from lakeport.errors import AirflowUnavailable, UnknownDag
from lakeport.secrets_manager import read_secret

ARRIVAL_PREFIX = "arrival"
RECONCILE = "reconcile"
_ALREADY_THERE = 409
_NOT_FOUND = 404
_TIMEOUT_SECONDS = 10
_ANSWER_BYTES = 500
_PAGE_RUNS = 100  # Airflow's api.maximum_page_limit
QUEUED = "queued"
LIVE_STATES = (QUEUED, "running")


@dataclass(frozen=True)
class DagRun:
    """A DAG run as Airflow knows it; `ended_at` is in UTC, without zone."""

    dag_id: str
    run_id: str
    state: str
    ended_at: datetime | None

    @property
    def is_live(self) -> bool:
        """Say whether it has not ended."""
        return self.state in LIVE_STATES

    @property
    def has_begun(self) -> bool:
        """Say whether its tasks may have begun."""
        return self.state != QUEUED


class DagRunApi(Protocol):
    """Whatever can start a DAG run and read what became of it."""

    def start(self, dag_id: str, run_id: str) -> bool:
        """Start the run and say whether it is new; raises AirflowUnavailable where it cannot be started."""

    def page(self, dag_id: str, query: Mapping[str, str | int]) -> Any:
        """Return Airflow's answer to `GET /dags/<dag_id>/dagRuns`; raises AirflowUnavailable, UnknownDag."""

    def address(self, dag_id: str, run_id: str) -> str:
        """Return where a person finds the run."""


def runs(api: DagRunApi, dag_id: str = "~", **query: str | int) -> Iterator[DagRun]:
    """Yield the runs that a query finds, in the order of their ids; `~` stands for all DAGs.

    Raises AirflowUnavailable, and UnknownDag where Airflow has no such DAG.
    """
    offset = 0
    while True:
        answer = api.page(dag_id, {"limit": _PAGE_RUNS, "offset": offset, "order_by": "id", **query})
        try:
            found = [_run(each) for each in answer["dag_runs"]]
        except (LookupError, TypeError, ValueError) as error:
            raise AirflowUnavailable(f"{dag_id}: Airflow's answer is no list of DAG runs: {error!r}") from error
        yield from found
        offset += len(found)
        if not found or offset >= answer.get("total_entries", 0):
            return


def run_of(api: DagRunApi, dag_id: str, run_id: str) -> DagRun | None:
    """Return one run, or None where Airflow has no such run or DAG."""
    try:
        return next((run for run in runs(api, dag_id, run_id_pattern=run_id) if run.run_id == run_id), None)
    except UnknownDag:
        return None


def latest_run_id(api: DagRunApi, dag_id: str) -> str:
    """Return the id of the DAG's newest run, empty where it has none; raises UnknownDag."""
    return next((run.run_id for run in runs(api, dag_id, limit=1, order_by="-id")), "")


def _run(values: Mapping[str, Any]) -> DagRun:
    ended = values["end_date"] and datetime.fromisoformat(values["end_date"]).astimezone(UTC).replace(tzinfo=None)
    return DagRun(values["dag_id"], values["dag_run_id"], values["state"], ended)


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
        try:
            self._invoke(dag_id, Method="POST", Body={"dag_run_id": run_id, "logical_date": None})
        except ClientError as error:
            if error.response.get("RestApiStatusCode") == _ALREADY_THERE:
                return False
            raise _refusal(dag_id, error) from error
        return True

    def page(self, dag_id: str, query: Mapping[str, str | int]) -> Any:
        """Return Airflow's answer about the DAG's runs."""
        try:
            return self._invoke(dag_id, Method="GET", QueryParameters=dict(query))["RestApiResponse"]
        except ClientError as error:
            raise _refusal(dag_id, error) from error

    def address(self, dag_id: str, run_id: str) -> str:
        """Return where a person finds the run."""
        return f"MWAA environment {self.environment}, DAG {dag_id}, run {run_id}"

    def _invoke(self, dag_id: str, **request: Any) -> Any:
        path = f"/dags/{dag_id}/dagRuns"
        try:
            return boto3.client("mwaa").invoke_rest_api(Name=self.environment, Path=path, **request)
        except BotoCoreError as error:
            raise AirflowUnavailable(f"{dag_id}: MWAA environment {self.environment}: {error}") from error


class AirflowApi:
    """An Airflow reached by its own REST API with a user and a password."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.url = url.rstrip("/")
        self._credentials = {"username": username, "password": password}
        self._token: str | None = None

    def start(self, dag_id: str, run_id: str) -> bool:
        """Start the run and say whether it is new."""
        try:
            self._ask(dag_id, body={"dag_run_id": run_id, "logical_date": None})
        except _Exists:
            return False
        return True

    def page(self, dag_id: str, query: Mapping[str, str | int]) -> Any:
        """Return Airflow's answer about the DAG's runs."""
        return self._ask(dag_id, f"?{urlencode(query)}")

    def address(self, dag_id: str, run_id: str) -> str:
        """Return where a person finds the run."""
        return f"{self.url}/dags/{dag_id}/runs/{run_id}"

    def _ask(self, dag_id: str, query: str = "", body: dict[str, Any] | None = None) -> Any:
        try:
            return self._send(f"/api/v2/dags/{dag_id}/dagRuns{query}", body, self._bearer())
        except urllib.error.HTTPError as error:
            with error:
                if error.code == _ALREADY_THERE and self._token:
                    raise _Exists from error
                answer = error.read(_ANSWER_BYTES).decode(errors="replace")
            kind = UnknownDag if error.code == _NOT_FOUND and self._token else AirflowUnavailable
            raise kind(f"{dag_id}: Airflow answers {error.code}: {answer}") from error
        except (OSError, HTTPException, ValueError, LookupError, TypeError) as error:
            raise AirflowUnavailable(f"{dag_id}: Airflow at {self.url} gives no answer: {error!r}") from error

    def _bearer(self) -> dict[str, str]:
        if self._token is None:
            self._token = self._send("/auth/token", self._credentials, {})["access_token"]
        return {"Authorization": f"Bearer {self._token}"}

    def _send(self, path: str, body: dict[str, Any] | None, headers: dict[str, str]) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - the URL is the secret's
            self.url + path, data, {"Content-Type": "application/json", **headers}
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 # nosec B310
            return json.load(answer)


class _Exists(Exception):
    """Airflow has a run of that id."""


def _refusal(dag_id: str, error: ClientError) -> AirflowUnavailable:
    kind = UnknownDag if error.response.get("RestApiStatusCode") == _NOT_FOUND else AirflowUnavailable
    return kind(f"{dag_id}: {error}: {error.response.get('RestApiResponse', '')}")
