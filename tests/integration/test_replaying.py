"""Replay, undo and discard follow their plan, change exactly the selected rows, survive an interruption anywhere."""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from typer.testing import CliRunner

from lakeport import settings
from lakeport.cli.application import app
from lakeport.errors import SelectionError, StatusConflict, TooManyRejects
from lakeport.files import archiving, s3_objects
from lakeport.loading.files_to_load import FileToLoad
from lakeport.loading.finishing import archive, mark_done
from lakeport.loading.many_files import BatchLoad
from lakeport.mng import claims, file_records
from lakeport.model import RegisteredFile, Status
from lakeport.recovery.replay.apply import apply_plan, start_runs
from lakeport.recovery.replay.load_queries import LoadQueries
from lakeport.recovery.replay.plan import Planner
from lakeport.recovery.replay.planned import Planned
from lakeport.recovery.replay.selection import Selection, select_files
from lakeport.redshift.fitting import fit_table
from lakeport.redshift.session import Warehouse
from local.config import Config
from tests.integration.killing import kills_before_each_statement
from tests.integration.world import GOOD, HEADER, World
from tests.support.golden import golden, raises_golden

OTHER = HEADER + b"3,Rome,1\n4,Lima,2\n5,Baku,3\n"
MERGE = {"mode": "merge", "key": ["id"]}


def plan(
    world: World, command: str, *names: str, older: bool = False, restore: bool = False, **selection: Any
) -> list[Planned]:
    planner = Planner(LoadQueries(world.warehouse), world.s3, older, restore)
    files = world.warehouse.transaction(lambda current: select_files(current, Selection(names, **selection)))
    planned: list[Planned] = getattr(planner, command)(files)
    return planned


def do(world: World, command: str, *names: str, **options: Any) -> list[Planned]:
    """Plan and apply it; no file may be refused."""
    planned = plan(world, command, *names, **options)
    assert [each.refused for each in planned] == [None] * len(planned)
    apply(world.warehouse, planned, command)
    return planned


def apply(warehouse: Warehouse, planned: list[Planned], command: str) -> None:
    for _ in apply_plan(warehouse, planned, command):
        pass


def refusals(planned: list[Planned]) -> list[str]:
    return [each.refused or "" for each in planned]


def ids(world: World) -> list[int]:
    return [id_ for (id_,) in world.query(f"SELECT id FROM {world.file_type.table.name} ORDER BY id")]  # noqa: S608


def log(world: World) -> list[tuple[Any, ...]]:
    return world.query("SELECT from_status, to_status FROM mng.status_log ORDER BY moved_at, from_status")


def accounts(world: World) -> list[tuple[Any, ...]]:
    return world.query("SELECT status, rows_loaded, loaded_at IS NULL FROM mng.files ORDER BY landed_at, key")


def test_undo_deletes_exactly_the_rows_of_its_file(world: World) -> None:
    world.bring(GOOD, "a.csv")
    undone = world.bring(OTHER, "b.csv")
    [planned] = do(world, "undo", undone.file_id[:12])
    assert (planned.to, planned.rows, planned.drops_table) == ("Fail", 3, False)
    assert ids(world) == [1, 2]
    assert accounts(world) == [("Done", 2, False), ("Fail", None, True)]
    assert log(world)[-1] == ("Done", "Fail")
    assert (world.found(), world.sent) == ([], [])
    [again] = do(world, "undo", undone.file_id)
    assert (again.is_idle, ids(world), log(world).count(("Done", "Fail"))) == (True, [1, 2], 1)


def test_replay_of_an_archived_file_loads_it_from_the_archive(world: World) -> None:
    file = world.bring()
    assert world.landed() == 0
    [planned] = do(world, "replay", file.key)
    assert (planned.to, planned.rows, planned.summary.split()[-1]) == ("New", 2, "archive")
    assert (ids(world), accounts(world)) == ([], [("New", None, True)])
    world.run_again()
    assert (ids(world), accounts(world), world.archived()) == ([1, 2], [("Done", 2, False)], GOOD)
    assert len(world.query("SELECT 1 FROM mng.files")) == 1


def test_replay_loads_the_archived_version_even_if_it_was_overwritten(world: World) -> None:
    file = world.bring()
    [(bucket, key)] = world.query("SELECT archive_bucket, archive_key FROM mng.files")
    world.s3.put_object(Bucket=bucket, Key=key, Body=OTHER)
    do(world, "replay", file.key)
    world.run_again()
    assert ids(world) == [1, 2]


def test_replay_loads_a_file_with_the_current_schema(world: World) -> None:
    file = world.bring(GOOD + b"7,Johannesburg,1\n")
    assert ids(world) == [1, 2]
    columns = [{"name": "id", "type": "integer", "required": True}, {"name": "city", "type": "varchar(20)"}]
    world.write_schema(columns=[*columns, {"name": "price", "type": "decimal(8,2)"}])
    do(world, "replay", file.file_id)
    world.run_again()
    assert ids(world) == [1, 2, 7]


def test_failed_file_is_replayed_from_landing(world: World) -> None:
    file = world.claim()
    world.airflow.end("run1", "failed")
    world.reconcile()
    assert [row[0] for row in accounts(world)] == ["Fail"]
    [planned] = do(world, "replay", statuses=[Status.FAIL])
    assert (planned.summary.split()[-1], planned.rows) == ("landing", 0)
    world.run_again()
    assert (ids(world), accounts(world)) == ([1, 2], [("Done", 2, False)])
    assert file.key


def test_rejected_file_is_replayed_once_a_schema_matches_it(world: World) -> None:
    world.s3.put_object(Bucket=settings.landing_bucket(), Key=f"{world.name}_2/trips.csv", Body=GOOD)
    world.reconcile()
    [refused] = refusals(plan(world, "replay", statuses=[Status.REJECTED]))
    assert f"known folders: {world.name}/" in refused
    golden("recovery", "refused: rejected again", refused)
    world.write_schema(landing={"pattern": f"{world.name}_*/*"})
    [planned] = do(world, "replay", statuses=[Status.REJECTED])
    assert (planned.file_type, planned.to) == (world.name, "New")
    world.run_again()
    assert (ids(world), log(world)[1]) == ([1, 2], ("Rejected", "New"))


def test_file_without_an_object_is_refused(world: World) -> None:
    file = world.register()
    archiving.remove_version(world.s3, file.landed())
    [refused] = refusals(plan(world, "replay", file.key))
    assert "landing" in refused
    assert "archive" in refused
    golden("recovery", "refused: no object", refused)


def test_file_in_progress_is_refused(world: World) -> None:
    file = world.claim()
    for command in ("replay", "undo"):
        assert "In Progress" in refusals(plan(world, command, file.key))[0]


def test_failed_files_of_a_type_that_loads_the_newest_may_be_filtered_out(world: World) -> None:
    for name in ("a.csv", "b.csv"):
        file = world.register(GOOD, name)
        fail = partial(file_records.move, file_ids=[file.file_id], by=world.by, from_=[Status.NEW], to=Status.FAIL)
        world.warehouse.transaction(fail)
    planned = do(world, "replay", file_type=world.name, statuses=[Status.FAIL])
    assert {(each.to, "else Filtered Out" in each.summary) for each in planned} == {("New", True)}
    assert [row[0] for row in accounts(world)] == ["New", "New"]


def test_several_loaded_files_of_a_type_that_loads_the_newest_are_refused(world: World) -> None:
    for name in ("a.csv", "b.csv"):
        world.bring(GOOD, name)
    refused = refusals(plan(world, "replay", statuses=[Status.DONE]))
    assert ["landing.select is newest" in each and "these 2 files" in each for each in refused] == [True, True]
    world.register(GOOD, "c.csv")
    [refusal] = refusals(plan(world, "replay", f"{world.name}/a.csv"))
    assert "landing.select is newest" in refusal
    assert f"{world.name}/c.csv" in refusal
    golden("recovery", "refused: another file is not finished", refusal)
    golden("recovery", "refused: several files of a newest type", refused[0])


def test_all_files_of_a_type_that_loads_all_are_replayed(world: World) -> None:
    world.write_schema(landing={"pattern": f"{world.name}/*", "select": "all"})
    for name in ("a.csv", "b.csv"):
        world.bring(GOOD, name)
    do(world, "replay", file_type=world.name, statuses=[Status.DONE])
    assert (ids(world), accounts(world)) == ([], [("New", None, True)] * 2)


def test_undo_of_a_merge_is_refused(world: World) -> None:
    world.write_schema(table=MERGE)
    file = world.bring()
    [refused] = refusals(plan(world, "undo", file.key))
    assert refused.startswith("table.mode is merge")
    golden("recovery", "refused: undo of a merge", refused)


def test_older_file_replaces_a_newer_one_only_with_older(world: World) -> None:
    world.write_schema(table=MERGE)
    old = world.bring(HEADER + b"1,Bern,1\n2,Oslo,1\n", "a.csv")
    world.bring(HEADER + b"2,Rome,1\n", "b.csv")
    [refused] = refusals(plan(world, "replay", old.key))
    assert refused.startswith(f"{world.name}/b.csv landed later")
    assert "--older" in refused
    golden("recovery", "refused: a newer file is loaded", refused)
    [planned] = do(world, "replay", old.key, older=True)
    assert (planned.to, planned.rows) == ("New", 1)
    assert f"1 row from {world.file_type.table.name}" in planned.summary
    assert "older" in planned.summary
    golden("recovery", "plan: replay with --older", planned.summary)
    world.run_again()
    rows = world.query(f"SELECT id, city FROM {world.file_type.table.name} ORDER BY id")  # noqa: S608
    assert rows == [(1, "Bern"), (2, "Oslo")]


@pytest.mark.parametrize("select", ["newest", "all"])
def test_older_file_is_not_replayed_while_a_newer_one_is_being_loaded(world: World, select: str) -> None:
    """Its run would come after that of the newer file, and replace its rows."""
    world.write_schema(table=MERGE, landing={"pattern": f"{world.name}/*", "select": select})
    old = world.claim(HEADER + b"2,Oslo,1\n", "a.csv")
    world.warehouse.transaction(
        lambda current: file_records.move(
            current, [old.file_id], world.by, from_=[Status.IN_PROGRESS], to=Status.FAIL, reason="why"
        )
    )
    newer = world.claim(HEADER + b"2,Rome,1\n", "b.csv")
    [refused] = refusals(plan(world, "replay", old.key))
    assert refused == f"{newer.key} landed later and is being loaded; wait until its run has ended"
    do(world, "replay", old.key, older=True)


@pytest.mark.parametrize("mode", ["truncate", "replace"])
def test_undo_plan_warns_that_replaced_rows_are_not_restored(world: World, mode: str) -> None:
    world.write_schema(table={"mode": mode})
    world.bring(GOOD, "a.csv")
    last = world.bring(OTHER, "b.csv")
    [planned] = do(world, "undo", last.key)
    assert planned.summary.endswith("not restored")
    golden("recovery", "plan: undo in a mode that replaces rows", planned.summary)
    assert ids(world) == []


def test_undo_drops_the_table_of_a_new_table_load(world: World) -> None:
    world.write_schema(table={"mode": "new_table"})
    file = world.bring()
    [(table,)] = world.query("SELECT table_name FROM mng.files")
    do(world, "undo", file.key)
    name = table.partition(".")[2]
    assert world.query("SELECT 1 FROM pg_tables WHERE tablename = %s", (name,)) == []
    do(world, "replay", file.key)
    world.run_again()
    assert accounts(world) == [("Done", 2, False)]


def load_together(world: World) -> list[RegisteredFile]:
    """Bring all files that are New to Done by one COPY; return them in the order they landed."""
    files = world.new_files()[::-1]
    by = replace(world.by, run_id=f"run{files[0].file_id}")
    world.warehouse.transaction(lambda current: claims.claim(current, [file.file_id for file in files], by))
    fit_table(world.warehouse, world.file_type)
    together = tuple(FileToLoad(file, (file.source(),)) for file in files)
    BatchLoad(world.file_type, together, by, world.warehouse, world.s3).run()
    archive(world.warehouse, world.s3, world.name, files)
    world.warehouse.transaction(lambda current: mark_done(current, files, by, world.file_type))
    return files


@pytest.fixture
def loaded_together(world: World) -> list[RegisteredFile]:
    """Three files of two, three and one rows, loaded by one COPY."""
    world.write_schema(landing={"pattern": f"{world.name}/*", "select": "all"})
    for name, body in {"a.csv": GOOD, "b.csv": OTHER, "c.csv": HEADER + b"9,Oslo,1\n"}.items():
        world.land(name, body)
    world.reconcile()
    return load_together(world)


def test_undo_of_one_of_the_files_of_a_copy_loads_the_others_again(
    world: World, loaded_together: list[RegisteredFile]
) -> None:
    a, b, c = loaded_together
    planned = do(world, "undo", b.key)
    assert [(each.selected.file.key, each.to, each.rows) for each in planned] == [
        (b.key, "Fail", 3),
        (a.key, "New", 2),
        (c.key, "New", 1),
    ]
    assert planned[1].summary.endswith(f"load from the archive, because the same COPY loaded {b.key}")
    assert (ids(world), accounts(world)) == ([], [("New", None, True), ("Fail", None, True), ("New", None, True)])
    assert list(start_runs(world.airflow, planned)) == [world.name]
    load_together(world)
    assert (ids(world), accounts(world)) == ([1, 2, 9], [("Done", 2, False), ("Fail", None, True), ("Done", 1, False)])


def test_replay_of_one_of_the_files_of_a_copy_replays_all_of_them(
    world: World, loaded_together: list[RegisteredFile]
) -> None:
    planned = do(world, "replay", loaded_together[1].key)
    assert {each.to for each in planned} == {"New"}
    assert ids(world) == []
    load_together(world)
    assert (ids(world), accounts(world)) == ([1, 2, 3, 4, 5, 9], [("Done", rows, False) for rows in (2, 3, 1)])


def test_files_of_a_copy_are_undone_together_without_loading_any_again(
    world: World, loaded_together: list[RegisteredFile]
) -> None:
    planned = do(world, "undo", file_type=world.name)
    assert [(each.to, each.rows) for each in planned] == [("Fail", 2), ("Fail", 3), ("Fail", 1)]
    assert (ids(world), accounts(world), start_runs(world.airflow, planned)) == ([], [("Fail", None, True)] * 3, {})


def test_undo_of_one_of_the_merged_files_of_a_copy_restores_what_all_replaced(world: World) -> None:
    """And the others, which are loaded again, replace their part of it again."""
    table = {"mode": "merge", "key": ["id"], "keep_replaced": "7d"}
    world.write_schema(landing={"pattern": f"{world.name}/*", "select": "all"}, table=table)
    world.bring(HEADER + b"1,Bern,1\n3,Bern,1\n", "0.csv")
    world.land("a.csv", HEADER + b"1,Oslo,2\n")
    world.land("b.csv", HEADER + b"3,Rome,3\n4,Rome,4\n")
    world.reconcile()
    cities = f"SELECT id, city FROM {world.file_type.table.name} ORDER BY id"  # noqa: S608
    _, b = load_together(world)
    assert world.query(cities) == [(1, "Oslo"), (3, "Rome"), (4, "Rome")]
    do(world, "undo", b.key, restore=True)
    assert world.query(cities) == [(1, "Bern"), (3, "Bern")]
    load_together(world)
    assert world.query(cities) == [(1, "Oslo"), (3, "Bern")]


def test_merged_file_is_undone_unless_a_later_load_replaced_rows_of_its_copy(world: World) -> None:
    table = {"mode": "merge", "key": ["id"], "keep_replaced": "7d"}
    world.write_schema(landing={"pattern": f"{world.name}/*", "select": "all"}, table=table)
    for name, row in {"a.csv": b"1,Oslo,2\n", "b.csv": b"3,Rome,3\n"}.items():
        world.land(name, HEADER + row)
    world.reconcile()
    _, b = load_together(world)
    world.bring(HEADER + b"7,Bern,1\n", "c.csv")
    do(world, "undo", b.key, restore=True)
    assert ids(world) == [7]
    load_together(world)
    assert ids(world) == [1, 7]

    world.land("d.csv", HEADER + b"4,Rome,4\n")
    world.land("e.csv", HEADER + b"5,Rome,5\n")
    world.reconcile()
    d, _ = load_together(world)
    world.bring(HEADER + b"5,Bern,1\n", "f.csv")
    assert all(refusals(plan(world, "undo", d.key, restore=True)))


def test_undo_is_refused_if_another_file_of_the_copy_cannot_be_loaded_again(
    world: World, loaded_together: list[RegisteredFile]
) -> None:
    a, b, _ = loaded_together
    [(bucket, key)] = world.query("SELECT archive_bucket, archive_key FROM mng.files WHERE file_id = %s", (a.file_id,))
    for version in world.s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]:
        world.s3.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
    refused = refusals(plan(world, "undo", b.key))
    assert ["archive" in each for each in refused] == [False, True, False]
    assert ids(world) == [1, 2, 3, 4, 5, 9]


def test_load_that_changed_after_the_plan_is_left_unchanged(world: World) -> None:
    file = world.bring()
    planned = plan(world, "undo", file.key)
    world.query(f"DELETE FROM {world.file_type.table.name} WHERE id = 1; SELECT 1")  # noqa: S608
    with raises_golden(StatusConflict, "recovery", "load changed after the plan", file.key):
        list(apply_plan(world.warehouse, planned, "undo"))
    assert (ids(world), accounts(world)) == ([2], [("Done", 2, False)])


@pytest.mark.usefixtures("retrying_at_once")
@pytest.mark.parametrize("command", ["undo", "replay"])
def test_interruption_before_any_statement_leads_to_the_same_result(
    world: World, redshift: Config, command: str
) -> None:
    """The session is lost before each statement in turn, and the command runs again."""
    after = {"undo": "Fail", "replay": "New"}[command]
    file, kept = world.bring(GOOD, "a.csv"), world.bring(OTHER, "b.csv")
    for killed in kills_before_each_statement(redshift, world.file_type.table, file, kept):
        planned = plan(world, command, file.key)
        list(apply_plan(killed, planned, command))
        assert (ids(world), accounts(world)[0]) == ([3, 4, 5], (after, None, True))
        assert [move for move in log(world) if move[0] == "Done"] == [("Done", after)]


def test_run_is_started_for_each_type_and_named_after_its_files(world: World) -> None:
    file = world.bring()
    world.airflow.runs.clear()
    world.airflow.started.clear()
    planned = do(world, "replay", file.key)
    for _ in range(2):
        outcome = start_runs(world.airflow, planned)
    assert "run arrival__" in outcome[world.name]
    assert {dag_id for dag_id, _ in world.airflow.started} == {f"load_{world.name}"}
    world.airflow.is_down = True
    assert "reconcile starts one" in start_runs(world.airflow, planned)[world.name]


def test_name_must_match_exactly_one_file(world: World) -> None:
    files = [world.bring(GOOD), world.bring(OTHER)]
    assert files[0].key == files[1].key
    with raises_golden(SelectionError, "recovery", "name of two files", "2 files", files[0].file_id[:12]):
        plan(world, "undo", files[0].key)
    for name in ("nowhere/x.csv", "0" * 12, "%", "___"):
        with pytest.raises(SelectionError, match=re.escape(name)):
            plan(world, "undo", name)
    assert len(plan(world, "undo", files[0].file_id, files[0].file_id[:8])) == 1


def test_time_range_selects_by_landing_time(world: World) -> None:
    file = world.bring()
    planned = plan(world, "undo", since=file.landed_at, until=file.landed_at + timedelta(seconds=1))
    assert len(planned) == 1
    assert plan(world, "undo", until=file.landed_at) == []
    assert plan(world, "undo", since=file.landed_at + timedelta(seconds=1)) == []


@pytest.fixture
def run(world: World) -> Callable[..., Any]:
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_command_shows_its_plan_and_changes_nothing_without_yes(world: World, run: Callable[..., Any]) -> None:
    file = world.bring()
    planned = run("undo", file.file_id[:12])
    assert (planned.exit_code, "2 rows from" in planned.output, "--yes" in planned.output) == (0, True, True)
    assert ids(world) == [1, 2]
    [row] = json.loads(run("undo", file.file_id[:12], "--json").stdout)
    assert (row["rows_to_delete"], row["status"]) == (2, "Done")
    done = run("undo", file.file_id[:12], "--yes")
    assert (done.exit_code, ids(world)) == (0, [])
    again = run("replay", "--type", world.name, "--yes")
    assert "reconcile starts one within the hour" in again.output or "run arrival__" in again.output
    assert [row[0] for row in accounts(world)] == ["New"]


def test_command_changes_nothing_if_one_file_is_refused(world: World, run: Callable[..., Any]) -> None:
    world.write_schema(landing={"pattern": f"{world.name}/*", "select": "all"})
    world.bring(GOOD, "a.csv")
    world.claim(GOOD, "b.csv")
    refused = run("undo", "--type", world.name, "--status", "Done", "--status", "In Progress", "--yes")
    assert (refused.exit_code, "1 of 2 files is refused" in refused.output) == (2, True)
    assert ids(world) == [1, 2]


def test_command_needs_a_selection(run: Callable[..., Any]) -> None:
    for command in ("replay", "undo", "discard"):
        assert run(command).exit_code == 2
        assert "./lakeport status" in run(command, "--type", "nothing").output


def test_reconcile_queries_redshift_after_a_replay(world: World, run: Callable[..., Any]) -> None:
    """If not, a replay that was killed before it started a run would wait until the next file lands."""
    file = world.bring()
    world.airflow.runs.clear()
    world.reconcile(always=False)
    assert world.reconcile(always=False) is None
    run("replay", file.key, "--yes")
    assert world.reconcile(always=False) is not None


def test_waiting_files_of_a_removed_type_are_discarded_and_archived(world: World, run: Callable[..., Any]) -> None:
    """They wait for a DAG that does not exist; the files are kept and can be replayed when the type is back."""
    done, waiting = world.bring(OTHER, "b.csv"), world.register(GOOD, "a.csv")
    (world.folder / f"{world.name}.yaml").unlink()
    planned = run("discard", "--type", world.name)
    assert (planned.exit_code, "--yes" in planned.output, done.key in planned.output) == (0, True, False)
    assert run("discard", done.key, "--yes").exit_code == 2
    assert sorted(row[0] for row in accounts(world)) == ["Done", "New"]

    discarded = run("discard", "--type", world.name, "--yes")

    assert (discarded.exit_code, f"{waiting.key} is now Filtered Out" in discarded.output) == (0, True)
    [(reason,)] = world.query("SELECT reason FROM mng.status_log WHERE to_status = 'Filtered Out'")
    assert reason == f"discard asked by {getpass.getuser()}"
    assert run("discard", waiting.key, "--yes").exit_code == 0
    world.reconcile(grace=timedelta(0))
    assert not s3_objects.is_there(world.s3, waiting.source())
    world.write_schema()
    do(world, "replay", waiting.key)
    world.run_again()
    assert ids(world) == [1, 2, 3, 4, 5]


def test_failed_files_that_nobody_repairs_are_discarded_and_can_be_replayed(
    world: World, run: Callable[..., Any]
) -> None:
    failed = world.claim(HEADER + b"1,Bern,cheap\n", "a.csv")
    with pytest.raises(TooManyRejects):
        world.load_claimed(failed)
    to_fail = partial(file_records.move, from_=[Status.IN_PROGRESS], to=Status.FAIL, reason="copy_to_table: cheap")
    world.warehouse.transaction(lambda current: to_fail(current, [failed.file_id], world.by))
    assert f"{failed.key}" not in run("discard", "--type", world.name).output

    discarded = run("discard", "--type", world.name, "--status", "fail", "--yes")

    assert (discarded.exit_code, f"{failed.key} is now Filtered Out" in discarded.output) == (0, True)
    query = "SELECT status, status_reason, rows_rejected FROM mng.files WHERE file_id = %s"
    assert world.query(query, (failed.file_id,)) == [("Filtered Out", f"discard asked by {getpass.getuser()}", 1)]
    world.reconcile(grace=timedelta(0))
    assert not s3_objects.is_there(world.s3, failed.source())
    world.write_schema(rejects={"fail": "100%"})
    do(world, "replay", failed.key)
    world.run_again()
    assert accounts(world) == [("Done", 0, False)]


def test_a_failed_file_with_a_load_on_record_is_not_discarded(world: World, run: Callable[..., Any]) -> None:
    """Reconcile found too few of its rows; those that are left must not look as if it had never been loaded."""
    file = world.bring()
    world.query("UPDATE mng.files SET status = 'Fail' WHERE file_id = %s; SELECT 1", (file.file_id,))
    refused = run("discard", file.key, "--yes")
    assert (refused.exit_code, "undo it first" in " ".join(refused.output.split())) == (2, True)
    assert [row[0] for row in accounts(world)] == ["Fail"]
