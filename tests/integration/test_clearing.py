"""What a cleared task or run does with each file that it once had, and its error if it can do nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.api.datamodels._generated import DagRunType
from airflow.sdk.bases.sensor import PokeReturnValue
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from lakeport.airflow import callbacks, sensors
from lakeport.airflow.operators.archive import ArchiveFilesOperator
from lakeport.airflow.operators.copy_all_from_s3 import CopyAllFromS3Operator
from lakeport.airflow.operators.copy_from_s3 import CopyFromS3Operator
from lakeport.airflow.operators.status import FilterNewestOperator, MarkDoneOperator, MarkInProgressOperator
from lakeport.airflow.operators.take_files import TakeFilesOperator
from lakeport.alerts.alert import Kind
from lakeport.alerts.failed_runs import EndedRun, fail_files
from lakeport.alerts.outbox import raise_alert
from lakeport.errors import StepRefused
from lakeport.mng import claims
from lakeport.model import RegisteredFile, Status, TaskRun, utc_now
from lakeport.recovery.reconcile.contradictions import MARKED
from lakeport.recovery.reconcile.ended_soon import finish_ended_runs
from lakeport.recovery.replay.apply import apply_plan
from lakeport.recovery.replay.load_queries import LoadQueries
from lakeport.recovery.replay.plan import Planner
from lakeport.recovery.replay.selection import Selection, select_files
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.fitting import fit_table
from lakeport.redshift.session import Warehouse
from tests.integration.world import GOOD, HEADER, World
from tests.support.golden import golden, raises_golden
from tests.support.operators import context, run

BAD = HEADER + b"1,Bern,2.50\n2,Santa Cruz de Tenerife,\n3,Santiago de Compostela,1\n"
SOON = timedelta(seconds=1)


def failed(world: World, body: bytes = BAD, name: str = "trips.csv") -> RegisteredFile:
    """Bring a file to Fail in run1, as its tasks and its callback do."""
    file = world.claim(body, name)
    fit_table(world.warehouse, world.file_type)
    with pytest.raises(AirflowFailException) as raised:
        run(copy(world, file), world.by)
    callbacks.record_task_error({**context(world.by), "exception": raised.value})
    fail(world, world.by)
    return file


def fail(world: World, by: TaskRun) -> None:
    """Do what the callback of a failed run does."""
    ended = EndedRun(by.dag_id, by.run_id, "http://airflow", ended_at=utc_now())
    name, table = world.file_type.name, world.file_type.table.name
    raise_alert(
        world.warehouse,
        (by.dag_id, by.run_id),
        lambda current: fail_files(current, ended, name, table),
        world.file_type.alerts,
        lambda alert, to: world.sent.append((alert, to)),
    )


def copy(world: World, *files: RegisteredFile, **changes: Any) -> CopyFromS3Operator:
    kind = CopyAllFromS3Operator if world.file_type.landing.select == "all" else CopyFromS3Operator
    given = [file.to_xcom() for file in files]
    return kind(task_id="copy_to_table", file_type=world.file_type, files=given, **changes)


def clear(world: World, *files: RegisteredFile, by: TaskRun | None = None) -> None:
    """Clear copy_to_table and what follows."""
    by, now = by or world.by, utc_now() + SOON
    loaded = run(copy(world, *files), by, cleared_at=now)
    kept = loaded if isinstance(loaded, list) else [file.to_xcom() for file in files]
    run(ArchiveFilesOperator(task_id="archive_files", file_type=world.file_type, files=kept), by, cleared_at=now)
    run(MarkDoneOperator(task_id="mark_done", file_type=world.file_type, files=kept), by, cleared_at=now)


def refused(world: World, *files: RegisteredFile, by: TaskRun | None = None) -> str:
    """Return why clearing copy_to_table fails."""
    with pytest.raises(AirflowFailException) as raised:
        clear(world, *files, by=by)
    assert isinstance(raised.value.__cause__, StepRefused)
    return str(raised.value).replace(world.name, "trips")


def loosen(world: World, **changes: Any) -> None:
    """Let the schema allow longer names of cities."""
    columns = [{"name": "id", "type": "integer", "required": True}, {"name": "city", "type": "varchar(40)"}]
    world.write_schema(columns=[*columns, {"name": "price", "type": "decimal(8,2)"}], **changes)


def moves(world: World) -> list[tuple[Any, ...]]:
    return world.query("SELECT to_status, run_id, reason FROM mng.status_log ORDER BY moved_at")


@pytest.fixture(autouse=True)
def _in_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (callbacks, sensors):
        monkeypatch.setattr(module, "warehouse_of", lambda _: Warehouse(connect_to_redshift))


@pytest.mark.parametrize("select", ["newest", "all"])
def test_failed_file_is_loaded_with_the_current_schema(world: World, select: str) -> None:
    landing = {"pattern": f"{world.name}/*", "select": select}
    world.write_schema(landing=landing)
    file = failed(world)
    loosen(world, landing=landing)
    clear(world, file)
    assert world.files() == [("Done", None)]
    assert [move[0] for move in moves(world)[-4:]] == ["In Progress", "Fail", "In Progress", "Done"]
    assert moves(world)[-2][1:] == ("run1", "tried again: its run was cleared")
    assert world.rows() == 3
    world.reconcile()
    assert [alert.kind for alert, _ in world.sent] == [Kind.FAILED, Kind.RECOVERED]
    assert dict(world.sent[-1][0].facts())["Loaded"] == f"{file.key}: 3 rows"


MODES: list[dict[str, Any]] = [
    {"mode": "merge", "key": ["id"]},
    {"mode": "replace"},
    {"mode": "new_table"},
    {"mode": "slice", "slice": ["id"]},
    {"mode": "history", "key": ["id"], "history": {"from": "landed_at"}},
]


@pytest.mark.parametrize("table", MODES, ids=lambda table: str(table["mode"]))
def test_failed_file_is_loaded_once_in_each_mode(world: World, table: dict[str, Any]) -> None:
    world.write_schema(table=table)
    file = failed(world)
    loosen(world, table=table)
    for _ in range(2):
        clear(world, file)
        assert world.files() == [("Done", None)]
        [(loaded_into,)] = world.query("SELECT table_name FROM mng.files")
        assert world.query(f"SELECT COUNT(*) FROM {loaded_into}") == [(3,)]  # noqa: S608


def test_failed_file_is_loaded_into_a_column_that_was_renamed_since(world: World) -> None:
    file = failed(world)
    columns = [{"name": "id", "type": "integer", "required": True}, {"name": "city", "type": "varchar(40)"}]
    world.write_schema(columns=[*columns, {"name": "fare", "type": "decimal(8,2)"}])
    with pytest.raises(AirflowFailException) as raised:
        clear(world, file)
    golden("clearing", "column without its header", str(raised.value).replace(world.name, "trips"))
    fail(world, world.by)
    world.write_schema(columns=[*columns, {"name": "fare", "header": "price", "type": "decimal(8,2)"}])
    fit_table(world.warehouse, world.file_type)
    clear(world, file)
    rows = world.query(f"SELECT fare, price FROM {world.file_type.table.name} ORDER BY id")  # noqa: S608
    assert [tuple(map(str, row)) for row in rows] == [("2.50", "None"), ("None", "None"), ("1.00", "None")]


def test_file_that_fails_again_is_alerted_again(world: World) -> None:
    file = failed(world)
    for count in (1, 2):
        assert len(world.sent) == count
        with pytest.raises(AirflowFailException):
            clear(world, file)
        fail(world, world.by)
        fail(world, world.by)  # Airflow may call twice
    assert [file.key in dict(alert.facts())["File"] for alert, _ in world.sent] == [True] * 3


def test_automatic_retry_does_not_take_a_failed_file(world: World) -> None:
    """Only clearing does: the attempt of a run that nobody cleared refuses it."""
    file = failed(world)
    claim = MarkInProgressOperator(task_id="mark_in_progress", file_type=world.file_type, files=[file.to_xcom()])
    with raises_golden(AirflowFailException, "clearing", "retry of a failed file", file.key):
        run(claim, world.by)


def test_undone_file_is_not_loaded(world: World) -> None:
    file = world.bring()
    undo(world, file)
    golden("clearing", "undone", refused(world, file))
    assert world.rows() == 0


def undo(world: World, file: RegisteredFile) -> None:
    selected = world.warehouse.transaction(
        lambda current: select_files(current, Selection([file.file_id], statuses=tuple(Status)))
    )
    planned = Planner(LoadQueries(world.warehouse), world.s3).undo(selected)
    list(apply_plan(world.warehouse, planned, "undo"))


def test_file_that_is_done_meanwhile_is_left_alone(world: World) -> None:
    file = failed(world)
    loosen(world)
    clear(world, file)
    clear(world, file)
    assert world.rows() == 3
    assert [move[0] for move in moves(world)].count("Done") == 1


def test_file_in_another_run_is_not_taken(world: World) -> None:
    file = failed(world)
    world.query("UPDATE mng.files SET status = 'In Progress', run_id = 'run2'; SELECT 1")
    golden("clearing", "in another run", refused(world, file))


def test_file_that_failed_in_a_later_run_is_not_taken(world: World) -> None:
    file = failed(world)
    world.query("UPDATE mng.files SET run_id = 'run2', status_reason = 'copy_to_table: bad'; SELECT 1")
    golden("clearing", "failed in another run", refused(world, file))


def test_filtered_file_is_not_taken(world: World) -> None:
    file = failed(world)
    world.query("UPDATE mng.files SET status = 'Filtered Out', status_reason = 'newer by landed_at: b.csv'; SELECT 1")
    golden("clearing", "filtered out", refused(world, file))


def test_older_rows_do_not_replace_newer_ones(world: World) -> None:
    world.write_schema(table={"mode": "truncate"})
    file = failed(world)
    world.by = replace(world.by, run_id="run2")
    world.bring(GOOD, "newer.csv")
    world.by = replace(world.by, run_id="run1")
    loosen(world, table={"mode": "truncate"})
    golden("clearing", "overtaken", refused(world, file))
    assert world.rows() == 2


def test_archived_file_is_loaded_from_the_archive(world: World) -> None:
    file = failed(world)
    key = "old/trips.csv"
    version = world.s3.put_object(Bucket="lakeport-archive", Key=key, Body=BAD)["VersionId"]
    place = "archive_bucket = 'lakeport-archive', archive_key = %s, archive_version_id = %s"
    world.query(f"UPDATE mng.files SET {place}; SELECT 1", (key, version))  # noqa: S608
    world.s3.delete_object(Bucket=file.bucket, Key=file.key, VersionId=str(file.version_id))
    loosen(world)
    clear(world, file)
    assert world.rows() == 3


def test_run_cleared_before_its_callback_came_records_the_failure_first(world: World) -> None:
    file = world.claim(BAD)
    with pytest.raises(AirflowFailException):
        run(copy(world, file), world.by)
    loosen(world)
    clear(world, file)
    assert [move[0] for move in moves(world)] == ["New", "In Progress", "Fail", "In Progress", "Done"]
    fail(world, world.by)  # late
    assert [file.key in alert.title for alert, _ in world.sent] == [True]
    assert world.files() == [("Done", None)]


def test_late_callback_leaves_the_file_of_a_cleared_run_alone(world: World) -> None:
    file = failed(world)
    late = EndedRun(world.by.dag_id, world.by.run_id, "", ended_at=utc_now())
    cleared_at = utc_now() + SOON
    claim = MarkInProgressOperator(task_id="mark_in_progress", file_type=world.file_type, files=[file.to_xcom()])
    run(claim, world.by, cleared_at=cleared_at)
    name, table = world.file_type.name, world.file_type.table.name
    assert world.warehouse.transaction(lambda current: fail_files(current, late, name, table)) is None
    assert world.files()[0][0] == "In Progress"


def test_archive_refuses_a_file_that_is_not_loaded(world: World) -> None:
    file = failed(world)
    step = ArchiveFilesOperator(task_id="archive_files", file_type=world.file_type, files=[file.to_xcom()])
    with pytest.raises(AirflowFailException) as raised:
        run(step, world.by)
    golden("clearing", "archive refuses", str(raised.value).replace(world.name, "trips"))
    assert world.landed() == 1


@pytest.mark.parametrize("files", [None, [], "[]"])
def test_error_of_a_step_without_files_has_a_remedy(world: World, files: Any) -> None:
    steps = [
        FilterNewestOperator(task_id="filter_newest", file_type=world.file_type, files=files),
        TakeFilesOperator(task_id="take_files", file_type=world.file_type, files=files),
        MarkInProgressOperator(task_id="mark_in_progress", file_type=world.file_type, files=files),
        CopyFromS3Operator(task_id="copy_to_table", file_type=world.file_type, files=files),
        CopyAllFromS3Operator(task_id="copy_to_table", file_type=world.file_type, files=files),
        ArchiveFilesOperator(task_id="archive_files", file_type=world.file_type, files=files),
        MarkDoneOperator(task_id="mark_done", file_type=world.file_type, files=files),
    ]
    for step in steps:
        with raises_golden(AirflowFailException, "clearing", "step without files"):
            run(step, world.by)


def test_refusal_fails_no_waiting_file_and_sends_no_alert(world: World) -> None:
    file = world.register()
    error = AirflowFailException("refused")
    error.__cause__ = StepRefused("refused")
    callbacks.record_task_error({**context(world.by), "exception": error})
    ended = EndedRun(world.by.dag_id, world.by.run_id, "", started_at=utc_now(), ended_at=utc_now())
    name = world.file_type.name
    assert world.warehouse.transaction(lambda current: fail_files(current, ended, name, "lake.t")) is None
    [standing] = world.warehouse.transaction(lambda current: claims.standings(current, [file.file_id]))
    assert standing.status == Status.NEW


class Sensor:
    """The sensor of the world's file type, in a cleared run or in another."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.sensor = world, sensors.NewFilesSensor(task_id="wait_for_files", file_type=world.file_type)

        def poke(_: Any) -> Any:
            found = world.warehouse.transaction(self.sensor.list_files)
            return PokeReturnValue(bool(found), [file.to_xcom() for file in found]) if found else False

        monkeypatch.setattr(self.sensor, "poke", poke)

    def keys(self, *, is_cleared: bool = True, **dag_run: Any) -> list[str]:
        values = context(self.world.by, utc_now() + SOON if is_cleared else None)
        vars(values["dag_run"]).update(dag_run)
        return [file["key"].rpartition("/")[2] for file in self.sensor.execute(values)]


def test_cleared_run_finds_its_failed_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    failed(world)
    assert Sensor(world, monkeypatch).keys() == ["trips.csv"]
    with raises_golden(AirflowSkipException, "clearing", "no New file", "New"):
        Sensor(world, monkeypatch).keys(is_cleared=False)


def test_cleared_run_whose_file_is_done_is_skipped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.bring()
    with raises_golden(AirflowSkipException, "clearing", "every file is loaded", "trips.csv"):
        Sensor(world, monkeypatch).keys()


def test_cleared_run_whose_file_was_undone_fails(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    file = world.bring()
    undo(world, file)
    with raises_golden(AirflowFailException, "clearing", "the file was undone", file.key):
        Sensor(world, monkeypatch).keys()


@pytest.mark.parametrize(("run_id", "is_cleared"), [("backfill__2024-02-29", False), ("scheduled__2024-02-29", True)])
def test_runs_of_a_backfill_take_no_file(
    world: World, monkeypatch: pytest.MonkeyPatch, run_id: str, is_cleared: bool
) -> None:
    """Airflow runs them at the same time, new ones and those that it runs again: all but one of them would fail."""
    world.write_schema(schedule="0 6 * * *")
    world.register()
    world.by = replace(world.by, run_id=run_id)
    with raises_golden(AirflowSkipException, "clearing", "backfill", "replay"):
        Sensor(world, monkeypatch).keys(is_cleared=is_cleared, run_type=DagRunType.BACKFILL)


@pytest.mark.parametrize("is_cleared", [False, True])
def test_waiting_task_waits_again_after_it_was_cleared(
    world: World, monkeypatch: pytest.MonkeyPatch, is_cleared: bool
) -> None:
    world.write_schema(schedule="0 6 * * *")
    with pytest.raises(TaskDeferred):
        Sensor(world, monkeypatch).keys(is_cleared=is_cleared)


def test_configuration_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AirflowFailException) as raised:
        Sensor(world, monkeypatch).keys(is_cleared=False, conf={"file": "a.csv"})
    golden("clearing", "configuration", str(raised.value))


def test_cleared_filter_leaves_a_replayed_file_to_be_loaded(world: World) -> None:
    """The newest file is Done; the other was Filtered Out, and was replayed."""
    newest = world.bring(GOOD, "b.csv")
    other = world.register(GOOD, "a.csv")
    files = [newest.to_xcom(), other.to_xcom()]
    step = FilterNewestOperator(task_id="filter_newest", file_type=world.file_type, files=files)
    assert [file["key"] for file in run(step, world.by, cleared_at=utc_now() + SOON)] == [other.key]
    assert ("New", None) in world.files()


def test_file_whose_run_is_marked_as_successful_is_noted_once(world: World) -> None:
    failed(world)
    world.airflow.end("run1", "success")
    assert [problem for problem, _ in world.found()].count(MARKED) == 1
    assert "Airflow shows its run as successful" in world.files()[0][1]
    assert [problem for problem, _ in world.found()].count(MARKED) == 0


@pytest.mark.parametrize("state", ["failed", "success"])
def test_file_of_a_run_that_was_marked_is_finished_soon(world: World, state: str) -> None:
    file = world.load()
    world.airflow.end("run1", state)
    world.airflow.marked = [(world.by.dag_id, "run1")] if state == "success" else []
    world.airflow.runs[0]["updated_at"] = world.airflow.runs[0]["end_date"] = utc_now().isoformat() + "Z"
    found = finish_ended_runs(world.warehouse, world.airflow, None, grace=timedelta(0))
    assert found
    assert [each.action for each in found.findings] == ["archived, Done"]
    assert world.files() == [("Done", None)], file


def test_redshift_is_not_queried_while_no_run_failed_or_was_marked(world: World) -> None:
    world.airflow.add(world.by.dag_id, "run1", "success")

    def refuse() -> Any:
        raise AssertionError("Redshift is queried")

    assert finish_ended_runs(Warehouse(refuse), world.airflow, None) is None
