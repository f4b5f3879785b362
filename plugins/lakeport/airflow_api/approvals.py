"""Run a DAG of recovery over Airflow's REST API: start it, read its plan and answer it if it has one, wait for the end.

InvokeRestApi takes paths of at most 64 characters.  The longest, that of the answer to `discard`, has 59 without the
run's id, so the id has five.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Literal, Protocol, TypeVar

from lakeport.errors import AirflowUnavailable, RunFailed

Answer = Literal["Approve", "Reject"]
T = TypeVar("T")
_ID_CHARACTERS = 5
_PAUSE_SECONDS = 2.0
_PATIENCE_SECONDS = 600.0
_WAITING = "deferred"
_ENDED = ("success", "failed")
_STARTS = 5
_ANOTHER = (
    ", so this deployment has another version of Lakeport than this checkout; deploy this version, or check out the "
    "deployed one, which ./lakeport deploy --released prints"
)


class Calls(Protocol):
    """Airflow's REST API."""

    def call(
        self, path: str, *, body: Mapping[str, Any] | None = None, query: Any = None, method: str | None = None
    ) -> Any:
        """Return Airflow's answer; raises AirflowUnavailable."""

    def address(self, dag_id: str, run_id: str) -> str:
        """Return where to find the run in Airflow."""


@dataclass(frozen=True)
class RecoveryRun:
    """A run of the DAG `replay`, `undo`, `discard` or `reconcile`."""

    api: Calls
    dag_id: str
    run_id: str
    pause_seconds: float = _PAUSE_SECONDS

    @property
    def path(self) -> str:
        """Return the path of the run in the API."""
        return f"/dags/{self.dag_id}/dagRuns/{self.run_id}"

    @property
    def address(self) -> str:
        """Return where to find the run in Airflow."""
        return self.api.address(self.dag_id, self.run_id)

    def check_takes(self, conf: Mapping[str, Any]) -> None:
        """Raise RunFailed if the DAG's form lacks one of these values: an older version would ignore it."""
        unknown = sorted(conf.keys() - self._until("shown its form", lambda: (self._form(),))[0])
        if unknown:
            raise RunFailed(
                f"nothing was started: the deployed DAG {self.dag_id} does not take {', '.join(unknown)}{_ANOTHER}"
            )

    def _form(self) -> Set[str]:
        """Return the fields of the DAG's form; raises RunFailed if there is no such DAG."""
        try:
            return (self.api.call(f"/dags/{self.dag_id}/details")["params"] or {}).keys()
        except AirflowUnavailable as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            raise RunFailed(f"nothing was started: there is no DAG {self.dag_id}{_ANOTHER}") from error

    def plan(self) -> str:
        """Wait for the plan and return it as Markdown; raises RunFailed if there is none."""
        return self._until("made its plan", self._plan)

    def answer(self, answer: Answer) -> None:
        """Approve or reject the plan.

        Safe to repeat: a second answer changes nothing.  Raises RunFailed if the plan has another answer already.
        """
        body = {"chosen_options": [answer], "params_input": {}}
        path = f"{self.path}/taskInstances/approve/-1/hitlDetails"
        try:
            self._until("been answered", lambda: (self.api.call(path, body=body, method="PATCH"),))
        except AirflowUnavailable as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            self._check_answer(answer)

    def _check_answer(self, answer: Answer) -> None:
        """Raise RunFailed unless the answer that the plan has is this one, from an earlier attempt or from others."""
        found = self._until("shown its answer", self._request)
        if list(found.get("chosen_options") or ()) != [answer]:
            name = (found.get("responded_by_user") or {}).get("name")
            given = ", ".join(found.get("chosen_options") or ()) or "none"
            reason = f"{name} has already answered this plan: {given}" if name else "nobody answered this plan in time"
            raise RunFailed(f"{reason}; run the command again for a new plan, or see {self.address}")

    def wait(self, task_id: str = "apply") -> None:
        """Wait until the run has ended; raises RunFailed with the task's error if it failed."""
        if self._until("ended", self._state_at_end) != "success":
            raise RunFailed(f"{self.dag_id} failed: {self._error(task_id)}; see {self.address}")

    def _plan(self) -> str | None:
        found = self._request()
        if found and (found["task_instance"]["state"] == _WAITING or found.get("response_received")):
            return str(found["body"])
        if state := self._state_at_end():
            raise RunFailed(self._error("plan") if state == "failed" else f"the run has ended: see {self.address}")
        return None

    def _request(self) -> dict[str, Any] | None:
        """Return the request to approve the plan, with its answer if it has one."""
        found = self.api.call(f"{self.path}/hitlDetails")["hitl_details"]
        return dict(found[0]) if found else None

    def _state_at_end(self) -> str | None:
        state = self.api.call(self.path)["state"]
        return state if state in _ENDED else None

    def _error(self, task_id: str) -> str:
        """Return the error of a task's last attempt from its log, or where to read it."""
        try:
            task = f"{self.path}/taskInstances/{task_id}"
            content = self.api.call(f"{task}/logs/{self.api.call(task)['try_number']}")["content"]
            errors = [detail for line in content for detail in line.get("error_detail") or ()]
            return str(errors[-1]["exc_value"])
        except (AirflowUnavailable, LookupError, TypeError, AttributeError):
            return f"the log of task {task_id} has the reason"

    def _until(self, what: str, look: Callable[[], T | None]) -> T:
        """Call `look` until it returns something; requests that are throttled or failed in Airflow are repeated."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                if (found := look()) is not None:
                    return found
            except AirflowUnavailable as error:
                if not error.is_passing or time.monotonic() > deadline:
                    raise
            if time.monotonic() > deadline:
                raise RunFailed(
                    f"the run has not {what} within {_PATIENCE_SECONDS / 60:.0f} minutes: see {self.address}"
                )
            time.sleep(self.pause_seconds)


def start_recovery(
    api: Calls, dag_id: str, conf: Mapping[str, Any], pause_seconds: float = _PAUSE_SECONDS
) -> RecoveryRun:
    """Start a run and return it; a request that is throttled or failed in Airflow is repeated.

    Raises AirflowUnavailable, and RunFailed, with no run started, if the DAG does not take one of the values in `conf`.
    """
    run = RecoveryRun(api, dag_id, secrets.token_hex(_ID_CHARACTERS)[:_ID_CHARACTERS], pause_seconds)
    run.check_takes(conf)
    # With a date, because it is not documented whether InvokeRestApi passes on a null.
    body = {"dag_run_id": run.run_id, "logical_date": datetime.now(UTC).isoformat(), "conf": dict(conf)}
    for attempt in range(_STARTS):
        try:
            api.call(f"/dags/{dag_id}/dagRuns", body=body)
            break
        except AirflowUnavailable as error:
            if error.status == HTTPStatus.CONFLICT and attempt:
                break  # an earlier attempt has started it
            if error.status == HTTPStatus.CONFLICT:
                return start_recovery(api, dag_id, conf, pause_seconds)
            if not error.is_passing or attempt == _STARTS - 1:
                raise
            time.sleep(pause_seconds)
    return run
