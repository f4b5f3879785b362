"""The DAGs replay and undo: killed while they apply, not answered in time, overtaken by another change or person."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowFailException

from lakeport.airflow.operators import recover
from lakeport.airflow.operators.recover import ApplyOperator, PlanOperator
from lakeport.airflow.recovery_dags import recovery_dag
from lakeport.errors import StatusConflict
from lakeport.mng import file_records
from lakeport.model import Status, utc_now
from lakeport.recovery.replay.commands import Command
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from tests.integration.world import World
from tests.support.golden import raises_golden

BEN = {"chosen_options": ["Approve"], "responded_by_user": {"name": "ben"}}


@pytest.fixture(autouse=True)
def _in_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recover, "warehouse_of", lambda _: Warehouse(connect_to_redshift))
    monkeypatch.setattr(recover, "dag_run_api", lambda: world.airflow)


def context(file_id: str, who: str = "ann", try_number: int = 1) -> Any:
    run, task = SimpleNamespace(triggering_user_name=who), SimpleNamespace(try_number=try_number)
    return {"params": {"files": [file_id]}, "dag_run": run, "ti": task}


def plan(command: Command, file_id: str) -> dict[str, Any]:
    return PlanOperator(task_id="plan", command=command).execute(context(file_id))


def apply(
    command: Command, approved: dict[str, Any], file_id: str, answer: dict[str, Any] | None = BEN, **who: Any
) -> dict[str, str]:
    operator = ApplyOperator(task_id="apply", command=command, approved=approved, answer=answer)
    return operator.execute(context(file_id, **who))


def kill(*_: object) -> None:
    raise KeyboardInterrupt


def people(world: World) -> list[str]:
    query = "SELECT reason FROM mng.status_log WHERE reason LIKE '%%asked by%%' ORDER BY moved_at"
    return [reason.partition(": ")[0] if ": " in reason else reason for (reason,) in world.query(query)]


def test_failed_files_of_a_type_are_discarded_together(world: World) -> None:
    file = world.claim()
    to_fail = partial(file_records.move, from_=[Status.IN_PROGRESS], to=Status.FAIL, reason="copy_to_table: bad")
    world.warehouse.transaction(lambda current: to_fail(current, [file.file_id], world.by))
    with_form = context("") | {"params": {"files": None, "file_type": world.name, "status": "Fail"}}
    approved = PlanOperator(task_id="plan", command="discard").execute(with_form)

    ApplyOperator(task_id="apply", command="discard", approved=approved, answer=BEN).execute(with_form)

    assert ([status for status, _ in world.files()], people(world)) == (
        ["Filtered Out"],
        ["discard asked by ann, approved by ben"],
    )


def test_form_with_a_field_that_the_dag_does_not_know_is_refused(world: World) -> None:
    """A command of a newer version may send one; the plan would select other files than the person meant."""
    world.register()
    with_form = context("") | {"params": {"file_type": world.name, "statuses": ["Fail"]}}
    with raises_golden(AirflowFailException, "recovery", "field that a form does not have", "statuses"):
        PlanOperator(task_id="plan", command="discard").execute(with_form)
    assert world.files()[0][0] == "New"


def test_apply_that_was_killed_before_it_started_the_runs_finishes_when_it_is_repeated(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = world.bring()
    world.airflow.started.clear()
    approved = plan("replay", file.file_id)
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(recover, "start_runs", kill)
        apply("replay", approved, file.file_id)
    assert (world.files()[0][0], world.rows(), world.airflow.started) == ("New", 0, [])

    apply("replay", approved, file.file_id, try_number=2)

    assert [dag_id for dag_id, _ in world.airflow.started] == [world.file_type.dag_id]
    world.run_again()
    assert (world.files(), world.rows()) == ([("Done", None)], 2)


def test_plan_that_nobody_answers_is_rejected_after_an_hour(world: World) -> None:
    """Airflow answers with the defaults, and a rejection skips what follows."""
    dag = recovery_dag("replay")
    approve = dag.get_task("approve")
    assert isinstance(approve, ApprovalOperator)
    assert (approve.defaults, approve.response_timeout) == (["Reject"], timedelta(hours=1))
    skipped = list[Any]()
    approve.skip = lambda ti, tasks: skipped.extend(tasks)  # type: ignore[method-assign] # noqa: ARG005
    event: dict[str, Any] = {
        "chosen_options": approve.defaults,
        "params_input": {},
        "responded_at": utc_now(),
        "timedout": True,
    }
    approve.execute_complete({"task": approve, "ti": None}, {**event, "responded_by_user": None})  # type: ignore[typeddict-item]
    assert [task.task_id for task in skipped] == ["apply"]


def test_plan_is_not_applied_if_the_files_have_changed_since(world: World) -> None:
    file = world.bring()
    approved = plan("replay", file.file_id)
    world.query(f"DELETE FROM {world.file_type.table.name} WHERE id = 1; SELECT 1")  # noqa: S608
    with raises_golden(AirflowFailException, "recovery", "plan that is out of date") as raised:
        apply("replay", approved, file.file_id)
    assert isinstance(raised.value.__cause__, StatusConflict)
    assert world.files() == [("Done", None)]


@pytest.mark.parametrize("mode", ["append", "merge"])
def test_plan_that_has_become_another_is_not_applied_by_a_retry_or_a_cleared_task(world: World, mode: str) -> None:
    """Undoing a file without its schema, or of a merge, deletes no row: the file would be Fail, with its rows."""
    file = world.bring()
    approved = plan("undo", file.file_id)
    if mode == "append":
        (world.folder / f"{world.name}.yaml").unlink()
    else:
        world.write_schema(table={"mode": "merge", "key": ["id"]})
    with raises_golden(AirflowFailException, "recovery", "plan that is out of date"):
        apply("undo", approved, file.file_id, try_number=2)
    world.write_schema()
    assert (world.files(), world.rows()) == ([("Done", None)], 2)


def test_file_that_a_run_has_taken_since_is_not_taken_from_it_by_a_retry(world: World) -> None:
    file = world.bring()
    approved = plan("replay", file.file_id)
    apply("replay", approved, file.file_id)
    world.query("UPDATE mng.files SET status = 'In Progress', run_id = 'run2'; SELECT 1")
    with raises_golden(AirflowFailException, "recovery", "plan that is out of date"):
        apply("replay", approved, file.file_id, try_number=2)
    assert world.files()[0][0] == "In Progress"


def test_second_of_two_people_who_replay_a_file_is_refused(world: World) -> None:
    file = world.bring()
    first, second = (plan("replay", file.file_id) for _ in range(2))
    assert first == second
    apply("replay", first, file.file_id, who="ann")
    started = list(world.airflow.started)
    with raises_golden(AirflowFailException, "recovery", "plan that is out of date"):
        apply("replay", second, file.file_id, who="carl")
    assert (world.airflow.started, world.rows()) == (started, 0)
    assert people(world) == ["replay asked by ann, approved by ben"]
    world.run_again()
    assert (world.files(), world.rows()) == ([("Done", None)], 2)


@pytest.mark.parametrize("answer", [None, {"chosen_options": ["Reject"]}])
def test_plan_without_an_approval_changes_nothing(world: World, answer: dict[str, Any] | None) -> None:
    """Somebody marked the task `approve` as successful."""
    file = world.bring()

    with pytest.raises(AirflowFailException, match="not approved"):
        apply("undo", plan("undo", file.file_id), file.file_id, answer)
    assert ([status for status, _ in world.files()], people(world)) == (["Done"], [])
