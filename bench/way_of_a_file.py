"""`python -m bench.way_of_a_file`: seconds from a dropped file to Done, beside a DAG of as many no-op tasks; memory.

It starts a separate stack on free ports and does not touch a running one.
"""

import contextlib
import shutil
import statistics
import tempfile
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from bench.table import Row
from local import airflow_api, demo, postgres_files, processes, stack
from local.aws import names, resources
from local.config import Config, Ports

ROUNDS = 3
ROW_ROUNDS = 20
TIMES_NOTHING = 1.5
POLL_SECONDS = 0.1  # to ask takes time from what is measured
SMALL_FILE = "airlines/airlines.csv"  # its DAG has as many tasks as the one that does nothing
console = Console()


def main() -> None:
    """Measure and print."""
    with running_stack() as config:
        nothing = noop_seconds(config)
        files = {drop.key: [file_seconds(config, drop) for _ in range(ROUNDS)] for drop in demo.WAVES[0][:5]}
        table = Table("what", "seconds, median", f"all {ROUNDS}", "times the no-op DAG", title="From drop to Done")
        floor = statistics.median(nothing)
        for name, seconds in {"a DAG of 7 tasks that do nothing": nothing, **files}.items():
            middle = statistics.median(seconds)
            each_seconds = ", ".join(f"{each:.1f}" for each in seconds)
            table.add_row(name, f"{middle:.1f}", each_seconds, f"{middle / floor:.1f}")
        console.print(table)
        show_memory(config)


@contextlib.contextmanager
def running_stack() -> Iterator[Config]:
    """Bring up a stack with the no-op DAG beside the product's, and take it down again."""
    directory = Path(tempfile.mkdtemp(prefix="lakeport-bench-")).resolve()
    (directory / "dags").mkdir()
    shutil.copy(Path(__file__).parent / "noop_dag.py", directory / "dags")
    config = Config(directory / "state", Ports.free(), more_dags=directory / "dags")
    try:
        stack.up(config, console.print)
        yield config
    finally:
        stack.down(config, lambda _: None)
        postgres_files.remove(config)
        shutil.rmtree(directory)


def rows() -> list[Row]:
    """Return a small file's seconds beside those of the no-op DAG, in turn, for the table of `make bench`."""
    with running_stack() as config:
        drop = next(drop for drop in demo.WAVES[0] if drop.key == SMALL_FILE)
        pairs = [(file_seconds(config, drop), _noop_run(config, number)) for number in range(ROW_ROUNDS + 1)]
    own, nothing = (statistics.median(each) for each in zip(*pairs[1:], strict=True))
    return [
        Row(
            f"a small file ({drop.key}) dropped to Done, median of {ROW_ROUNDS}",
            f"{own:.1f} s, {own / nothing:.1f} times the peer",
            f"a DAG of as many tasks that do nothing: {nothing:.1f} s",
            f"at most {TIMES_NOTHING} times",
            own / nothing / TIMES_NOTHING,
            "How long a person waits for the rows of a small file on a laptop.",
            "Besides starting, each task builds its DAG from the schema (25 ms of a core), reads its connection from "
            "Secrets Manager (50 to 75 ms, most of it to make boto3's client) and opens a session; those that need S3 "
            "make another client (25 ms), and mark_in_progress and mark_done write what the page Files shows (40 ms). "
            "Half a second passes before the run starts: the event, the function, and Airflow's API.",
        )
    ]


def noop_seconds(config: Config) -> list[float]:
    """Return each round's seconds from the request to the run's end; the first, which warms Airflow up, is left out."""
    return [_noop_run(config, number) for number in range(ROUNDS + 1)][1:]


def file_seconds(config: Config, drop: demo.Drop) -> float:
    """Return the seconds from the file's upload to its status Done."""
    s3 = resources.session().client("s3", endpoint_url=config.aws_endpoint)
    body = (demo.SAMPLES / drop.sample).read_bytes()
    started = time.time()
    drop.version_id = s3.put_object(Bucket=names.LANDING_BUCKET, Key=drop.key, Body=body)["VersionId"]
    while demo.files_of(config, [drop]).get(drop.version_id, ("",))[0] != drop.expected:
        if time.time() - started > demo.PATIENCE_SECONDS:
            raise TimeoutError(f"{drop.key} did not come to {drop.expected}")
        time.sleep(POLL_SECONDS)
    return time.time() - started


def show_memory(config: Config) -> None:
    """Print each part's proportional memory, its children's included."""
    table = Table("part", "processes", "MiB", title="Memory (PSS)")
    total = 0.0
    for service in stack.services(config):
        root = processes.running(config, service.name)
        family = [root, *root.children(recursive=True)] if root else []
        megabytes = sum(each.memory_full_info().pss for each in family) / 2**20
        total += megabytes
        table.add_row(service.name, str(len(family)), f"{megabytes:.0f}")
    table.add_row("all", "", f"{total:.0f}")
    table.add_row("machine", f"{psutil.cpu_count()} cores", f"{psutil.virtual_memory().total / 2**20:.0f}")
    console.print(table)


def _noop_run(config: Config, number: int) -> float:
    run_id, path = f"bench_{number}", "/dags/nothing/dagRuns"
    deadline, started = time.time() + demo.PATIENCE_SECONDS, time.time()
    while time.time() < deadline:
        started = time.time()
        with contextlib.suppress(urllib.error.HTTPError):  # the DAG is not parsed yet
            airflow_api.call(config, path, {"dag_run_id": run_id, "logical_date": None})
            break
        time.sleep(0.5)
    while airflow_api.call(config, f"{path}/{run_id}")["state"] not in {"success", "failed"}:
        if time.time() > deadline:
            raise TimeoutError("the no-op DAG did not end")
        time.sleep(POLL_SECONDS)
    return time.time() - started


if __name__ == "__main__":
    main()
