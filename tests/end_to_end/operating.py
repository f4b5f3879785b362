"""A whole Airflow on which tests act as operators do: by the API calls that the buttons of Airflow's UI make."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from local import credentials, processes, stack
from local.aws import names
from local.config import REPOSITORY
from local.sinks.services import mail_directory, slack_directory
from tests.support.waiting import until
from tests.torture import workload
from tests.torture.history import Drop
from tests.torture.whole_airflow import WholeStack, whole_stack
from tests.torture.workload import Kind

ENDED = ("success", "failed")


class Operators:
    """Separate file types in a whole stack, and what operators can do with their runs."""

    def __init__(self, whole: WholeStack) -> None:
        self.whole, self.config = whole, whole.config
        self.whole.commands |= {"clear", "replay", "undo"}
        self._token = ""
        self._lock = threading.Lock()

    def drop(self, name: str, what: str = "good", key: str = "") -> Drop:
        """Put a file of a type into landing."""
        with self._lock:
            content = self.whole.source.file(what)
            key = key or f"{name}/{next(self.whole.source.numbers)}.csv"
        version = self.whole.s3.put_object(Bucket=names.LANDING_BUCKET, Key=key, Body=content.body)["VersionId"]
        drop = Drop(key, version, name, content.digest, content.rows, content.bad_lines, what)
        self.whole.drops.append(drop)
        return drop

    def file(self, drop: Drop) -> dict[str, Any]:
        """Return the row of mng.files, empty if there is none."""
        columns = "file_id, status, status_reason, run_id, rows_loaded, rows_rejected, loaded_at, archive_key"
        rows = self.query(f"SELECT {columns} FROM mng.files WHERE version_id = %s", drop.version_id)  # noqa: S608
        return dict(zip(columns.split(", "), rows[0], strict=True)) if rows else {}

    def wait_for(self, drop: Drop, *statuses: str) -> dict[str, Any]:
        """Wait until the file has one of the statuses, and its run has ended if the file has; return its row."""

        def found() -> dict[str, Any]:
            row = self.file(drop)
            return row if row.get("status") in statuses else {}

        row: dict[str, Any] = until(found, lambda: self.file(drop))
        return row

    def moves(self, drop: Drop) -> list[str]:
        """Return the statuses of the file in the order of the log."""
        query = "SELECT l.to_status FROM mng.status_log l JOIN mng.files f ON f.file_id = l.file_id"
        return [row[0] for row in self.query(f"{query} WHERE f.version_id = %s ORDER BY l.moved_at", drop.version_id)]

    def alerts(self, drop: Drop) -> int:
        """Return how many Slack messages name the file as one that failed."""
        texts = [path.read_text() for path in slack_directory(self.config).glob("*.json")]
        return sum(f"{drop.key} (version {drop.version_id})" in text for text in texts)

    def mails(self, address: str) -> list[str]:
        """Return the e-mails to an address."""
        texts = [path.read_text(errors="replace") for path in mail_directory(self.config).glob("*.eml")]
        return [text for text in texts if address in text]

    def query(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one query in the warehouse."""
        with self.whole.session() as current:
            current.execute(text, values or None)
            rows: list[tuple[Any, ...]] = current.fetchall()
            return rows

    def write_schema(self, name: str, **changes: Any) -> None:
        """Change keys of a type's YAML, whole or not at all; `text=` writes anything else."""
        path = self.whole.schemas / f"{name}.yaml"
        text = changes.pop("text", None) or workload.schema(name, self.whole.kinds[name], **changes)
        draft = path.with_name(f".{name}.draft")
        draft.write_text(text)
        draft.replace(path)

    def loosen(self, name: str) -> None:
        """Let the type's schema allow every rejected row."""
        self.write_schema(name, max_rejected=100)
        self.whole.targets = [
            workload.target(name, self.whole.kinds[name], max_rejected=100) if each.name == name else each
            for each in self.whole.targets
        ]

    def lakeport(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `./lakeport`."""
        variables = processes.base_environment() | stack.shell_environment(self.config)
        variables |= {"PYTHONPATH": str(REPOSITORY / "plugins"), "LAKEPORT_SCHEMAS": str(self.whole.schemas)}
        command = [sys.executable, "-m", "lakeport.cli", *arguments]
        return subprocess.run(command, check=False, env=variables, cwd=REPOSITORY, capture_output=True, text=True)

    def reconcile(self) -> list[dict[str, Any]]:
        """Reconcile without a grace time and return the findings."""
        findings: list[dict[str, Any]] = json.loads(self.lakeport("reconcile", "--grace", "0", "--json").stdout)
        return findings

    def finish_ended_runs(self) -> str:
        """Run the DAG finish_ended_runs, which a schedule runs every five minutes, and return how it ended."""
        body = {"logical_date": None, "dag_run_id": f"manual__{random.randrange(1 << 40):x}"}
        path = "/dags/finish_ended_runs/dagRuns"
        run = self.call(path, body)["dag_run_id"]
        state: str = until(lambda: (s := self.call(f"{path}/{run}")["state"]) in ENDED and s)
        time.sleep(3)
        return state

    # The buttons of Airflow's UI

    def trigger(self, name: str, conf: dict[str, Any] | None = None) -> str:
        body = {"logical_date": None, "conf": conf or {}, "dag_run_id": f"manual__{random.randrange(1 << 40):x}"}
        return str(self.call(f"/dags/load_{name}/dagRuns", body)["dag_run_id"])

    def pause(self, name: str, *, is_paused: bool = True) -> None:
        self.call(f"/dags/load_{name}", {"is_paused": is_paused}, "PATCH")

    def clear_run(self, name: str, run_id: str) -> None:
        self.call(f"/dags/load_{name}/dagRuns/{run_id}/clear", {"dry_run": False, "only_failed": False})

    def clear_task(self, name: str, run_id: str, task_id: str, *, downstream: bool = True) -> None:
        flags = {"dry_run": False, "only_failed": False, "reset_dag_runs": True, "include_downstream": downstream}
        self.call(f"/dags/load_{name}/clearTaskInstances", {"dag_run_id": run_id, "task_ids": [task_id], **flags})

    def mark_run(self, name: str, run_id: str, state: str) -> None:
        self.call(f"/dags/load_{name}/dagRuns/{run_id}", {"state": state}, "PATCH")

    def mark_task(self, name: str, run_id: str, task_id: str, state: str) -> None:
        self.call(f"/dags/load_{name}/dagRuns/{run_id}/taskInstances/{task_id}", {"new_state": state}, "PATCH")

    def delete_run(self, name: str, run_id: str) -> None:
        self.call(f"/dags/load_{name}/dagRuns/{run_id}", method="DELETE")

    # What Airflow shows

    def state(self, name: str, run_id: str) -> str:
        return str(self.call(f"/dags/load_{name}/dagRuns/{run_id}")["state"])

    def ended(self, name: str, run_id: str) -> str:
        """Wait until the run has ended and return its state."""
        return str(until(lambda: (s := self.state(name, run_id)) in ENDED and s, lambda: self.states(name, run_id)))

    def runs(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call(f"/dags/load_{name}/dagRuns?order_by=run_after")["dag_runs"]
        return found

    def states(self, name: str, run_id: str) -> dict[str, str]:
        tasks = self.call(f"/dags/load_{name}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {task["task_id"]: task["state"] for task in tasks}

    def log(self, name: str, run_id: str, task_id: str) -> str:
        """Return the log of the task's last attempt."""
        path = f"/dags/load_{name}/dagRuns/{run_id}/taskInstances/{task_id}"
        number = self.call(path)["try_number"]
        return json.dumps(self.call(f"{path}/logs/{number}?full_content=true"), ensure_ascii=False)

    def call(self, path: str, body: object = None, method: str | None = None) -> Any:
        """Call Airflow's REST API; raises urllib.error.HTTPError for a refusal."""
        if not self._token:
            user = {"username": credentials.USER, "password": credentials.PASSWORD}
            self._token = self._http("/auth/token", user)["access_token"]
        return self._http(f"/api/v2{path}", body, method)

    def _http(self, path: str, body: object = None, method: str | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        request = urllib.request.Request(self.config.airflow_url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    @contextlib.contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Let every COPY into the type's table wait, until this ends; the table must exist."""
        with self.whole.session() as current:
            current.execute(f"LOCK lake.{name}")
            yield

    def copy_waits(self, name: str, run_id: str) -> bool:
        """Return whether the run's copy_to_table is running."""
        return self.states(name, run_id).get("copy_to_table") == "running"


@contextlib.contextmanager
def operators(kinds: dict[str, Kind]) -> Iterator[Operators]:
    """Start a whole stack with these file types, and stop it."""
    with whole_stack(kinds, random.Random(1), lambda _: None) as whole:
        yield Operators(whole)
