"""DAG runs in Airflow: their ids, their states, and the calls that list them.

A run's id is derived from the files it is started for, so a second start of the same run is answered with 409 and does
nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from lakeport.errors import AirflowUnavailable, UnknownDag
from lakeport.model import as_utc

ARRIVAL_PREFIX = "arrival"
RECONCILE = "reconcile"
QUEUED = "queued"
LIVE_STATES = (QUEUED, "running")
_PAGE_RUNS = 100  # Airflow's api.maximum_page_limit
Query = Mapping[str, str | int]


@dataclass(frozen=True)
class DagRun:
    """A DAG run in Airflow; `ended_at` is in UTC without a time zone."""

    dag_id: str
    run_id: str
    state: str
    ended_at: datetime | None

    @property
    def is_live(self) -> bool:
        """Return whether it has not ended."""
        return self.state in LIVE_STATES

    @property
    def has_begun(self) -> bool:
        """Return whether its tasks may have begun."""
        return self.state != QUEUED


class DagRunApi(Protocol):
    """An Airflow whose DAG runs can be started and listed."""

    def start(self, dag_id: str, run_id: str, run_after: datetime | None = None) -> bool:
        """Start the run, not before `run_after`, and return whether it is new; raises AirflowUnavailable, UnknownDag.

        Until then the run is queued.
        """

    def page(self, dag_id: str, query: Query) -> Any:
        """Return Airflow's answer to `GET /dags/<dag_id>/dagRuns`; raises AirflowUnavailable, UnknownDag."""

    def task_page(self, query: Query) -> Any:
        """Return Airflow's answer to `GET /dags/~/dagRuns/~/taskInstances`; raises AirflowUnavailable."""

    def pool_page(self, query: Query) -> Any:
        """Return Airflow's answer to `GET /pools`; raises AirflowUnavailable."""

    def address(self, dag_id: str, run_id: str) -> str:
        """Return where to find the run in Airflow."""


def runs(api: DagRunApi, dag_id: str = "~", **query: str | int) -> Iterator[DagRun]:
    """Yield the runs that match a query, ordered by id; `~` means all DAGs.

    Raises AirflowUnavailable, and UnknownDag if Airflow has no such DAG.
    """
    offset = 0
    while True:
        answer = api.page(dag_id, {"limit": _PAGE_RUNS, "offset": offset, "order_by": "id", **query})
        try:
            found = [_run(each) for each in answer["dag_runs"]]
        except (LookupError, TypeError, ValueError) as error:
            wrong = f"{dag_id}: Airflow's answer is not a list of DAG runs: {error!r}"
            raise AirflowUnavailable(f"{wrong}; check its address and that its version is 3") from error
        yield from found
        offset += len(found)
        if not found or offset >= answer.get("total_entries", 0):
            return


def never_started(api: DagRunApi, task_id: str, **query: str | int) -> set[tuple[str, str]]:
    """Return DAG and run of each task instance with this id that has a state although no attempt of it has started.

    Raises AirflowUnavailable.
    """
    found, offset = set[tuple[str, str]](), 0
    while True:
        page: Query = {"limit": _PAGE_RUNS, "offset": offset, "order_by": "id", "try_number": 0}
        answer = api.task_page({**page, **query, "task_id": task_id})
        tasks = answer["task_instances"]
        found |= {(task["dag_id"], task["dag_run_id"]) for task in tasks}
        offset += len(tasks)
        if not tasks or offset >= answer.get("total_entries", 0):
            return found


def run_of(api: DagRunApi, dag_id: str, run_id: str) -> DagRun | None:
    """Return one run, or None if Airflow has no such run or DAG."""
    try:
        return next((run for run in runs(api, dag_id, run_id_pattern=run_id) if run.run_id == run_id), None)
    except UnknownDag:
        return None


def latest_run_id(api: DagRunApi, dag_id: str) -> str:
    """Return the id of the DAG's newest run, or "" if it has none; raises UnknownDag."""
    return next((run.run_id for run in runs(api, dag_id, limit=1, order_by="-id")), "")


def arrival_run_id(file_ids: Iterable[str], occasion: str = "") -> str:
    """Return the id of the run for these files; another `occasion`, such as a replay, results in another id."""
    digest = hashlib.sha256("\n".join([*sorted(file_ids), occasion]).encode()).hexdigest()
    return f"{ARRIVAL_PREFIX}__{digest[:32]}"


def _run(values: Mapping[str, Any]) -> DagRun:
    ended_at = values["end_date"] and as_utc(datetime.fromisoformat(values["end_date"]))
    return DagRun(values["dag_id"], values["dag_run_id"], values["state"], ended_at)
