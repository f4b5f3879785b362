"""What only a real Airflow shows of the buttons in its UI: clear and mark, by the API calls that the UI makes.

tests/integration/test_clearing.py has every other case.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local import airflow_api
from tests.support.running_lakeport import Lakeport
from tests.support.waiting import until

COPY = "copy_to_table"
ENDED = ("success", "failed")


class Buttons:
    """The runs of one file type, and what an operator can press."""

    def __init__(self, lakeport: Lakeport, name: str) -> None:
        self.lakeport, self.name = lakeport, name

    def call(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        return airflow_api.call(self.lakeport.config, f"/dags/load_{self.name}{path}", body, method)

    def clear(self, run_id: str, *task_ids: str) -> None:
        """Clear tasks with those downstream, or the whole run."""
        body: dict[str, Any] = {"dry_run": False, "only_failed": False}
        if task_ids:
            body |= {"dag_run_id": run_id, "task_ids": task_ids, "reset_dag_runs": True, "include_downstream": True}
            self.call("/clearTaskInstances", body)
        else:
            self.call(f"/dagRuns/{run_id}/clear", body)

    def mark_task(self, run_id: str, task_id: str, state: str) -> None:
        self.call(f"/dagRuns/{run_id}/taskInstances/{task_id}", {"new_state": state}, "PATCH")

    def states(self, run_id: str) -> dict[str, str]:
        tasks = self.call(f"/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {task["task_id"]: task["state"] for task in tasks}

    def ended(self, run_id: str) -> str:
        """Wait until the run has ended and return its state."""
        return str(until(lambda: (s := self.call(f"/dagRuns/{run_id}")["state"]) in ENDED and s))

    def log(self, run_id: str, task_id: str) -> str:
        path = f"/dagRuns/{run_id}/taskInstances/{task_id}"
        number = self.call(path)["try_number"]
        return json.dumps(self.call(f"{path}/logs/{number}?full_content=true"), ensure_ascii=False)

    def moves(self, file_id: str) -> list[str]:
        query = "SELECT to_status FROM mng.status_log WHERE file_id = %s ORDER BY moved_at"
        return [row[0] for row in self.lakeport.query(query, (file_id,))]

    def titles(self, key: str) -> list[str]:
        """Return the titles of the Slack messages about a file."""
        messages = self.lakeport.slack_messages()
        return [each["blocks"][0]["text"]["text"] for each in messages if key in each["text"]]

    @contextmanager
    def wrong_table(self) -> Iterator[None]:
        """Put a table in the way that the schema does not fit."""
        self.lakeport.query(f"ALTER TABLE lake.{self.name} RENAME TO kept_{self.name}; SELECT 1")
        self.lakeport.query(f"CREATE TABLE lake.{self.name} (carrier INTEGER); SELECT 1")
        yield
        self.lakeport.query(f"DROP TABLE lake.{self.name}; SELECT 1")
        self.lakeport.query(f"ALTER TABLE lake.kept_{self.name} RENAME TO {self.name}; SELECT 1")


@pytest.mark.usefixtures("loaded_demo")  # there is a table
def test_clearing_a_failed_run_loads_its_file_and_reports_it(lakeport: Lakeport) -> None:
    buttons, key = Buttons(lakeport, "airlines"), "airlines/airlines_cleared.csv"
    with buttons.wrong_table():
        version = lakeport.drop("airlines.csv", key)
        run_id = lakeport.wait_for(version, "Fail")["run_id"]
        assert buttons.ended(run_id) == "failed"
        until(lambda: len(buttons.titles(key)) == 1)

    buttons.clear(run_id)

    file = lakeport.wait_for(version, "Done")
    assert (file["run_id"], buttons.ended(run_id)) == (run_id, "success")
    assert buttons.moves(file["file_id"]) == ["New", "In Progress", "Fail", "In Progress", "Done"]
    failed, recovered = until(lambda: len(found := buttons.titles(key)) == 2 and found)
    assert ("failed in" in failed, "is Done after failing" in recovered) == (True, True)


def test_cleared_and_marked_tasks_lose_nothing_and_explain_why(lakeport: Lakeport) -> None:
    airlines, weather = Buttons(lakeport, "airlines"), Buttons(lakeport, "weather")
    undone = lakeport.wait_for(lakeport.drop("airlines.csv", "airlines/airlines_undone.csv"), "Done")
    version = lakeport.drop("damaged/weather_2013_damaged.csv.gz", "weather/weather_marked.csv.gz")
    lakeport.command("undo", undone["file_id"][:12], "--yes")
    marked = lakeport.wait_for(version, "Fail")
    assert weather.ended(marked["run_id"]) == "failed"

    airlines.clear(undone["run_id"], COPY)
    weather.mark_task(marked["run_id"], COPY, "success")

    assert airlines.ended(undone["run_id"]) == "failed"
    assert "was undone" in airlines.log(undone["run_id"], COPY)
    until(lambda: weather.states(marked["run_id"])["archive_files"] == "failed")
    assert "clear the whole run" in weather.log(marked["run_id"], "archive_files")
    assert lakeport.file(version)["status"] == "Fail"
    assert lakeport.file(version)["archive_key"] is None
