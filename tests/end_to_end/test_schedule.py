"""Scheduled types: they wait in the triggerer, load many files in several runs, and skip runs without files."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lakeport import settings
from local import airflow_api, stack
from local.aws import names
from local.config import REPOSITORY
from tests.support.command import Command
from tests.support.running_lakeport import Lakeport
from tests.support.waiting import until

SCHEMA = """\
description: Tickets, one row per ticket.
owner: tests
landing:
  pattern: "{name}/*.csv"
  select: all
  max_files: 2
format: {{type: csv, header_lines: 1}}
table: {{name: lake.{name}}}
columns:
  - {{name: id, type: integer, required: true}}
schedule: "{cron}"
wait: {{every: 2s, for: {wait}}}
retries: 0
"""
# Airflow passes over files in which its name does not stand.
DAG_FILE = """\
# A DAG for Airflow.
from pathlib import Path

from lakeport.airflow.load_dag import dag_of_schema

dag = dag_of_schema(Path({path!r}))
"""
NEVER = "0 0 29 2 *"
Add = Callable[..., str]


@pytest.fixture
def add(lakeport: Lakeport, command: Command, tmp_path: Path) -> Iterator[Add]:
    """Deploy a separate type beside the committed ones for this test, and return its DAG's id."""
    more_dags, added = lakeport.config.more_dags, list[str]()
    assert more_dags
    index = {"Bucket": names.CODE_BUCKET, "Key": settings.INDEX_KEY}
    before = lakeport.client("s3").get_object(**index)["Body"].read()

    def run(name: str, cron: str, wait: str) -> str:
        folder = tmp_path / "schemas"
        shutil.copytree(REPOSITORY / "schemas", folder, dirs_exist_ok=True)
        (folder / f"{name}.yaml").write_text(SCHEMA.format(name=name, cron=cron, wait=wait))
        variables = os.environ | stack.shell_environment(lakeport.config) | {"LAKEPORT_SCHEMAS": str(folder)}
        published = command.run(["publish"], variables)
        assert published.returncode == 0, published.stderr
        (more_dags / f"{name}.py").write_text(DAG_FILE.format(path=str(folder / f"{name}.yaml")))
        added.append(name)
        until(lambda: name in dag_names(lakeport))
        return f"load_{name}"

    yield run
    lakeport.client("s3").put_object(**index, Body=before)
    for name in added:
        airflow_api.call(lakeport.config, f"/dags/load_{name}", {"is_paused": True}, "PATCH")
        (more_dags / f"{name}.py").unlink()


def dag_names(lakeport: Lakeport) -> set[str]:
    return {dag["dag_id"].removeprefix("load_") for dag in lakeport.airflow("/dags?limit=100")["dags"]}


def drop(lakeport: Lakeport, key: str, number: int) -> str:
    body = f"id\n{number}\n".encode()
    return str(lakeport.client("s3").put_object(Bucket=names.LANDING_BUCKET, Key=key, Body=body)["VersionId"])


def start(lakeport: Lakeport, dag_id: str, run_id: str) -> None:
    airflow_api.call(lakeport.config, f"/dags/{dag_id}/dagRuns", {"dag_run_id": run_id, "logical_date": None})


def states(lakeport: Lakeport, dag_id: str, run_id: str) -> dict[str, str]:
    tasks = lakeport.airflow(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
    return {task["task_id"]: task["state"] for task in tasks}


def runs(lakeport: Lakeport, dag_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lakeport.airflow(f"/dags/{dag_id}/dagRuns?order_by=run_after")["dag_runs"]
    return found


def test_scheduled_run_waits_deferred_and_loads_arriving_files(lakeport: Lakeport, add: Add) -> None:
    dag_id = add("tickets", "* * * * *", "30s")
    run = until(lambda: next(iter(runs(lakeport, dag_id)), None))
    assert run["run_type"] == "scheduled"
    until(lambda: states(lakeport, dag_id, run["dag_run_id"]).get("wait_for_files") == "deferred")
    file = lakeport.wait_for(drop(lakeport, "tickets/a.csv", 1), "Done", "Fail")
    assert (file["status"], file["run_id"]) == ("Done", run["dag_run_id"])
    assert lakeport.rows("lake.tickets") == 1
    until(lambda: set(states(lakeport, dag_id, run["dag_run_id"]).values()) == {"success"})
    assert {each["run_type"] for each in runs(lakeport, dag_id)} == {"scheduled"}  # the arrival started none


def test_run_without_files_is_skipped(lakeport: Lakeport, add: Add) -> None:
    dag_id = add("vouchers", NEVER, "6s")
    start(lakeport, dag_id, "manual__one")
    run = until(lambda: (run := ended(lakeport, dag_id, "manual__one")) and run)
    assert run["state"] == "success"
    assert set(states(lakeport, dag_id, "manual__one").values()) == {"skipped"}
    assert [message for message in lakeport.slack_messages() if dag_id in json.dumps(message)] == []


def test_files_beyond_the_limit_of_a_run_get_further_runs(lakeport: Lakeport, add: Add) -> None:
    """Five files that land between two times of a schedule, two a run: one run starts the next."""
    dag_id = add("passes", NEVER, "1m")
    versions = [drop(lakeport, f"passes/{number}.csv", number) for number in range(5)]
    for version in versions:
        lakeport.wait_for(version, "New")
    time.sleep(2)
    assert runs(lakeport, dag_id) == []
    start(lakeport, dag_id, "manual__one")
    files = [lakeport.wait_for(version, "Done", "Fail") for version in versions]
    assert {file["status"] for file in files} == {"Done"}
    assert lakeport.rows("lake.passes") == 5
    taken = [file["run_id"] for file in files]
    counts = {run_id: taken.count(run_id) for run_id in taken}
    assert sorted(counts.values()) == [1, 2, 2]
    until(lambda: all(each["state"] == "success" for each in runs(lakeport, dag_id)))
    assert [each["dag_run_id"].split("__")[0] for each in runs(lakeport, dag_id)] == ["manual", "arrival", "arrival"]


def ended(lakeport: Lakeport, dag_id: str, run_id: str) -> dict[str, Any] | None:
    run: dict[str, Any] = lakeport.airflow(f"/dags/{dag_id}/dagRuns/{run_id}")
    return run if run["state"] in ("success", "failed") else None
