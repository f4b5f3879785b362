"""The DAGs replay and undo are started, answered and followed over Airflow's REST API."""

from __future__ import annotations

from typing import Any

import pytest

from lakeport.airflow_api.approvals import RecoveryRun, start_recovery
from lakeport.airflow_api.clients import AirflowApi
from lakeport.errors import AirflowUnavailable, RunFailed
from tests.support.golden import raises_golden
from tests.support.http_fake import HttpFake

RUN = "/api/v2/dags/replay/dagRuns/c0ffee"
PLANS = f"{RUN}/hitlDetails"
ANSWER = f"{RUN}/taskInstances/approve/-1/hitlDetails"
LONGEST_PATH = 64  # InvokeRestApi's


def plan(state: str, answer: str | None = None, by: str | None = None) -> dict[str, Any]:
    request: dict[str, Any] = {"body": "| a plan |", "task_instance": {"state": state}}
    if answer:
        person = {"id": "7", "name": by} if by else None
        request |= {"response_received": True, "chosen_options": [answer], "responded_by_user": person}
    return {"hitl_details": [request]}


@pytest.fixture
def run(http_fake: HttpFake) -> RecoveryRun:
    http_fake.answer("/auth/token", 201, {"access_token": "t0ken"})
    http_fake.answer(RUN, 200, {"state": "running"})
    http_fake.answer(PLANS, 200, plan("deferred"))
    http_fake.answer("/api/v2/dags/undo/details", 200, {"params": {"files": {}, "file_type": {}}})
    return RecoveryRun(AirflowApi(http_fake.url, "lakeport", "secret"), "replay", "c0ffee", pause_seconds=0)


def test_plan_is_read_when_the_task_waits_for_its_answer(http_fake: HttpFake, run: RecoveryRun) -> None:
    http_fake.answer_once(PLANS, 429, {"detail": "throttled"})
    assert run.plan() == "| a plan |"

    http_fake.answer_once(PLANS, 200, plan("running"))
    http_fake.answer_once(RUN, 503, {"detail": "starting"})
    assert run.plan() == "| a plan |"


def test_plan_that_is_answered_already_is_read_at_once(http_fake: HttpFake, run: RecoveryRun) -> None:
    http_fake.answer(PLANS, 200, plan("success", "Reject", "ann"))
    http_fake.answer(RUN, 200, {"state": "success"})
    assert run.plan() == "| a plan |"


def test_run_that_ended_without_a_plan_ends_the_wait(http_fake: HttpFake, run: RecoveryRun) -> None:
    """Somebody marked it as successful."""
    http_fake.answer(PLANS, 200, {"hitl_details": []})
    http_fake.answer(RUN, 200, {"state": "success"})
    with raises_golden(RunFailed, "cli", "run of a deployment that ended without a plan", http_fake.url):
        run.plan()


def test_answer_is_sent_by_the_call_of_the_button(http_fake: HttpFake, run: RecoveryRun) -> None:
    http_fake.answer(ANSWER, 200, {})
    run.answer("Approve")

    assert http_fake.requests[-1].body == {"chosen_options": ["Approve"], "params_input": {}}


def test_refused_plan_is_reported_with_the_reason_of_its_task(http_fake: HttpFake, run: RecoveryRun) -> None:
    http_fake.answer(PLANS, 200, {"hitl_details": []})
    http_fake.answer(RUN, 200, {"state": "failed"})
    log = [{"event": "x"}, {"event": "failed", "error_detail": [{"exc_value": "no file matches"}]}]
    http_fake.answer(f"{RUN}/taskInstances/plan", 200, {"try_number": 3})
    http_fake.answer(f"{RUN}/taskInstances/plan/logs/3", 200, {"content": log})

    with raises_golden(RunFailed, "cli", "refused plan of a deployment"):
        run.plan()
    http_fake.answer(f"{RUN}/taskInstances/plan/logs/3", 200, "text")
    with raises_golden(RunFailed, "cli", "refused plan of a deployment without a log"):
        run.plan()


def test_failed_run_is_reported_with_the_address(http_fake: HttpFake, run: RecoveryRun) -> None:
    http_fake.answer(RUN, 200, {"state": "failed"})
    with raises_golden(RunFailed, "cli", "failed run of a deployment", http_fake.url):
        run.wait()


def test_second_answer_is_refused_unless_it_is_the_same(http_fake: HttpFake, run: RecoveryRun) -> None:
    """The reply to the first may have been lost, or another person gave the same answer."""
    http_fake.answer(ANSWER, 409, {"detail": "answered"})
    http_fake.answer(PLANS, 200, plan("success", "Approve", "ann"))
    run.answer("Approve")
    http_fake.answer(PLANS, 200, plan("success", "Reject", "ann"))
    with raises_golden(RunFailed, "cli", "plan with an answer", http_fake.url):
        run.answer("Approve")
    http_fake.answer(PLANS, 200, plan("success", "Reject"))
    with raises_golden(RunFailed, "cli", "plan that nobody answered in time", http_fake.url):
        run.answer("Approve")


def test_refusal_ends_the_wait(http_fake: HttpFake, run: RecoveryRun) -> None:
    http_fake.answer(RUN, 403, {"detail": "Forbidden"})
    with pytest.raises(AirflowUnavailable, match="403"):
        run.wait()


def test_run_is_started_again_under_another_id_if_the_id_is_taken(http_fake: HttpFake, run: RecoveryRun) -> None:
    http_fake.answer("/api/v2/dags/undo/dagRuns", 200, {})
    http_fake.answer_once("/api/v2/dags/undo/dagRuns", 409, {"detail": "exists"})
    started = start_recovery(run.api, "undo", {"files": ["a"]})
    first, second = [each.body for each in http_fake.requests if each.path.endswith("/undo/dagRuns")]

    assert first["dag_run_id"] != second["dag_run_id"] == started.run_id
    assert second["conf"] == {"files": ["a"]}
    assert second["logical_date"]


def test_start_that_is_throttled_is_repeated_under_the_same_id(http_fake: HttpFake, run: RecoveryRun) -> None:
    http_fake.answer("/api/v2/dags/undo/dagRuns", 409, {"detail": "exists"})
    http_fake.answer_once("/api/v2/dags/undo/dagRuns", 429, {"detail": "throttled"})
    started = start_recovery(run.api, "undo", {}, pause_seconds=0)
    asked = [each.body["dag_run_id"] for each in http_fake.requests if each.path.endswith("/undo/dagRuns")]

    assert asked == [started.run_id] * 2


def test_value_that_the_deployed_dag_does_not_take_starts_no_run(http_fake: HttpFake, run: RecoveryRun) -> None:
    """An older version of `discard` ignores a status, and would plan the New files of the type."""
    http_fake.answer_once("/api/v2/dags/undo/details", 429, {"detail": "throttled"})
    with raises_golden(RunFailed, "cli", "value that a deployed DAG does not take", "undo", "restore"):
        start_recovery(run.api, "undo", {"files": [], "restore": True}, pause_seconds=0)
    with raises_golden(RunFailed, "cli", "DAG that a deployment does not have", "discard"):
        start_recovery(run.api, "discard", {}, pause_seconds=0)
    assert not [each for each in http_fake.requests if each.path.endswith("dagRuns")]


@pytest.mark.parametrize("dag_id", ["replay", "undo", "discard"])
def test_paths_fit_into_a_call_of_mwaa(dag_id: str) -> None:
    calls = list[str]()

    class Api:
        def call(self, path: str, **_: Any) -> Any:
            calls.append(path)
            return {"hitl_details": [], "state": "failed", "content": [], "try_number": 3, "params": None}

        def address(self, *_: str) -> str:
            return ""

    run = start_recovery(Api(), dag_id, {})
    for step in (run.plan, run.wait, lambda: run.answer("Reject")):
        try:
            step()
        except RunFailed:
            continue
    assert len(calls) == 10
    assert max(map(len, calls)) <= LONGEST_PATH
