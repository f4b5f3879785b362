"""What happens when operators use Airflow's own buttons, on files of separate types, several at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from tests.end_to_end.operating import Operators, operators
from tests.support.waiting import until
from tests.torture.history import Drop
from tests.torture.workload import Kind

pytestmark = pytest.mark.timeout(600)  # the first test waits for the stack, and each for scenarios beside it
Scenario = Callable[[Operators, str], None]
AT_ONCE = 4
BAD = "too many bad rows"
COPY = "copy_to_table"
NEWEST, ALL = Kind(select="newest"), Kind()
IN_A_SMALL_POOL = ("pool_a", "pool_b")
SCENARIOS: dict[str, tuple[Kind, Scenario]] = {}


def on(name: str, kind: Kind) -> Callable[[Scenario], Scenario]:
    """Register a scenario with its own file type."""

    def add(scenario: Scenario) -> Scenario:
        SCENARIOS[name] = (kind, scenario)
        return scenario

    return add


@pytest.fixture(scope="module")
def world(starts_airflow: None) -> Iterator[Operators]:
    kinds = {name: kind for name, (kind, _) in SCENARIOS.items()}
    with operators(kinds | dict.fromkeys(IN_A_SMALL_POOL, ALL)) as opened:
        yield opened


@pytest.fixture(scope="module")
def outcomes(world: Operators) -> Iterator[dict[str, Future[None]]]:
    """Begin all scenarios in one Airflow."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(scenario, world, name) for name, (_, scenario) in SCENARIOS.items()}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", SCENARIOS, ids=[scenario.__name__ for _, scenario in SCENARIOS.values()])
def test_operator_action(outcomes: dict[str, Future[None]], name: str) -> None:
    outcomes[name].result()


def test_pool_of_one_slot_loads_all_files(world: Operators, outcomes: dict[str, Future[None]]) -> None:
    wait(outcomes.values())
    slots = world.call("/pools/default_pool")["slots"]
    world.call("/pools/default_pool?update_mask=slots", {"pool": "default_pool", "slots": 1}, "PATCH")
    try:
        drops = [world.drop(name) for name in IN_A_SMALL_POOL for _ in range(2)]
        assert {world.wait_for(drop, "Done", "Fail")["status"] for drop in drops} == {"Done"}
    finally:
        world.call("/pools/default_pool?update_mask=slots", {"pool": "default_pool", "slots": slots}, "PATCH")


def test_no_row_is_lost_or_doubled_and_each_failure_is_alerted(
    world: Operators, outcomes: dict[str, Future[None]]
) -> None:
    wait(outcomes.values())
    world.whole.come_to_rest()
    assert [str(each) for each in world.whole.check()] == []


def failed(o: Operators, name: str, what: str = BAD) -> tuple[Drop, str]:
    """Drop a file, and return it with its run when that has failed and the alert has arrived."""
    drop = o.drop(name, what)
    run = o.wait_for(drop, "Fail")["run_id"]
    assert o.ended(name, run) == "failed"
    until(lambda: o.alerts(drop) == 1)
    return drop, run


def done(o: Operators, name: str, what: str = "good") -> tuple[Drop, str]:
    drop = o.drop(name, what)
    run = o.wait_for(drop, "Done")["run_id"]
    assert o.ended(name, run) == "success"
    return drop, run


@on("clear_copy", NEWEST)
def clearing_the_copy_loads_the_file_with_the_schema_of_now(o: Operators, name: str) -> None:
    drop, run = failed(o, name)
    o.loosen(name)
    o.clear_task(name, run, COPY)
    assert o.wait_for(drop, "Done")["run_id"] == run
    assert o.ended(name, run) == "success"
    assert o.moves(drop) == ["New", "In Progress", "Fail", "In Progress", "Done"]
    assert o.alerts(drop) == 1


@on("clear_all", ALL)
def clearing_the_run_tries_again_and_alerts_of_each_failure(o: Operators, name: str) -> None:
    drop, run = failed(o, name)
    o.clear_run(name, run)
    until(lambda: o.moves(drop).count("Fail") == 2, lambda: o.states(name, run))
    until(lambda: o.alerts(drop) == 2)
    assert o.ended(name, run) == "failed"
    o.loosen(name)
    o.clear_task(name, run, COPY)
    o.wait_for(drop, "Done")
    assert o.ended(name, run) == "success"


@on("clear_soon", NEWEST)
def clearing_the_run_before_its_callback_has_come_loses_nothing(o: Operators, name: str) -> None:
    drop = o.drop(name, BAD)
    run = until(lambda: o.runs(name))[0]["dag_run_id"]
    assert o.ended(name, run) == "failed"
    o.loosen(name)
    o.clear_run(name, run)
    o.wait_for(drop, "Done")
    assert o.moves(drop) == ["New", "In Progress", "Fail", "In Progress", "Done"]
    until(lambda: o.alerts(drop) == 1 or (o.reconcile() and False))


@on("new_file", NEWEST)
def cleared_run_that_takes_a_newer_file_alerts_of_it(o: Operators, name: str) -> None:
    first, run = failed(o, name)
    o.pause(name)
    second = o.drop(name, BAD)
    o.wait_for(second, "New")
    o.clear_run(name, run)
    o.pause(name, is_paused=False)
    assert o.wait_for(second, "Fail")["run_id"] == run
    assert o.file(first)["status"] == "Filtered Out"
    until(lambda: o.alerts(second) == 1)


@on("warned", Kind(select="newest", warns=True))
def cleared_run_that_warned_of_rejected_rows_alerts_of_a_failed_file(o: Operators, name: str) -> None:
    _, run = done(o, name, "one bad row")
    o.pause(name)
    second = o.drop(name, BAD)
    o.wait_for(second, "New")
    o.clear_run(name, run)
    o.pause(name, is_paused=False)
    assert o.wait_for(second, "Fail")["run_id"] == run
    until(lambda: o.alerts(second) == 1)


@on("replayed", NEWEST)
def replay_alerts_again_under_the_run_id_of_a_deleted_run(o: Operators, name: str) -> None:
    drop, _ = failed(o, name)
    file_id = o.file(drop)["file_id"][:12]
    assert o.lakeport("replay", file_id, "--yes").returncode == 0
    until(lambda: o.moves(drop).count("Fail") == 2)
    until(lambda: o.alerts(drop) == 2)
    run = o.file(drop)["run_id"]
    o.ended(name, run)
    o.delete_run(name, run)
    assert o.lakeport("replay", file_id, "--yes").returncode == 0
    until(lambda: o.moves(drop).count("Fail") == 3)
    assert o.file(drop)["run_id"] == run
    until(lambda: o.alerts(drop) == 3)


@on("undone", ALL)
def clearing_says_that_the_file_was_undone(o: Operators, name: str) -> None:
    drop, run = done(o, name)
    assert o.lakeport("undo", o.file(drop)["file_id"][:12], "--yes").returncode == 0
    o.clear_task(name, run, COPY)
    assert o.ended(name, run) == "failed"
    assert "was undone" in o.log(name, run, COPY)
    o.clear_run(name, run)
    assert o.ended(name, run) == "failed"
    assert "was undone" in o.log(name, run, "wait_for_files")
    assert (o.file(drop)["status"], o.alerts(drop)) == ("Fail", 0)


@on("done", NEWEST)
def clearing_a_run_whose_file_is_done_changes_nothing(o: Operators, name: str) -> None:
    drop, run = done(o, name)
    o.clear_task(name, run, "mark_in_progress", downstream=False)
    assert o.ended(name, run) == "success"
    o.clear_task(name, run, "mark_in_progress")
    assert o.ended(name, run) == "success"
    assert "loaded already" in o.log(name, run, "mark_in_progress")
    o.clear_run(name, run)
    assert o.ended(name, run) == "success"
    assert set(o.states(name, run).values()) == {"skipped"}
    assert o.moves(drop) == ["New", "In Progress", "Done"]
    assert o.alerts(drop) == 0


@on("marked", NEWEST)
def marking_a_failed_copy_as_successful_archives_nothing(o: Operators, name: str) -> None:
    drop, run = failed(o, name)
    o.mark_task(name, run, COPY, "success")
    until(lambda: o.states(name, run)["archive_files"] == "failed", lambda: o.states(name, run))
    assert o.ended(name, run) == "failed"
    assert "not loaded" in o.log(name, run, "archive_files")
    file = o.file(drop)
    assert (file["status"], file["archive_key"], o.alerts(drop)) == ("Fail", None, 1)


@on("marked_all", ALL)
def marking_a_failed_copy_of_many_files_as_successful_says_what_to_do(o: Operators, name: str) -> None:
    drop, run = failed(o, name)
    o.mark_task(name, run, COPY, "success")
    until(lambda: o.states(name, run)["archive_files"] == "failed", lambda: o.states(name, run))
    assert "clear the whole run" in o.log(name, run, "archive_files")
    assert (o.file(drop)["status"], o.alerts(drop)) == ("Fail", 1)


@on("by_hand", NEWEST)
def triggering_without_files_ends_at_once_and_conf_is_refused(o: Operators, name: str) -> None:
    run = o.trigger(name)
    assert o.ended(name, run) == "success"
    assert set(o.states(name, run).values()) == {"skipped"}
    assert "no file of type by_hand is New" in o.log(name, run, "wait_for_files")
    run = o.trigger(name, {"file": "a.csv"})
    assert o.ended(name, run) == "failed"
    assert "does not use" in o.log(name, run, "wait_for_files")


@on("broken", NEWEST)
def invalid_schema_with_waiting_files_is_alerted_of_once(o: Operators, name: str) -> None:
    done(o, name)
    o.write_schema(name, text="description: Broken.\nowner: trips-owner@example.com\ncolumns: 7\n")
    until(lambda: "invalid" in o.call(f"/dags/load_{name}")["dag_display_name"])
    drops = [o.drop(name) for _ in range(2)]
    for drop in drops:
        o.wait_for(drop, "New")
    until(lambda: len(o.mails("trips-owner@example.com")) == 1)
    findings = [each for each in o.reconcile() if each["type"] == name]
    assert ["not fixed" in each["done"] for each in findings] == [True]
    o.write_schema(name)
    until(lambda: "invalid" not in (o.call(f"/dags/load_{name}")["dag_display_name"] or ""))
    o.reconcile()
    for drop in drops:
        o.wait_for(drop, "Done", "Filtered Out")
    assert len(o.mails("trips-owner@example.com")) == 1


@on("versions", NEWEST)
def five_versions_within_a_second_leave_one_loaded(o: Operators, name: str) -> None:
    drops = [o.drop(name, key=f"{name}/same.csv") for _ in range(5)]
    rows = [o.wait_for(drop, "Done", "Filtered Out") for drop in drops]
    assert rows[-1]["status"] == "Done"


@on("in_run", ALL)
def replay_and_undo_of_a_file_in_progress_are_refused(o: Operators, name: str) -> None:
    done(o, name)
    with o.held(name):
        drop = o.drop(name)
        file = o.wait_for(drop, "In Progress")
        until(lambda: o.copy_waits(name, file["run_id"]))
        for command in ("replay", "undo"):
            refused = o.lakeport(command, file["file_id"][:12], "--yes")
            assert refused.returncode == 1
            assert "In Progress" in refused.stdout + refused.stderr
    o.wait_for(drop, "Done")


@on("mark_fail", ALL)
def run_marked_as_failed_while_its_copy_commits_is_finished(o: Operators, name: str) -> None:
    _marked_while_copying(o, name, "failed")


@on("mark_good", NEWEST)
def run_marked_as_successful_while_its_copy_commits_is_finished(o: Operators, name: str) -> None:
    _marked_while_copying(o, name, "success")


def _marked_while_copying(o: Operators, name: str, state: str) -> None:
    done(o, name)
    with o.held(name):
        drop = o.drop(name)
        run = o.wait_for(drop, "In Progress")["run_id"]
        until(lambda: o.copy_waits(name, run))
        o.mark_run(name, run, state)
    until(lambda: o.file(drop)["status"] in ("Done", "Fail") or (o.finish_ended_runs() and False))
    row = o.file(drop)
    assert (row["status"] == "Done") is (row["loaded_at"] is not None)
    if row["status"] == "Fail":
        until(lambda: o.alerts(drop) == 1)


@on("changed", NEWEST)
def schema_changed_while_a_run_is_in_progress_loads_the_file(o: Operators, name: str) -> None:
    done(o, name)
    with o.held(name):
        drop = o.drop(name)
        run = o.wait_for(drop, "In Progress")["run_id"]
        until(lambda: o.copy_waits(name, run))
        o.write_schema(name, columns=("more",))
    o.wait_for(drop, "Done")
    assert o.ended(name, run) == "success"


@on("removed", ALL)
def schema_removed_while_a_run_is_in_progress_leaves_no_file_open(o: Operators, name: str) -> None:
    done(o, name)
    with o.held(name):
        drop = o.drop(name)
        run = o.wait_for(drop, "In Progress")["run_id"]
        until(lambda: o.copy_waits(name, run))
        (o.whole.schemas / f"{name}.yaml").unlink()
        o.lakeport("publish")
    until(lambda: o.file(drop)["status"] in ("Done", "Fail") or (o.reconcile() and False))
    o.write_schema(name)
    o.lakeport("publish")


@on("deleted", NEWEST)
def deleted_dag_comes_back_and_its_file_can_be_replayed(o: Operators, name: str) -> None:
    drop, _ = failed(o, name)
    o.loosen(name)
    o.call(f"/dags/load_{name}", method="DELETE")
    until(lambda: name in {dag["dag_id"].removeprefix("load_") for dag in o.call("/dags?limit=100")["dags"]})
    assert o.lakeport("replay", o.file(drop)["file_id"][:12], "--yes").returncode == 0
    o.wait_for(drop, "Done")


@on("mark_copy", NEWEST)
def copy_marked_as_failed_is_named_in_the_alert(o: Operators, name: str) -> None:
    done(o, name)
    with o.held(name):
        drop = o.drop(name)
        run = o.wait_for(drop, "In Progress")["run_id"]
        until(lambda: o.copy_waits(name, run))
        o.mark_task(name, run, COPY, "failed")
    assert o.ended(name, run) == "failed"
    until(lambda: o.file(drop)["status"] in ("Done", "Fail") or (o.reconcile() and False))
