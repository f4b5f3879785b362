"""An Airflow with the runs that a test gives it; it answers about them as Airflow 3.2 does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lakeport.errors import AirflowUnavailable, UnknownDag

LONG_AGO = "2020-01-01T00:00:00Z"


@dataclass
class AirflowStandIn:
    """A DagRunApi over a list of runs; `started` are those that were asked for."""

    runs: list[dict[str, Any]] = field(default_factory=list)
    started: list[tuple[str, str]] = field(default_factory=list)
    marked: list[tuple[str, str]] = field(default_factory=list)
    """Runs that somebody marked as successful."""
    missing_dags: set[str] = field(default_factory=set)
    pools: list[str] = field(default_factory=lambda: ["default_pool"])
    is_down: bool = False

    def add(self, dag_id: str, run_id: str, state: str, end_date: str | None = LONG_AGO) -> None:
        end = None if state in ("queued", "running") else end_date
        values = {"dag_id": dag_id, "dag_run_id": run_id, "state": state, "end_date": end, "updated_at": end}
        self.runs.append(values)

    def end(self, run_id: str, state: str) -> None:
        for run in self.runs:
            if run["dag_run_id"] == run_id:
                run.update(state=state, end_date=LONG_AGO)

    def start(
        self,
        dag_id: str,
        run_id: str,
        run_after: datetime | None = None,  # noqa: ARG002 - DagRunApi has it
    ) -> bool:
        self._answer(dag_id)
        if any((run["dag_id"], run["dag_run_id"]) == (dag_id, run_id) for run in self.runs):
            return False
        self.add(dag_id, run_id, "queued")
        self.started.append((dag_id, run_id))
        return True

    def page(self, dag_id: str, query: Mapping[str, str | int]) -> Any:
        self._answer(dag_id)
        found = [run for run in self.runs if dag_id in ("~", run["dag_id"])]
        if "state" in query:
            found = [run for run in found if run["state"] == query["state"]]
        if "updated_at_gte" in query:
            found = [run for run in found if str(run["updated_at"]) >= str(query["updated_at_gte"])]
        found = [run for run in found if str(query.get("run_id_pattern", "")) in run["dag_run_id"]]
        if query["order_by"] == "-id":
            found.reverse()
        offset = int(query["offset"])
        return {"dag_runs": found[offset : offset + int(query["limit"])], "total_entries": len(found)}

    def task_page(self, query: Mapping[str, str | int]) -> Any:
        """Return the tasks that somebody marked; the test sets them."""
        self._answer("~")
        tasks = [{"dag_id": dag_id, "dag_run_id": run_id} for dag_id, run_id in self.marked]
        return {"task_instances": tasks[int(query["offset"]) :], "total_entries": len(tasks)}

    def pool_page(self, query: Mapping[str, str | int]) -> Any:
        self._answer("~")
        pools = [{"name": name} for name in self.pools]
        return {"pools": pools[int(query["offset"]) :], "total_entries": len(pools)}

    def address(self, dag_id: str, run_id: str) -> str:
        return f"http://airflow.example/dags/{dag_id}/runs/{run_id}"

    def _answer(self, dag_id: str) -> None:
        if self.is_down:
            raise AirflowUnavailable(f"{dag_id}: cannot connect to Airflow")
        if dag_id in self.missing_dags:
            raise UnknownDag(f"{dag_id}: Airflow answered 404")
