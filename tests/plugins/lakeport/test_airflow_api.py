"""Start and list DAG runs over HTTP; every failure is an AirflowUnavailable."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from lakeport.airflow_api.clients import AirflowApi, MwaaApi, dag_run_api
from lakeport.airflow_api.dag_runs import arrival_run_id, latest_run_id, run_of, runs
from lakeport.errors import AirflowUnavailable, UnknownDag
from lakeport.secrets_manager import read_secret
from tests.support.golden import raises_golden
from tests.support.http_fake import HttpFake

RUNS = "/api/v2/dags/load_trips/dagRuns"
TOKEN = "/auth/token"
MWAA_PATH = "/restapi/lakeport"
BODY = {"dag_run_id": "arrival__1", "logical_date": None}


@pytest.fixture
def airflow(http_fake: HttpFake) -> HttpFake:
    """An Airflow that gives a token and starts runs."""
    http_fake.answer(TOKEN, 201, {"access_token": "t0ken"})
    http_fake.answer(RUNS, 200, {"dag_run_id": "arrival__1"})
    return http_fake


@pytest.fixture
def mwaa(http_fake: HttpFake, aws_environment: None, monkeypatch: pytest.MonkeyPatch) -> HttpFake:
    """The MWAA service, reached as a proxy since botocore puts `env.` before the endpoint's host."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_MWAA", "http://mwaa.example")
    monkeypatch.setenv("HTTP_PROXY", http_fake.url)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    http_fake.answer(MWAA_PATH, 200, {"RestApiStatusCode": 200, "RestApiResponse": {}})
    return http_fake


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A bound port that does not answer."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def api(fake: HttpFake) -> AirflowApi:
    return AirflowApi(fake.url, "lakeport", "secret")


def test_run_is_started_with_a_token_and_no_logical_date(airflow: HttpFake) -> None:
    """Without logical_date, even null, Airflow answers 422."""
    assert api(airflow).start("load_trips", "arrival__1") is True

    token, run = airflow.requests
    assert (token.path, token.body) == (TOKEN, {"username": "lakeport", "password": "secret"})
    assert (run.path, run.body) == (RUNS, BODY)
    assert run.headers["Authorization"] == "Bearer t0ken"


def test_token_is_requested_once(airflow: HttpFake) -> None:
    one = api(airflow)

    assert [one.start("load_trips", "a"), one.start("load_trips", "b")] == [True, True]
    assert [request.path for request in airflow.requests] == [TOKEN, RUNS, RUNS]


def test_url_may_end_in_a_slash(airflow: HttpFake) -> None:
    assert AirflowApi(airflow.url + "/", "lakeport", "secret").start("load_trips", "arrival__1") is True


def test_existing_run_is_not_new(airflow: HttpFake) -> None:
    airflow.answer(RUNS, 409, {"detail": "exists"})

    assert api(airflow).start("load_trips", "arrival__1") is False


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (
            422,
            {"detail": "logical_date missing"},
            '422: {"detail": "logical_date missing"}',
        ),
        (404, {"detail": "no DAG"}, '404: {"detail": "no DAG"}'),
        (500, b"\xff\xfe broken", "500: \ufffd\ufffd broken"),
        (502, b"x" * 100_000, "502: " + "x" * 500),
        (503, b"", "503: "),
    ],
)
def test_refusal_is_reported_with_airflows_answer(airflow: HttpFake, status: int, body: object, message: str) -> None:
    airflow.answer(RUNS, status, body)

    with pytest.raises(AirflowUnavailable) as raised:
        api(airflow).start("load_trips", "arrival__1")

    assert str(raised.value).startswith(f"load_trips: Airflow at {airflow.url} ")
    assert str(raised.value).endswith(f" {message}")
    assert raised.value.status == status


@pytest.mark.parametrize(
    "answer", [(401, {"detail": "wrong"}), (409, {}), (200, {}), (200, []), (200, b"<html>"), (0, b"hello\n")]
)
def test_failed_login_is_reported_and_starts_no_run(airflow: HttpFake, answer: tuple[int, object]) -> None:
    """A wrong password, a login page, another service on that port."""
    airflow.answer(TOKEN, *answer)

    with pytest.raises(AirflowUnavailable) as raised:
        api(airflow).start("load_trips", "arrival__1")

    assert raised.value.status is None
    assert [request.path for request in airflow.requests] == [TOKEN]


def test_unreachable_airflow_is_reported_without_the_password(http_fake: HttpFake, closed_port: int) -> None:
    with pytest.raises(AirflowUnavailable) as raised:
        AirflowApi(f"http://127.0.0.1:{closed_port}", "lakeport", "s3cret").start("load_trips", "arrival__1")

    assert str(raised.value).startswith("load_trips: ")
    assert f"http://127.0.0.1:{closed_port}: " in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_mwaa_is_sent_the_null_logical_date(mwaa: HttpFake) -> None:
    assert MwaaApi("lakeport").start("load_trips", "arrival__1") is True

    [request] = mwaa.requests
    assert request.path == "http://env.mwaa.example" + MWAA_PATH
    assert request.body == {"Path": "/dags/load_trips/dagRuns", "Method": "POST", "Body": BODY}


def test_mwaa_that_does_not_answer_is_given_up_within_the_functions_time(mwaa: HttpFake) -> None:
    """Registration asks for one file type after the other, in a function of 180 seconds."""
    api = MwaaApi("lakeport")
    config = api._client.meta.config

    assert api._client is api._client
    assert (config.connect_timeout + config.read_timeout) * config.retries["total_max_attempts"] <= 60


def answer_error(mwaa: HttpFake, status: int, code: str, body: dict[str, object]) -> None:
    mwaa.answer(MWAA_PATH, status, {"__type": code, "message": code, **body})


def test_existing_run_in_mwaa_is_not_new(mwaa: HttpFake) -> None:
    answer_error(
        mwaa, 400, "RestApiClientException", {"RestApiStatusCode": 409, "RestApiResponse": {"detail": "exists"}}
    )

    assert MwaaApi("lakeport").start("load_trips", "arrival__1") is False


def test_run_without_a_logical_date_is_started_again_with_one(mwaa: HttpFake) -> None:
    """As if InvokeRestApi dropped the null.  The run id is the same, so that only one run can exist."""
    missing = {"RestApiStatusCode": 422, "RestApiResponse": {"detail": "logical_date missing"}}
    mwaa.answer_once(MWAA_PATH, 400, {"__type": "RestApiClientException", **missing})

    assert MwaaApi("lakeport").start("load_trips", "arrival__1") is True

    first, second = (request.body["Body"] for request in mwaa.requests)
    assert first == BODY
    assert second["dag_run_id"] == "arrival__1"
    assert datetime.now(UTC) - timedelta(minutes=1) < datetime.fromisoformat(second["logical_date"]) < datetime.now(UTC)


@pytest.mark.parametrize(
    ("status", "code", "body", "message"),
    [
        (400, "RestApiClientException", {"RestApiStatusCode": 422, "RestApiResponse": {"detail": "date"}}, "date"),
        (500, "RestApiServerException", {"RestApiStatusCode": 500, "RestApiResponse": {}}, "RestApiServerException"),
        (403, "AccessDeniedException", {"Message": "no"}, "AccessDeniedException"),
        (404, "ResourceNotFoundException", {}, "ResourceNotFoundException"),
    ],
)
def test_refusal_of_mwaa_is_reported(
    mwaa: HttpFake, status: int, code: str, body: dict[str, object], message: str
) -> None:
    answer_error(mwaa, status, code, body)

    with pytest.raises(AirflowUnavailable, match=f"^load_trips: .*lakeport.*{message}"):
        MwaaApi("lakeport").start("load_trips", "arrival__1")


@pytest.mark.parametrize(
    ("status", "code", "body", "is_passing"),
    [
        (400, "RestApiClientException", {"RestApiStatusCode": 429, "RestApiResponse": {}}, True),
        (400, "RestApiServerException", {"RestApiStatusCode": 503, "RestApiResponse": {}}, True),
        (400, "ThrottlingException", {}, True),
        (429, "TooManyRequestsException", {}, True),
        (503, "ServiceUnavailable", {}, True),
        (400, "RestApiClientException", {"RestApiStatusCode": 422, "RestApiResponse": {}}, False),
        (404, "ResourceNotFoundException", {}, False),
    ],
)
def test_throttled_request_is_worth_a_wait(
    mwaa: HttpFake, status: int, code: str, body: dict[str, object], *, is_passing: bool
) -> None:
    answer_error(mwaa, status, code, body)

    with pytest.raises(AirflowUnavailable) as raised:
        latest_run_id(MwaaApi("lakeport"), "load_trips")
    assert raised.value.is_passing is is_passing


def test_unreachable_mwaa_is_reported(mwaa: HttpFake, closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port}")

    with pytest.raises(AirflowUnavailable, match=r"^load_trips: .* lakeport: "):
        MwaaApi("lakeport").start("load_trips", "arrival__1")


def test_mwaa_without_a_region_is_reported(mwaa: HttpFake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    with raises_golden(AirflowUnavailable, "airflow", "MWAA without a region", "load_trips", "lakeport", "region"):
        MwaaApi("lakeport").start("load_trips", "arrival__1")


def listed(*runs: tuple[str, str, str | None], total: int | None = None) -> dict[str, object]:
    """Return Airflow's answer about runs, each with id, state and end."""
    found = [{"dag_id": "load_trips", "dag_run_id": run, "state": state, "end_date": end} for run, state, end in runs]
    return {"dag_runs": found, "total_entries": len(found) if total is None else total}


ENDED = ("run1", "failed", "2026-11-23T05:00:00.5+01:00")


def test_runs_are_read_with_their_state_and_end(airflow: HttpFake) -> None:
    airflow.answer(RUNS, 200, listed(ENDED, ("run2", "running", None)))

    ended, live = runs(api(airflow), "load_trips", state="any")

    assert (ended.is_live, ended.ended_at) == (False, datetime(2026, 11, 23, 4, 0, 0, 500000))  # noqa: DTZ001
    assert (live.is_live, live.ended_at) == (True, None)
    assert airflow.requests[-1].path == RUNS + "?limit=100&offset=0&order_by=id&state=any"


def test_all_pages_of_runs_are_read(airflow: HttpFake) -> None:
    airflow.answer(RUNS, 200, listed(ENDED, total=3))

    assert len(list(runs(api(airflow), "load_trips"))) == 3
    assert [request.path[-22:-11] for request in airflow.requests[1:]] == [f"0&offset={n}&" for n in range(3)]


def test_missing_run_is_none(airflow: HttpFake) -> None:
    """The pattern finds runs that hold the id as a part of theirs."""
    airflow.answer(RUNS, 200, listed(("run11", "success", None)))
    assert run_of(api(airflow), "load_trips", "run1") is None
    airflow.answer(RUNS, 404, {"detail": "no DAG"})
    assert run_of(api(airflow), "load_trips", "run1") is None
    with pytest.raises(UnknownDag):
        latest_run_id(api(airflow), "load_trips")


@pytest.mark.parametrize("answer", [{}, [], {"dag_runs": [{}]}, {"dag_runs": 7}])
def test_answer_that_is_not_a_list_of_runs_is_reported(airflow: HttpFake, answer: object) -> None:
    airflow.answer(RUNS, 200, answer)

    with raises_golden(AirflowUnavailable, "airflow", f"answer is {answer}", "load_trips"):
        list(runs(api(airflow), "load_trips"))


def test_mwaa_gets_query_parameters(mwaa: HttpFake) -> None:
    """Its Path is limited to 64 characters, which a run's id would exceed."""
    mwaa.answer(MWAA_PATH, 200, {"RestApiStatusCode": 200, "RestApiResponse": listed(ENDED)})

    assert run_of(MwaaApi("lakeport"), "load_trips", "run1")
    query = {"limit": 100, "offset": 0, "order_by": "id", "run_id_pattern": "run1"}
    assert mwaa.requests[0].body == {"Path": "/dags/load_trips/dagRuns", "Method": "GET", "QueryParameters": query}


def test_unknown_dag_in_mwaa_is_a_separate_error(mwaa: HttpFake) -> None:
    answer_error(mwaa, 400, "RestApiClientException", {"RestApiStatusCode": 404, "RestApiResponse": {}})

    with pytest.raises(UnknownDag):
        latest_run_id(MwaaApi("lakeport"), "load_trips")


def test_run_id_follows_from_the_files_alone() -> None:
    """A second start of the same run is then answered with 409."""
    assert arrival_run_id(["b", "a"]) == arrival_run_id(iter(["a", "b"]))
    assert arrival_run_id(["a"]).startswith("arrival__")


def test_other_files_or_another_occasion_give_another_run() -> None:
    ids = {arrival_run_id(["a"]), arrival_run_id(["a", "b"]), arrival_run_id(["a"], "replay"), arrival_run_id([])}

    assert len(ids) == 4


def test_settings_select_the_airflow(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = {"url": "http://airflow", "username": "u", "password": "p"}
    boto3.client("secretsmanager").create_secret(Name="lakeport/airflow", SecretString=json.dumps(secret))
    read_secret.cache_clear()

    own = dag_run_api()
    monkeypatch.setenv("LAKEPORT_MWAA_ENVIRONMENT", "lakeport")
    managed = dag_run_api()

    assert isinstance(own, AirflowApi)
    assert own.url == "http://airflow"
    assert isinstance(managed, MwaaApi)
    assert managed.environment == "lakeport"
    read_secret.cache_clear()
