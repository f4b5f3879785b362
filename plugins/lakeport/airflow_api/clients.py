"""The REST API of Airflow's DAG runs: of MWAA (InvokeRestApi), or of a self-hosted Airflow.

`logical_date` must be sent as null: without it Airflow answers 422.  boto3 sends nulls; the MWAA provider's hook drops
them.  Whether InvokeRestApi passes them on is not documented, so after a 422 the run is started with a date.  It cannot
be started twice: Airflow answers 409 to an id that exists.
"""

from __future__ import annotations

import json
import logging
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lakeport import settings
from lakeport.airflow_api.dag_runs import DagRunApi, Query
from lakeport.errors import AirflowUnavailable, UnknownDag
from lakeport.secrets_manager import read_secret

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 10
_MWAA_READ_SECONDS = 20  # InvokeRestApi itself ends after 10 seconds
_ANSWER_BYTES = 500


def dag_run_api() -> DagRunApi:
    """Return the API of the Airflow that the settings name."""
    environment = settings.mwaa_environment()
    return MwaaApi(environment) if environment else AirflowApi(**read_secret(settings.airflow_secret()))


class _DagRunCalls:
    """The DAG run calls, which are the same for every way to reach Airflow's REST API."""

    def call(
        self,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Query | None = None,
        method: str | None = None,
    ) -> Any:
        """Return Airflow's answer: to a POST with a body and to a GET without, unless `method` is another one.

        Raises AirflowUnavailable, with Airflow's HTTP status if it answered.
        """
        raise NotImplementedError

    def start(self, dag_id: str, run_id: str, run_after: datetime | None = None) -> bool:
        """Start the run, not before `run_after`, and return whether it is new."""
        later = {"run_after": run_after.isoformat()} if run_after else {}
        try:
            return self._start(dag_id, {"dag_run_id": run_id, "logical_date": None, **later})
        except AirflowUnavailable as error:
            if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
                raise
            log.warning("%s; trying again with a logical date", error)
            return self._start(dag_id, {"dag_run_id": run_id, "logical_date": datetime.now(UTC).isoformat(), **later})

    def _start(self, dag_id: str, run: Mapping[str, str | None]) -> bool:
        try:
            self._call_dag_runs(dag_id, body=run)
        except AirflowUnavailable as error:
            if error.status == HTTPStatus.CONFLICT:
                return False
            raise
        return True

    def page(self, dag_id: str, query: Query) -> Any:
        """Return Airflow's answer to `GET /dags/<dag_id>/dagRuns`."""
        return self._call_dag_runs(dag_id, query=query)

    def task_page(self, query: Query) -> Any:
        """Return Airflow's answer to `GET /dags/~/dagRuns/~/taskInstances`."""
        return self.call("/dags/~/dagRuns/~/taskInstances", query=query)

    def pool_page(self, query: Query) -> Any:
        """Return Airflow's answer to `GET /pools`."""
        return self.call("/pools", query=query)

    def _call_dag_runs(self, dag_id: str, **request: Any) -> Any:
        try:
            return self.call(f"/dags/{dag_id}/dagRuns", **request)
        except AirflowUnavailable as error:
            kind = UnknownDag if error.status == HTTPStatus.NOT_FOUND else AirflowUnavailable
            raise kind(f"{dag_id}: {error}", error.status) from error


class MwaaApi(_DagRunCalls):
    """Airflow in an MWAA environment, called with the caller's IAM role; `client` is a boto3 client for MWAA."""

    def __init__(self, environment: str, client: Any = None) -> None:
        self.environment = environment
        self._given_client = client

    def call(
        self,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Query | None = None,
        method: str | None = None,
    ) -> Any:
        """Return Airflow's answer; raises AirflowUnavailable."""
        request: dict[str, Any] = {"Body": body} if body else {}
        request |= {"QueryParameters": dict(query)} if query else {}
        method = method or ("POST" if body else "GET")
        where = f"Airflow of MWAA environment {self.environment}"
        try:
            answer = self._client.invoke_rest_api(Name=self.environment, Path=path, Method=method, **request)
        except ClientError as error:
            refusal: dict[str, Any] = dict(error.response)
            status = refusal.get("RestApiStatusCode", _passing_status(refusal))
            text = refusal.get("RestApiResponse", "")
            raise AirflowUnavailable(f"{where} refused {method} {path}: {error}: {text}", status) from error
        except BotoCoreError as error:
            check = "check the region and the network; in a VPC, its endpoint for airflow.api"
            raise AirflowUnavailable(f"cannot connect to {where}: {str(error).rstrip('.')}; {check}") from error
        return answer["RestApiResponse"]

    def address(self, dag_id: str, run_id: str) -> str:
        """Return where to find the run in Airflow."""
        return f"MWAA environment {self.environment}, DAG {dag_id}, run {run_id}"

    @cached_property
    def _client(self) -> Any:
        config = Config(
            connect_timeout=_TIMEOUT_SECONDS,
            read_timeout=_MWAA_READ_SECONDS,
            retries={"total_max_attempts": 2, "mode": "standard"},
        )
        return self._given_client or boto3.client("mwaa", config=config)


def _passing_status(refusal: Mapping[str, Any]) -> int | None:
    """Return the status of a request that MWAA throttled or failed on; its 404, for one, is not about a DAG."""
    if "Throttl" in refusal["Error"]["Code"]:
        return HTTPStatus.TOO_MANY_REQUESTS
    status: int | None = refusal.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status if AirflowUnavailable("", status).is_passing else None


class AirflowApi(_DagRunCalls):
    """A self-hosted Airflow, called with a user name and a password."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.url = url.rstrip("/")
        self._credentials = {"username": username, "password": password}
        self._token: str | None = None

    def call(
        self,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Query | None = None,
        method: str | None = None,
    ) -> Any:
        """Return Airflow's answer; raises AirflowUnavailable."""
        parameters = f"?{urlencode(query)}" if query else ""
        headers = {"Authorization": f"Bearer {self._login()}"}
        return self._send(f"/api/v2{path}{parameters}", body, headers, method)

    def address(self, dag_id: str, run_id: str) -> str:
        """Return where to find the run in Airflow."""
        return f"{self.url}/dags/{dag_id}/runs/{run_id}"

    def _login(self) -> str:
        """Return the access token; an error of the login has no HTTP status: it is not about a DAG."""
        if self._token is None:
            try:
                self._token = str(self._send("/auth/token", self._credentials, {})["access_token"])
            except AirflowUnavailable as error:
                raise AirflowUnavailable(f"cannot log in: {error}") from error
            except (LookupError, TypeError) as error:
                raise AirflowUnavailable(f"cannot log in: Airflow at {self.url} returned no access_token") from error
        return self._token

    def _send(
        self, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str], method: str | None = None
    ) -> Any:
        data = None if body is None else json.dumps(body).encode()
        try:
            request = urllib.request.Request(  # noqa: S310 - the URL is the secret's
                self.url + path, data, {"Content-Type": "application/json", **headers}, method=method
            )
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 # nosec B310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                text = error.read(_ANSWER_BYTES).decode(errors="replace")
            raise AirflowUnavailable(f"Airflow at {self.url} answered {error.code}: {text}", error.code) from error
        except OSError as error:
            raise AirflowUnavailable(f"cannot connect to Airflow at {self.url}: {error!r}") from error
        except (HTTPException, ValueError) as error:
            raise AirflowUnavailable(f"no valid answer from Airflow at {self.url}: {error!r}") from error
