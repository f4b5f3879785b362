"""Drop thousands of files into a separate stack on free ports, wait until no work is left, and check every row."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from local import airflow_api, processes, stack
from local.aws import names, resources
from tests.torture import workload
from tests.torture.gate import Gate, How
from tests.torture.history import Drop
from tests.torture.whole_airflow import WholeStack, whole_stack
from tests.torture.wire_proxy import WireProxy
from tests.torture.workload import Kind

LOST_SHARE = DOUBLED_SHARE = 0.05
UPLOADS_AT_ONCE = 8
PATIENCE_SECONDS = 3600.0
MOST_SECONDS = 480
console = Console()


def burst(files: int, types: int, seed: int, window_seconds: int) -> int:
    """Drop, wait, check and print; return the number of files that are not accounted for."""
    order = random.Random(seed)
    kinds = {f"burst_{number}": Kind(files=("good",)) for number in range(types)}
    with whole_stack(kinds, order, console.print) as whole:
        count = Count(whole)
        warm_up(whole)
        collect_events(whole, window_seconds)
        before, cpu_before, runs_before = count.seen.copy(), cpu_seconds(whole), runs(whole)
        started = time.monotonic()
        drop_all(whole, files)
        dropped = time.monotonic()
        statuses = wait_for_events(whole, len(whole.drops) - round(files * LOST_SHARE))
        settled, runs_settled, cpu_settled = time.monotonic(), runs(whole), cpu_seconds(whole)
        whole.come_to_rest(PATIENCE_SECONDS)
        ended = time.monotonic()
        found = whole.check()
        for violation in found[:20]:
            console.print(str(violation), style="red")
        table = Table("what", "figure", "to reach", title=f"{files:,} files over {types} types, seed {seed}")
        table.add_row("events lost, doubled", f"{round(files * LOST_SHARE):,}, {round(files * DOUBLED_SHARE):,}")
        table.add_row("dropped in", f"{dropped - started:.0f} s")
        reached = f"at most {MOST_SECONDS} s for 10,000 files"
        table.add_row("all that had an event at its end after", f"{settled - started:.0f} s ({statuses})", reached)
        table.add_row("by so many runs", f"{runs_settled - runs_before:,}")
        for name, seconds in cpu_settled.items():
            table.add_row(f"CPU s of {name}", f"{seconds - cpu_before[name]:.0f}")
        table.add_row(
            "all at its end, by reconcile", f"{ended - started:.0f} s, {runs(whole) - runs_settled:,} more runs"
        )
        for name, number in (count.seen - before).items():
            reached = "at most 1.0 a file" if name == "statements" else ""
            table.add_row(f"Redshift: {name}", f"{number:,}, {number / files:.2f} a file", reached)
        table.add_row("violations", str(len(found)), "0")
        console.print(table)
    return len(found)


def cpu_seconds(whole: WholeStack) -> dict[str, float]:
    """Return the CPU seconds so far of this process and of each part of the stack, with the tasks that have ended."""
    found = {"this program": time.process_time()}
    for service in stack.services(whole.config):
        root = processes.running(whole.config, service.name)
        family = [root, *root.children(recursive=True)] if root else []
        found[service.name] = sum(sum(each.cpu_times()[:4]) for each in family)
    return found


def runs(whole: WholeStack) -> int:
    """Return how many DAG runs there are."""
    return int(airflow_api.call(whole.config, "/dags/~/dagRuns?limit=1")["total_entries"])


def warm_up(whole: WholeStack) -> None:
    """Load one file of each type, so that Airflow has the DAGs and the tables exist."""
    for name in whole.kinds:
        put(whole, name)
    wait_for_events(whole, len(whole.kinds))


def drop_all(whole: WholeStack, files: int) -> None:
    """Drop the files of all types in random order; some events are lost, and some arrive twice."""
    in_turn = sorted(whole.kinds)
    file_types = [in_turn[number % len(in_turn)] for number in range(files)]
    whole.order.shuffle(file_types)
    lost = round(files * LOST_SHARE)
    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
        with unreported(whole):
            list(pool.map(lambda name: put(whole, name), file_types[:lost]))
        reported = list(pool.map(lambda name: put(whole, name), file_types[lost:]))
    sqs: Any = resources.session().client("sqs", endpoint_url=whole.config.aws_endpoint)
    url = resources.queue_url(sqs, names.ARRIVALS_QUEUE)
    for drop in whole.order.sample(reported, round(files * DOUBLED_SHARE)):
        sqs.send_message(QueueUrl=url, MessageBody=event_of(drop))


def collect_events(whole: WholeStack, seconds: int) -> None:
    """Have the queue collect events for so long before it gives them to the function."""
    client: Any = resources.session().client("lambda", endpoint_url=whole.config.aws_endpoint)
    for mapping in client.list_event_source_mappings(FunctionName=names.REGISTER_FUNCTION)["EventSourceMappings"]:
        client.update_event_source_mapping(UUID=mapping["UUID"], MaximumBatchingWindowInSeconds=seconds)


def put(whole: WholeStack, name: str) -> Drop:
    """Drop one file."""
    content = whole.source.file("good")
    key = f"{name}/{content.rows[0][0]}.csv"
    version = whole.s3.put_object(Bucket=workload.bucket(name), Key=key, Body=content.body)["VersionId"]
    drop = Drop(key, version, name, content.digest, content.rows, size_bytes=len(content.body))
    whole.drops.append(drop)
    return drop


@contextmanager
def unreported(whole: WholeStack) -> Iterator[None]:
    """Have the landing buckets report nothing while the block runs."""
    kept = {name: whole.s3.get_bucket_notification_configuration(Bucket=name) for name in names.LANDING_BUCKETS}
    for bucket in kept:
        whole.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    yield
    for bucket, answer in kept.items():
        configuration = {"QueueConfigurations": answer["QueueConfigurations"]}
        whole.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)


def event_of(drop: Drop) -> str:
    """Return S3's event of a drop."""
    thing = {"key": drop.key, "size": drop.size_bytes, "eTag": "e", "versionId": drop.version_id, "sequencer": "0"}
    place = {"bucket": {"name": workload.bucket(drop.file_type)}, "object": thing}
    record = {"eventName": "ObjectCreated:Put", "eventTime": datetime.now(UTC).isoformat(), "s3": place}
    return json.dumps({"Records": [record]})


def wait_for_events(whole: WholeStack, files: int) -> dict[str, int]:
    """Wait until this many files have a final status, and return the number of files by status."""
    until = time.monotonic() + PATIENCE_SECONDS
    printed_at = 0.0
    while True:
        statuses = whole.statuses()
        open_files = statuses["New"] + statuses["In Progress"]
        if not open_files and statuses.total() >= files and not whole.live_runs():
            return dict(statuses)
        if time.monotonic() > until:
            raise TimeoutError(f"not at rest: {dict(statuses)}")
        if time.monotonic() > printed_at + 10:
            printed_at = time.monotonic()
            console.print(f"{dict(statuses)}")
        time.sleep(1)


class Count(Gate):
    """Count the statements that pass to Redshift, and let them pass."""

    def __init__(self, whole: WholeStack) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()
        proxy = WireProxy(self, whole.config.ports.redshift)
        content = resources.secrets(whole.config)[names.REDSHIFT_SECRET] | {"port": proxy.port}
        manager: Any = resources.session().client("secretsmanager", endpoint_url=whole.config.aws_endpoint)
        manager.put_secret_value(SecretId=names.REDSHIFT_SECRET, SecretString=json.dumps(content))

    def entered(self, attempt: int, step: str, possible: Set[How]) -> How | None:  # noqa: ARG002 - Gate's signature
        """Count a statement."""
        with self._lock:
            self.seen["statements"] += 1
            if (verb := step.partition(" ")[0]) in ("COMMIT", "COPY"):
                self.seen[verb] += 1
        return None
