"""Registration without Redshift: messages that need no query, and the runs that are started."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from threading import Timer

import pytest
from psycopg2.extensions import connection

from lakeport.airflow_api.clients import AirflowApi
from lakeport.airflow_api.dag_runs import arrival_run_id
from lakeport.arrivals.registration import FULL_BATCH_MESSAGES, register_messages, start_runs
from lakeport.arrivals.rules import ArrivalIndex
from lakeport.redshift.session import Warehouse
from tests.support.http_fake import HttpFake


def no_connection() -> connection:
    raise AssertionError("Redshift was woken for nothing")


NO_RUNS: dict[str, object] = {"dag_runs": [], "total_entries": 0}
DELETION = {"Records": [{"eventName": "ObjectRemoved:Delete"}]}


def test_test_events_and_deletions_do_not_wake_redshift() -> None:
    """Serverless bills a minute per wake-up."""
    messages = [("1", json.dumps({"Event": "s3:TestEvent"})), ("2", json.dumps(DELETION))]

    result = register_messages(messages, ArrivalIndex(()), Warehouse(no_connection))

    assert (result.new_files, result.failed_messages) == ({}, [])


def test_only_the_unreadable_message_fails() -> None:
    messages = [("1", "no JSON"), ("2", json.dumps(DELETION)), ("3", '{"Records": [{}]}')]

    result = register_messages(messages, ArrivalIndex(()), Warehouse(no_connection))

    assert result.failed_messages == ["1", "3"]


def test_one_run_is_started_per_file_type(http_fake: HttpFake) -> None:
    http_fake.answer("/auth/token", 201, {"access_token": "t"})
    for dag_id in ("~", "load_trips", "load_rides"):
        http_fake.answer(f"/api/v2/dags/{dag_id}/dagRuns", 200, NO_RUNS)

    start_runs({"trips": ["b", "a"], "rides": ["c"]}, AirflowApi(http_fake.url, "u", "p"))

    started = {request.path: request.body["dag_run_id"] for request in http_fake.requests[1:] if request.body}
    assert started == {
        "/api/v2/dags/load_trips/dagRuns": arrival_run_id(["a", "b"]),
        "/api/v2/dags/load_rides/dagRuns": arrival_run_id(["c"]),
    }


def test_run_in_a_burst_waits_for_more_files_unless_its_own_fill_a_batch(http_fake: HttpFake) -> None:
    http_fake.answer("/auth/token", 201, {"access_token": "t"})
    for dag_id in ("~", "load_trips", "load_rides"):
        http_fake.answer(f"/api/v2/dags/{dag_id}/dagRuns", 200, NO_RUNS)
    many = [str(number) for number in range(FULL_BATCH_MESSAGES)]

    start_runs({"trips": ["a"], "rides": many}, AirflowApi(http_fake.url, "u", "p"), is_burst=True)

    trips, rides = (request.body for request in http_fake.requests[1:] if request.body)
    waits = datetime.fromisoformat(trips["run_after"]) - datetime.now(UTC)
    assert timedelta(seconds=30) < waits <= timedelta(seconds=60)
    assert "run_after" not in rides


def test_run_in_a_burst_waits_also_if_it_needs_a_date(http_fake: HttpFake) -> None:
    """It does if InvokeRestApi leaves out the null, which AWS does not document."""
    http_fake.answer("/auth/token", 201, {"access_token": "t"})
    for dag_id, status in (("~", 200), ("load_rides", 200), ("load_trips", 422)):
        http_fake.answer(f"/api/v2/dags/{dag_id}/dagRuns", status, NO_RUNS)

    start_runs({"trips": ["a"], "rides": ["b"]}, AirflowApi(http_fake.url, "u", "p"), is_burst=True)

    without_date, with_date, *_ = (request.body for request in http_fake.requests[1:] if request.body)
    assert (without_date["logical_date"], with_date["logical_date"] is None) == (None, False)
    assert with_date["run_after"] == without_date["run_after"]


@pytest.mark.parametrize("refusal", [404, 422, 500])
def test_run_that_cannot_be_started_does_not_stop_the_others(http_fake: HttpFake, refusal: int) -> None:
    """After two attempts the files stay New, and reconcile starts the run later."""
    http_fake.answer("/auth/token", 201, {"access_token": "t"})
    http_fake.answer("/api/v2/dags/~/dagRuns", 200, NO_RUNS)
    http_fake.answer("/api/v2/dags/load_trips/dagRuns", refusal, {})
    http_fake.answer("/api/v2/dags/load_rides/dagRuns", 200, NO_RUNS)

    start_runs({"trips": ["a"], "rides": ["b"]}, AirflowApi(http_fake.url, "u", "p"))

    asked = [request.path.split("/")[4] for request in http_fake.requests[1:]]
    with_a_date = ["load_trips"] * (refusal == 422)
    assert asked == ["~", "load_trips", *with_a_date, "load_rides", "load_trips"]


@pytest.mark.parametrize("refusal", [404, 429, 503], ids=["unknown DAG", "throttled", "restarting"])
def test_run_starts_as_soon_as_airflow_can_start_it(http_fake: HttpFake, refusal: int) -> None:
    http_fake.answer("/auth/token", 201, {"access_token": "t"})
    path = "/api/v2/dags/load_trips/dagRuns"
    http_fake.answer(path, refusal, {})
    appears = Timer(1.5, lambda: http_fake.answer(path, 200, NO_RUNS))
    appears.start()

    start_runs({"trips": ["a"]}, AirflowApi(http_fake.url, "u", "p"), patience_seconds=30)

    assert [request.body["dag_run_id"] for request in http_fake.requests[1:] if request.body] == [arrival_run_id(["a"])]
    assert len(http_fake.requests) <= 6


def test_unknown_dag_is_asked_for_no_longer_than_the_patience(http_fake: HttpFake) -> None:
    http_fake.answer("/auth/token", 201, {"access_token": "t"})
    http_fake.answer("/api/v2/dags/load_trips/dagRuns", 404, {})

    start_runs({"trips": ["a"]}, AirflowApi(http_fake.url, "u", "p"), patience_seconds=2)

    assert len(http_fake.requests[1:]) == 3


def test_queued_run_takes_later_files(http_fake: HttpFake) -> None:
    """Thousands of files at once must not start thousands of runs."""
    waiting = {"dag_id": "load_trips", "dag_run_id": "run1", "state": "queued", "end_date": None}
    http_fake.answer("/auth/token", 201, {"access_token": "t"})
    http_fake.answer("/api/v2/dags/load_trips/dagRuns", 200, {"dag_runs": [waiting], "total_entries": 1})

    start_runs({"trips": ["a"]}, AirflowApi(http_fake.url, "u", "p"))

    assert not any(request.body for request in http_fake.requests[1:])


def test_files_of_many_types_need_one_call_for_all_queued_runs(http_fake: HttpFake) -> None:
    names = [f"type_{number}" for number in range(50)]
    waiting = [
        {"dag_id": f"load_{name}", "dag_run_id": "run1", "state": "queued", "end_date": None} for name in names[1:]
    ]
    http_fake.answer("/auth/token", 201, {"access_token": "t"})
    http_fake.answer("/api/v2/dags/~/dagRuns", 200, {"dag_runs": waiting, "total_entries": len(waiting)})
    http_fake.answer("/api/v2/dags/load_type_0/dagRuns", 200, {})

    start_runs({name: [name] for name in names}, AirflowApi(http_fake.url, "u", "p"))

    assert [request.path.split("/")[4] for request in http_fake.requests[1:]] == ["~", "load_type_0"]
