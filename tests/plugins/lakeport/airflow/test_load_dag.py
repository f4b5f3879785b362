"""Airflow reads one DAG for each schema, and an invalid schema does not affect the others."""

from __future__ import annotations

import json
import os
import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, BaseOperator, CronTriggerTimetable
from airflow.sdk.exceptions import AirflowFailException
from airflow.serialization.serialized_objects import DagSerialization

from lakeport.airflow.callbacks import FailRun
from lakeport.airflow.invalid_schema_dag import InvalidSchemaOperator
from lakeport.airflow.load_dag import dag_id_of_path, dags_of_schemas, load_dag
from lakeport.airflow.sensors import NewFilesSensor
from lakeport.loading.plan import task_ids
from lakeport.schema.reader import read_file_type, schema_paths
from tests.support.file_types import make_file_type
from tests.support.golden import raises_golden

REPOSITORY = Path(__file__).parents[4]
SCHEMAS = schema_paths(REPOSITORY / "schemas")
STEPS = [
    "wait_for_files",
    "filter_newest",
    "mark_in_progress",
    "create_table",
    "prepare_files",
    "copy_to_table",
    "archive_files",
    "mark_done",
    "rejects_reported",
]
STEPS_OF_ALL = ["wait_for_files", "take_files", "start_next_run", *STEPS[2:-1], "all_files_loaded", STEPS[-1]]
GOOD = (REPOSITORY / "schemas" / "airlines.yaml").read_text()

Build = Callable[..., dict[str, DAG]]


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Write schemas into a new folder and let the DAG file build them, as Airflow does."""
    monkeypatch.setenv("LAKEPORT_SCHEMAS", str(tmp_path))

    def run(**schemas: str) -> dict[str, DAG]:
        for name, text in schemas.items():
            (tmp_path / name).write_text(text)
        found = runpy.run_path(str(REPOSITORY / "dags" / "load_files.py"))
        return {dag_id: dag for dag_id, dag in found.items() if isinstance(dag, DAG)}

    return run


def in_order(dag: DAG) -> list[str]:
    """Return the task ids of a DAG that is one chain, from its first task to its last."""
    [task] = dag.roots
    order = [task.task_id]
    while task.downstream_list:
        following = [each for each in task.downstream_list if not each.upstream_task_ids - set(order)]
        [task] = following
        order.append(task.task_id)
    return order


def serialized(dag: DAG) -> str:
    """Return what Airflow stores of a DAG; it must be UTF-8 without NUL."""
    text = json.dumps(DagSerialization.to_dict(dag), ensure_ascii=False)
    assert "\\u0000" not in text
    assert text.encode()
    return text


def is_invalid(dag: DAG) -> bool:
    return dag.task_ids == ["schema_is_invalid"]


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(REPOSITORY))) for path in SCHEMAS])
def test_load_dag_has_its_tasks_in_order(path: Path) -> None:
    file_type = read_file_type(path)
    dag = load_dag(file_type)

    steps = STEPS if file_type.landing.select == "newest" else STEPS_OF_ALL
    left_out = {"prepare_files"} if not file_type.is_prepared else set()
    left_out |= {"rejects_reported"} if file_type.rejects.warn is None else set()
    assert in_order(dag) == [step for step in steps if step not in left_out]
    assert list(task_ids(file_type)) == in_order(dag), "./lakeport plan shows these tasks"
    assert dag.dag_id == f"load_{path.stem}"


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(REPOSITORY))) for path in SCHEMAS])
def test_load_dag_can_be_serialized(path: Path) -> None:
    """The scheduler never gets a DAG that cannot be serialized."""
    assert f"load_{path.stem}" in serialized(load_dag(read_file_type(path)))


def test_dag_file_makes_a_dag_for_every_committed_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAKEPORT_SCHEMAS", raising=False)

    found = runpy.run_path(str(REPOSITORY / "dags" / "load_files.py"))

    dags = {name: dag for name, dag in found.items() if isinstance(dag, DAG)}
    assert set(dags) == {f"load_{path.stem}" for path in SCHEMAS}
    assert not any(map(is_invalid, dags.values()))


def test_dag_bag_is_complete_and_without_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """The DAG processor skips files that it does not recognize as DAG files."""
    monkeypatch.delenv("LAKEPORT_SCHEMAS", raising=False)

    bag = DagBag(REPOSITORY / "dags", include_examples=False)

    assert bag.import_errors == {}
    assert {"reconcile", *(f"load_{path.stem}" for path in SCHEMAS)} <= set(bag.dags)


@pytest.mark.parametrize("task_id", ["wait_for_files", "start_next_run", "mark_done"])
def test_process_of_a_task_has_all_tasks_and_its_own_operator(monkeypatch: pytest.MonkeyPatch, task_id: str) -> None:
    """It never runs the others, and two of their operators take long to import."""
    whole = load_dag(make_file_type(landing={"pattern": "trips/*.csv", "select": "all"}))
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", whole.dag_id)
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", task_id)

    dag = load_dag(make_file_type(landing={"pattern": "trips/*.csv", "select": "all"}))

    assert list(dag.task_dict) == list(whole.task_dict)
    assert type(dag.get_task(task_id)) is type(whole.get_task(task_id))
    others = {each.task_id for each in dag.tasks if type(each) is BaseOperator}
    assert others == {"wait_for_files", "start_next_run"} - {task_id}


def test_two_runs_of_a_type_never_overlap() -> None:
    dag = load_dag(make_file_type())

    assert dag.max_active_runs == 1
    assert dag.catchup is False
    assert not dag.is_paused_upon_creation


def test_tasks_of_a_run_that_has_begun_come_before_those_that_begin_one() -> None:
    """Runs that begin later take more files; with Airflow's own rule, all runs that are due would begin at once."""
    tasks = [load_dag(make_file_type()).get_task(name) for name in ("wait_for_files", "copy_to_table", "mark_done")]

    assert {task.weight_rule for task in tasks} == {"upstream"}
    assert {task.priority_weight for task in tasks} == {1}


def test_runs_start_as_files_arrive_or_at_the_times_of_a_cron_schedule() -> None:
    assert load_dag(make_file_type()).schedule is None

    dag = load_dag(make_file_type(schedule="30 6 * * 1-5"))

    assert dag.schedule == CronTriggerTimetable("30 6 * * 1-5", timezone="UTC")
    assert "CronTriggerTimetable" in serialized(dag)
    sensor = dag.get_task("wait_for_files")
    assert isinstance(sensor, NewFilesSensor)
    assert sensor.waits_in_trigger


def test_schema_sets_owner_retries_and_waiting() -> None:
    dag = load_dag(make_file_type(owner="trip-data", retries=7, retry_delay="20s", wait={"every": "5s", "for": "2m"}))

    assert {task.owner for task in dag.tasks} == {"trip-data"}
    delays = {(task.retries, task.retry_delay.seconds, task.retry_exponential_backoff) for task in dag.tasks}
    assert delays == {(7, 20, 2.0)}
    sensor = dag.get_task("wait_for_files")
    assert isinstance(sensor, NewFilesSensor)
    assert (sensor.poke_interval, sensor.timeout, sensor.mode, sensor.soft_fail) == (5, 120, "poke", True)


def test_failures_are_recorded_by_each_task_and_alerted_by_the_run() -> None:
    """A task's own callback never runs when its process is killed; the run's does."""
    dag = load_dag(make_file_type())

    assert isinstance(dag.on_failure_callback, FailRun)
    assert all(task.on_failure_callback and task.on_retry_callback for task in dag.tasks)


def test_last_step_updates_the_tables_asset() -> None:
    [asset] = load_dag(make_file_type(table={"name": "mart.rides"})).get_task("mark_done").outlets

    assert asset.name == "lake/mart/rides"


def test_table_with_the_longest_name_has_a_dag() -> None:
    """Airflow refuses tags of more than 100 characters."""
    dag = load_dag(make_file_type(name="a" * 45, table={"name": f"{'s' * 127}.{'t' * 127}"}))

    assert serialized(dag)


@pytest.mark.parametrize(
    "text", ["{{ 1 / 0 }}", "{% raw %}", "a|b\n\n# c", "<script>alert(1)</script>", "x.md", "é🛫", "%(x)s"]
)
def test_hostile_description_is_rendered_as_text(text: str) -> None:
    columns = [{"name": "id", "type": "integer", "description": text}]

    dag = load_dag(make_file_type(description=text, owner=text, columns=columns))

    assert dag.description == text
    assert serialized(dag)


def test_invalid_schema_affects_only_its_own_dag(build: Build) -> None:
    dags = build(**{"airlines.yaml": GOOD, "trips.yaml": "owner: [", "zones.yaml": GOOD})

    assert set(dags) == {"load_airlines", "load_trips", "load_zones"}
    assert [dag_id for dag_id, dag in dags.items() if is_invalid(dag)] == ["load_trips"]


def test_dag_of_an_invalid_schema_shows_all_its_problems(build: Build) -> None:
    text = GOOD.replace("retries: 2", "retrys: 2").replace("char(2)", "chr(2)")
    [dag] = build(**{"trips.yaml": text}).values()

    assert dag.description
    assert dag.description.startswith("INVALID SCHEMA: ")
    for problem in ("columns[0].type: 'chr(2)' is not a column type", "retrys: unknown key"):
        assert problem in (dag.doc_md or "")
    assert "invalid schema" in dag.tags
    assert serialized(dag)


def test_run_of_an_invalid_schema_fails_with_its_problems(build: Build) -> None:
    [dag] = build(**{"trips.yaml": "owner: ["}).values()

    task = dag.get_task("schema_is_invalid")
    assert isinstance(task, InvalidSchemaOperator)
    with raises_golden(AirflowFailException, "airflow", "invalid schema", "trips.yaml:2"):
        task.execute({})


HOSTILE_NAMES = [
    "a_b.yaml",
    "a~b.yaml",
    "a-b.yaml",
    "a.b.yaml",
    "A_b.yaml",
    "a_b.yml",
    "ä.yaml",
    "ö.yaml",
    "{{x}}.yaml",
    "a\nb.yaml",
    "tr\udcffps.yaml",
    "1.yaml",
    " .yaml",
    "a" * 46 + ".yaml",
    "a" * 47 + ".yaml",
    "$(id).yaml",
]


def test_every_hostile_name_gets_a_separate_dag(build: Build) -> None:
    """And none replaces the DAG of a valid schema."""
    dags = build(**dict.fromkeys(HOSTILE_NAMES, GOOD))

    assert len(dags) == len(HOSTILE_NAMES)
    assert [dag_id for dag_id, dag in dags.items() if not is_invalid(dag)] == ["load_a_b"]
    for dag_id, dag in dags.items():
        assert dag.dag_id == dag_id
        assert len(dag_id) <= 50
        assert serialized(dag)


@pytest.mark.parametrize("only", ["load_b", dag_id_of_path(Path("b-b.yaml"))])
def test_task_builds_only_its_own_dag(build: Build, monkeypatch: pytest.MonkeyPatch, only: str) -> None:
    """If not, every task would read all schemas when it starts."""
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", only)

    assert list(build(**{"a.yaml": GOOD, "b.yaml": GOOD, "b-b.yaml": GOOD, "c.yaml": "["})) == [only]


def test_order_of_the_dags_is_stable(build: Build) -> None:
    build(**dict.fromkeys(["c.yaml", "a.yaml", "b.yaml"], GOOD))

    assert [dag.dag_id for dag in dags_of_schemas()] == ["load_a", "load_b", "load_c"]


def test_missing_schema_folder_is_an_error(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEPORT_SCHEMAS", os.devnull)

    with pytest.raises(NotADirectoryError):
        build()


def test_parsing_needs_no_network_and_no_database(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A DAG file that waits for a service would exceed the parsing time-out."""

    def refuse(*_: object) -> None:
        raise AssertionError("parsing opened a connection")

    monkeypatch.setattr("socket.socket.connect", refuse)

    assert not is_invalid(build(**{"trips.yaml": GOOD})["load_trips"])


def test_copy_leads_to_the_files_of_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    copy: Any = load_dag(make_file_type()).get_task("copy_to_table")
    [link] = copy.operator_extra_links
    key: Any = SimpleNamespace(dag_id="load_trips", run_id="manual__2026-11-28T10:00:00+00:00")
    address = "files/?dag=load_trips&run=manual__2026-11-28T10%3A00%3A00%2B00%3A00"

    for base in ("https://airflow.example.com", "https://airflow.example.com/"):
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", base)
        assert link.get_link(copy, ti_key=key) == f"https://airflow.example.com/{address}"
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "")
    assert link.get_link(copy, ti_key=key) == f"/{address}"
