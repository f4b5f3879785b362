"""Kills in a whole stack: Airflow's scheduler, workers, dag-processor and API server, S3's events by SQS, the Lambda.

Slower than the light Airflow by far, and without knowledge of what a process was doing when it was killed; but with
all that the light one leaves out: heartbeats, back-off, callbacks in the dag-processor, runs side by side.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import psycopg2

from local import airflow_api, credentials, families, postgres_files, processes, stack
from local.aws import names, resources
from local.config import HOST, REPOSITORY, Config, Ports
from tests.torture import collecting, workload
from tests.torture.checker import Violation, violations
from tests.torture.history import Drop, Target
from tests.torture.random_runs import FILES, KINDS
from tests.torture.workload import Kind
from tests.torture.world import ending_at_sigterm

TIMED = "timed"
ALL_KINDS = KINDS | {TIMED: Kind(schedule="* * * * *", max_files=2)}
"""With a type whose runs wait deferred, and are joined by runs by hand."""
VICTIMS = (
    *("task",) * 3,
    "worker",
    "the Lambda",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-api-server",
    "redshift",
    "postgres",
)
PAUSE_SECONDS = 3.0
DROPS_A_PAUSE = 2
OVERWRITE_PROBABILITY = 0.1
QUIET_WITHIN_SECONDS = 420.0
SCHEMAS, SCHEDULE = "LAKEPORT_SCHEMAS", "LAKEPORT_RECONCILE_SCHEDULE"
NEVER = "0 0 29 2 *"
"""Reconcile comes when the others have ended, whatever the clock says."""
Report = Callable[[str], None]


class WholeStack:
    """A running stack whose parts are killed and started again."""

    def __init__(self, config: Config, kinds: Mapping[str, Kind], order: random.Random, report: Report) -> None:
        self.config, self.kinds, self.order, self.report = config, kinds, order, report
        self.schemas = config.state.parent / "schemas"
        self.source = workload.Source()
        self.targets: list[Target] = [workload.target(name, kind) for name, kind in kinds.items()]
        self.drops: list[Drop] = []
        self.killed: Counter[str] = Counter()
        self.commands: set[str] = set()
        self.s3: Any = resources.session().client("s3", endpoint_url=config.aws_endpoint)

    def drop(self) -> None:
        """Put a file into landing, of a random type; now and then in the place of another."""
        name = self.order.choice(sorted(self.kinds))
        kind, key = self.kinds[name], ""
        others = [drop.key for drop in self.drops if drop.file_type == name]
        if others and self.order.random() < OVERWRITE_PROBABILITY:
            key = self.order.choice(others)
        what = self.order.choice(FILES)
        content = self.source.file(what, kind)
        key = key or f"{name}/{next(self.source.numbers)}{kind.suffix}"
        version = self.s3.put_object(Bucket=workload.bucket(name), Key=key, Body=content.body)["VersionId"]
        self.drops.append(Drop(key, version, name, content.digest, content.rows, content.bad_lines, note=what))

    def kill(self) -> None:
        """Kill a random process, as kill -9 does, and count it."""
        victim = self.order.choice(VICTIMS)
        found = list(self._processes(victim))
        if found:
            families.send([self.order.choice(found)] if victim != "postgres" else found, signal.SIGKILL)
            self.killed[victim] += 1

    def run_by_hand(self) -> None:
        """Start a run beside those of the schedule; the API server may be dead."""
        run = {"dag_run_id": f"manual__{next(self.source.numbers)}", "logical_date": None}
        with contextlib.suppress(OSError):
            airflow_api.call(self.config, f"/dags/load_{TIMED}/dagRuns", run)

    def revive(self) -> None:
        """Start again what does not run, as a service does."""
        for service in stack.services(self.config):
            if not processes.running(self.config, service.name):
                processes.start(self.config, service)

    def torture(self, seconds: float) -> None:
        """Drop and kill so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for _ in range(DROPS_A_PAUSE):
                self.drop()
            time.sleep(self.order.uniform(0, PAUSE_SECONDS))
            self.kill()
            self.run_by_hand()
            time.sleep(self.order.uniform(0, PAUSE_SECONDS))
            self.revive()
            self.report(f"whole Airflow: {len(self.drops)} files, {self.killed.total()} kills")

    def come_to_rest(self, within_seconds: float = QUIET_WITHIN_SECONDS) -> None:
        """Wait until no run is left and reconcile leaves nothing open; raises TimeoutError if that takes too long."""
        until = time.monotonic() + within_seconds
        while True:
            self.revive()
            if not self.live_runs():
                self._lakeport("reconcile", "--grace", "0")
                if not self._is_open() and not self.live_runs():
                    return
                # It sends the alerts, which the command only writes down.
                run = {"dag_run_id": f"torture__{next(self.source.numbers)}", "logical_date": None}
                airflow_api.call(self.config, "/dags/reconcile/dagRuns", run)
            if time.monotonic() > until:
                raise TimeoutError("the stack does not come to rest")
            time.sleep(1)

    def live_runs(self) -> int:
        """Return how many runs have not ended."""
        states = ("queued", "running")
        return sum(
            airflow_api.call(self.config, f"/dags/~/dagRuns?state={state}&limit=1")["total_entries"] for state in states
        )

    def statuses(self) -> Counter[str]:
        """Return how many files have which status."""
        with self.session() as current:
            current.execute("SELECT status, COUNT(*) FROM mng.files GROUP BY status")
            return Counter(dict(current.fetchall()))

    def check(self) -> list[Violation]:
        """Check the whole history; an alert may repeat once for each kill."""
        with self.session() as current:
            current.execute("SELECT DISTINCT run_id FROM mng.alerts")
            runs = {run_id for (run_id,) in current.fetchall()}
            repeated_alerts = dict.fromkeys(runs, self.killed.total())
            found = (self.targets, self.drops, runs, repeated_alerts, self.commands)
            return violations(collecting.history(self.config, current, *found))

    def _is_open(self) -> bool:
        with self.session() as current:
            current.execute(
                "SELECT (SELECT COUNT(*) FROM mng.files WHERE status IN ('New', 'In Progress'))"
                " + (SELECT COUNT(*) FROM mng.alerts WHERE sent_at IS NULL)"
            )
            (count,) = current.fetchone()
            current.execute("SELECT version_id FROM mng.files")
            known = {version for (version,) in current.fetchall()}
        return bool(count) or any(drop.version_id not in known for drop in self.drops)

    def _processes(self, victim: str) -> Iterator[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            scheduler = processes.running(self.config, "airflow-scheduler")
            workers = scheduler.children() if scheduler else []
            if victim == "worker":
                yield from workers
            elif victim == "task":
                yield from (task for worker in workers for task in worker.children())
            elif victim == "the Lambda":
                aws = processes.running(self.config, "aws")
                yield from aws.children(recursive=True) if aws else []
            elif leader := processes.running(self.config, victim):
                yield from families.family(leader) if victim == "postgres" else [leader]

    def _lakeport(self, *arguments: str) -> None:
        variables = processes.base_environment() | stack.shell_environment(self.config)
        variables["PYTHONPATH"] = str(REPOSITORY / "plugins")
        command = [sys.executable, "-m", "lakeport.cli", *arguments]
        subprocess.run(command, check=False, env=variables, cwd=REPOSITORY, capture_output=True)

    @contextlib.contextmanager
    def session(self) -> Iterator[Any]:
        """Open a transaction of the warehouse."""
        login = {"user": credentials.USER, "password": credentials.PASSWORD, "dbname": credentials.DATABASE}
        connection = psycopg2.connect(host=HOST, port=self.config.ports.redshift, **login)  # type: ignore[call-overload]
        with contextlib.closing(connection), connection, connection.cursor() as current:
            yield current


@contextlib.contextmanager
def whole_stack(kinds: Mapping[str, Kind], order: random.Random, report: Report) -> Iterator[WholeStack]:
    """Bring up a stack with these file types, and take it down again."""
    directory = Path(tempfile.mkdtemp(prefix="lakeport-torture-")).resolve()
    config = Config(directory / "state", Ports.free())
    schemas = config.state.parent / "schemas"
    schemas.mkdir()
    for name, kind in kinds.items():
        (schemas / f"{name}.yaml").write_text(workload.schema(name, kind))
    names.PRODUCT_ENVIRONMENT |= {SCHEMAS: str(schemas), SCHEDULE: NEVER}
    try:
        with ending_at_sigterm():
            stack.up(config, report)
            yield WholeStack(config, kinds, order, report)
    finally:
        del names.PRODUCT_ENVIRONMENT[SCHEMAS], names.PRODUCT_ENVIRONMENT[SCHEDULE]
        stack.down(config, lambda _: None)
        postgres_files.remove(config)
        shutil.rmtree(directory)


def torture(order: random.Random, seconds: float, report: Report) -> tuple[Counter[str], list[Violation]]:
    """Drop and kill so long, let all come to rest, and return who was killed how often and what the history shows."""
    with whole_stack(ALL_KINDS, order, report) as whole:
        whole.torture(seconds)
        try:
            whole.come_to_rest()
        except TimeoutError as error:
            return whole.killed, [Violation("not at rest", "the whole Airflow", str(error)), *whole.check()]
        return whole.killed, whole.check()
