"""What Airflow's scheduler, executor and API do for Lakeport, in one object: light enough for thousands of runs.

The tasks are the real DAG's, run by Airflow's real task runner in separate processes (see attempts).  Left out are
Airflow's database, scheduler, executor, triggerer and API server themselves: a run's tasks are tried here one behind
the other, at once and without a delay between tries.  Deferred tasks are not known.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from airflow.callbacks.callback_requests import DagCallbackRequest, DagRunContext
from airflow.sdk import DAG
from airflow.sdk.api.datamodels._generated import (
    BundleInfo,
    DagRun,
    DagRunState,
    DagRunType,
    TaskInstance,
    TaskInstanceState,
    TIRunContext,
)
from airflow.sdk.exceptions import ErrorType
from airflow.sdk.execution_time import comms

from local.config import HOST
from tests.torture.attempt import RunCallback, Task
from tests.torture.attempts import Attempts, Outcome
from tests.torture.gate import Cut

BUNDLE = "dags-folder"
FindDag = Callable[[str], DAG | None]
CutFor = Callable[[str, int], Cut | None]
"""Return the cut of a task's try, if it has one."""


@dataclass
class Run:
    """A DAG run."""

    dag_id: str
    run_id: str
    state: str = "queued"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    states: dict[str, str] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    xcoms: dict[tuple[str, str], Any] = field(default_factory=dict)
    clear_number: int = 0
    is_marked: bool = False
    """Whether somebody marked one of its tasks by hand."""

    def model(self) -> DagRun:
        """Return the run as Airflow's tasks see it."""
        moment = self.started_at or datetime.now(UTC)
        return DagRun(
            dag_id=self.dag_id,
            run_id=self.run_id,
            run_after=moment,
            start_date=moment,
            end_date=self.ended_at,
            clear_number=self.clear_number,
            run_type=DagRunType.MANUAL,
            state=DagRunState(self.state),
            consumed_asset_events=[],
        )

    def json(self) -> dict[str, Any]:
        """Return the run as the REST API shows it."""
        moments = {"start_date": self.started_at, "end_date": self.ended_at}
        return {
            "dag_id": self.dag_id,
            "dag_run_id": self.run_id,
            "state": self.state,
            **{name: moment and moment.isoformat() for name, moment in moments.items()},
        }


class LightAirflow:
    """Take requests for runs by REST, and run them on request."""

    def __init__(self, attempts: Attempts, find_dag: FindDag, dag_file: Callable[[str], str]) -> None:
        self.attempts = attempts
        self.find_dag = find_dag
        self.dag_file = dag_file
        self.runs: dict[tuple[str, str], Run] = {}
        self.lock = threading.Lock()
        self.outcomes: list[tuple[str, Outcome]] = []
        """Each try of the run that was driven last."""
        self._api = _Api((HOST, 0), _Handler)
        self._api.airflow = self
        self.port: int = self._api.server_address[1]
        threading.Thread(target=self._api.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def close(self) -> None:
        """Answer no more."""
        self._api.shutdown()
        self._api.server_close()

    def create(self, dag_id: str, run_id: str) -> bool:
        """Note a run and return whether it is new."""
        with self.lock:
            is_new = (dag_id, run_id) not in self.runs
            self.runs.setdefault((dag_id, run_id), Run(dag_id, run_id))
            return is_new

    def queued(self) -> list[Run]:
        """Return the runs that wait, the oldest first."""
        with self.lock:
            return [run for run in self.runs.values() if run.state == "queued"]

    def clear(self, run: Run, task_ids: Collection[str] = (), *, is_downstream: bool = True) -> None:
        """Clear the whole run, or some tasks of it with those that follow, as the buttons of Airflow's UI do."""
        dag = self.find_dag(run.dag_id)
        if dag is None:
            raise LookupError(run.dag_id)
        cleared = set(task_ids) or set(dag.task_ids)
        if task_ids and is_downstream:
            cleared |= {each for task_id in task_ids for each in dag.get_task(task_id).get_flat_relative_ids()}
        for task_id in cleared:
            run.states.pop(task_id, None)
        run.xcoms = {place: value for place, value in run.xcoms.items() if place[0] not in cleared}
        run.state, run.started_at, run.ended_at, run.clear_number = "queued", None, None, run.clear_number + 1

    def mark_success(self, run: Run, task_id: str) -> None:
        """Mark a task as successful by hand: the tasks that it kept from running run."""
        run.is_marked = True
        blocked = [each for each, state in run.states.items() if state == "upstream_failed"]
        run.states[task_id] = "success"
        if blocked:
            self.clear(run, blocked, is_downstream=False)
        elif not {"failed", "upstream_failed"} & set(run.states.values()):
            run.state = "success"

    def delete(self, run: Run) -> None:
        """Delete the run; another may get its id."""
        with self.lock:
            del self.runs[run.dag_id, run.run_id]

    def drive(self, run: Run, cut_for: CutFor = lambda *_: None, *, is_abandoned: bool = False) -> None:
        """Bring a run to its end, each task at most as often as its retries allow.

        `is_abandoned`: the first killed task is not tried again, as though all tries met the same end.
        """
        dag = self.find_dag(run.dag_id)
        if dag is None:
            raise LookupError(run.dag_id)
        run.state, run.started_at = "running", run.started_at or datetime.now(UTC)
        self.outcomes = []
        order = TopologicalSorter({task.task_id: task.upstream_task_ids for task in dag.tasks}).static_order()
        for task_id in order:
            if task_id in run.states:
                continue  # only other tasks were cleared
            before = {run.states[each] for each in dag.get_task(task_id).upstream_task_ids}
            if before <= {"success"}:
                run.states[task_id] = self._try(run, dag, task_id, cut_for, is_abandoned=is_abandoned)
            else:
                run.states[task_id] = "upstream_failed" if before & {"failed", "upstream_failed"} else "skipped"
        has_failed = {"failed", "upstream_failed"} & set(run.states.values())
        run.state, run.ended_at = "failed" if has_failed else "success", datetime.now(UTC)

    def call_back(self, run: Run, cut: Cut | None = None) -> Outcome:
        """Call the failed run's on_failure_callback, as the dag-processor does."""
        request = DagCallbackRequest(
            filepath=self.dag_file(run.dag_id),
            bundle_name=BUNDLE,
            bundle_version=None,
            dag_id=run.dag_id,
            run_id=run.run_id,
            context_from_server=DagRunContext.model_validate(
                {"dag_run": run.model().model_dump(), "last_ti": self._instance(run, self._last(run), 1).model_dump()}
            ),
            msg="task_failure",
        )
        outcome = self.attempts.run(RunCallback(request), cut, lambda message: self._answer(run, message))
        if outcome.error and not outcome.done_to:
            raise RuntimeError(outcome.error)
        return outcome

    def _try(self, run: Run, dag: DAG, task_id: str, cut_for: CutFor, *, is_abandoned: bool) -> str:
        retries, earlier = int(dag.get_task(task_id).retries or 0), run.tries.get(task_id, 0)
        for number in range(earlier + 1, earlier + retries + 2):
            run.tries[task_id] = number
            run.states[task_id] = "running"
            outcome = self._attempt(run, task_id, number, earlier + retries, cut_for(task_id, number))
            self.outcomes.append((task_id, outcome))
            if outcome.is_killed and is_abandoned:
                return "failed"
            if run.states[task_id] in ("success", "skipped", "failed"):
                break
        return run.states[task_id] if run.states[task_id] in ("success", "skipped") else "failed"

    def _attempt(self, run: Run, task_id: str, number: int, max_tries: int, cut: Cut | None) -> Outcome:
        details = comms.StartupDetails(
            ti=self._instance(run, task_id, number),
            dag_rel_path=self.dag_file(run.dag_id),
            bundle_info=BundleInfo(name=BUNDLE, version=None),
            start_date=datetime.now(UTC),
            ti_context=TIRunContext(dag_run=run.model(), max_tries=max_tries, should_retry=number <= max_tries),
            sentry_integration="",
        )
        is_current = [True]

        def answer(message: Any) -> Any:
            return self._answer(run, message, task_id if is_current[0] else "")

        outcome = self.attempts.run(Task(details), cut, answer)
        is_current[0] = False  # a process given up goes on, and Airflow takes no state from it
        return outcome

    def _instance(self, run: Run, task_id: str, number: int) -> TaskInstance:
        return TaskInstance(
            id=uuid.uuid4(),
            task_id=task_id,
            dag_id=run.dag_id,
            run_id=run.run_id,
            try_number=number,
            dag_version_id=uuid.uuid4(),
            map_index=-1,
        )

    def _last(self, run: Run) -> str:
        return next((task_id for task_id, state in run.states.items() if state == "failed"), next(iter(run.states)))

    def _answer(self, run: Run, message: Any, task_id: str = "") -> Any:  # noqa: PLR0911 - as many as there are messages
        match message:
            case comms.GetXCom():
                return comms.XComResult(key=message.key, value=run.xcoms.get((message.task_id, message.key)))
            case comms.GetXComSequenceSlice():
                value = run.xcoms.get((message.task_id, message.key))
                return comms.XComSequenceSliceResult(root=[] if value is None else [value])
            case comms.SetXCom() if task_id:
                run.xcoms[message.task_id, message.key] = message.value
            case comms.ValidateInletsAndOutlets():
                return comms.InactiveAssetsResult(inactive_assets=[])
            case comms.TriggerDagRun():
                if not self.create(message.dag_id, message.run_id):
                    return comms.ErrorResponse(error=ErrorType.DAGRUN_ALREADY_EXISTS)
            case comms.GetConnection():
                return comms.ErrorResponse(error=ErrorType.CONNECTION_NOT_FOUND)
            case comms.GetVariable():
                return comms.ErrorResponse(error=ErrorType.VARIABLE_NOT_FOUND)
            case comms.SucceedTask() if task_id:
                run.states[task_id] = "success"
            case comms.RetryTask() if task_id:
                run.states[task_id] = "up_for_retry"
            case comms.TaskState() if task_id:
                run.states[task_id] = str(TaskInstanceState(message.state).value)
        return comms.OKResponse(ok=True)

    def found(self, dag_id: str, query: Mapping[str, list[str]]) -> list[Run]:
        """Return the runs that a query of the REST API means."""
        with self.lock:
            runs = [run for run in self.runs.values() if dag_id in ("~", run.dag_id)]
        if states := query.get("state"):
            runs = [run for run in runs if run.state in states]
        if pattern := query.get("run_id_pattern"):
            runs = [run for run in runs if pattern[0].strip("%") in run.run_id]
        if since := query.get("updated_at_gte"):
            moment = datetime.fromisoformat(since[0])
            runs = [run for run in runs if (run.ended_at or run.started_at or datetime.now(UTC)) >= moment]
        if dag_pattern := query.get("dag_id_pattern"):
            runs = [run for run in runs if dag_pattern[0].strip("%") in run.dag_id]
        return runs[::-1] if query.get("order_by", [""])[0].startswith("-") else runs


class _Api(ThreadingHTTPServer):
    airflow: LightAirflow
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    server: _Api

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        if self.path == "/auth/token":
            return self._answer(201, {"access_token": "token"})
        _, _, _, dags, dag_id, _ = self.path.split("/")
        if dags != "dags" or self.server.airflow.find_dag(dag_id) is None:
            return self._answer(404, {"detail": f"the DAG with dag_id {dag_id} was not found"})
        is_new = self.server.airflow.create(dag_id, body["dag_run_id"])
        return self._answer(200 if is_new else 409, {"dag_run_id": body["dag_run_id"]})

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        dag_id, query = address.path.split("/")[4], parse_qs(address.query)
        if dag_id != "~" and self.server.airflow.find_dag(dag_id) is None:
            return self._answer(404, {"detail": f"the DAG with dag_id {dag_id} was not found"})
        runs = self.server.airflow.found(dag_id, query)
        first, count = int(query.get("offset", ["0"])[0]), int(query.get("limit", ["100"])[0])
        listed = [run.json() for run in runs[first : first + count]]
        return self._answer(200, {"dag_runs": listed, "total_entries": len(runs)})

    def _answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        with suppress(ConnectionError):  # who was killed waits for no answer
            self.end_headers()
            self.wfile.write(data)
