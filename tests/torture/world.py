"""A stack with proxies in front of it, the file types and drops of a workload, and the history that they leave."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote_plus

import psycopg2
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.sdk import DAG

from lakeport.dag import load_dag
from lakeport.publishing import rule_of
from lakeport.matching import ArrivalIndex
from lakeport.schema_yaml import read_file_type
from lakeport import settings
from local import airflow, credentials, postgres_files, processes, stack
from local.aws import names, resources
from local.config import HOST, REPOSITORY, Config, Ports
from local.sinks.services import slack_directory
from tests.torture import workload
from tests.torture.attempt import Command, Register
from tests.torture.attempts import Attempts, Outcome
from tests.torture.checker import Violation, violations
from tests.torture.gate import Cut, Gate
from tests.torture.history import Drop, FileRow, History, LoadedRow, Move, Rejected, Target
from tests.torture.http_proxy import HttpProxy
from tests.torture.light_airflow import LightAirflow, Run
from tests.torture.wire_proxy import WireProxy
from tests.torture.workload import Kind

PARTS = frozenset({"tables", "slack", "mail"})


@contextlib.contextmanager
def worlds(report: Callable[[str], None] = lambda _: None) -> Iterator[World]:
    """Start a stack of its own on free ports, and take it away again."""
    directory = Path(tempfile.mkdtemp(prefix="lakeport-torture-")).resolve()
    config = Config(directory / "state", Ports.free())
    before = signal.signal(signal.SIGTERM, _end)
    try:
        stack.up(config, report, only=PARTS)
        with World.of(config, directory / "schemas") as world:
            yield world
    finally:
        stack.down(config, lambda _: None)
        signal.signal(signal.SIGTERM, before)
        postgres_files.remove(config)
        shutil.rmtree(directory)


class World:
    """What a workload acts on.

    One lane: one attempt is at work at a time, except those that were given up and go on.
    """

    def __init__(self, config: Config, schemas: Path) -> None:
        self.config, self.schemas = config, schemas
        schemas.mkdir(parents=True, exist_ok=True)
        self.source = workload.Source()
        self.targets: dict[str, Target] = {}
        self.drops: list[Drop] = []
        self.retold: Counter[str] = Counter()
        self.s3: Any = resources.session().client("s3", endpoint_url=config.aws_endpoint)
        self.gate = Gate()
        self.redshift = WireProxy(self.gate, config.ports.redshift)
        self.aws = HttpProxy(self.gate, config.ports.aws)
        self.slack = HttpProxy(self.gate, config.ports.slack)
        self.attempts = Attempts(self.gate, self._environment(), config.logs / "attempts.log")
        self.airflow = LightAirflow(self.attempts, self._dag, _dag_file)
        self.airflow_api = HttpProxy(self.gate, self.airflow.port)
        self._put_secrets()

    @classmethod
    @contextlib.contextmanager
    def of(cls, config: Config, schemas: Path) -> Iterator[World]:
        """Open the world of a running stack."""
        world = cls(config, schemas)
        try:
            yield world
        finally:
            world.attempts.wait_for_frozen()
            for each in (world.attempts, world.airflow, world.redshift, world.aws, world.slack, world.airflow_api):
                each.close()

    def begin(self, kinds: dict[str, Kind]) -> None:
        """Forget all that was, and begin with these file types."""
        for path in self.schemas.iterdir():
            path.unlink()
        self.targets, self.drops = {}, []
        self.retold.clear()
        self.airflow.runs.clear()
        with self.session() as current:
            current.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'mng'")
            for (table,) in current.fetchall():
                current.execute(f"DELETE FROM mng.{table}")  # noqa: S608
            current.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'lake'")
            for (table,) in current.fetchall():
                current.execute(f'DROP TABLE lake."{table}"')
        for bucket in (names.LANDING_BUCKET, names.ARCHIVE_BUCKET, names.WORK_BUCKET):
            self._empty(bucket)
        for path in slack_directory(self.config).glob("*.json"):
            path.unlink()
        for name, kind in kinds.items():
            self.write_schema(name, kind)

    def write_schema(self, name: str, kind: Kind, table: str = "", columns: tuple[str, ...] = ()) -> None:
        """Write a file type's YAML, whole or not at all, and publish it."""
        draft = self.schemas / f".{name}.draft"
        draft.write_text(workload.schema(name, kind, table=table, columns=columns))
        draft.replace(self.schemas / f"{name}.yaml")
        self.targets[name] = workload.target(name, kind, table)
        rules = [rule_of(read_file_type(path)) for path in sorted(self.schemas.glob("*.yaml"))]
        index = ArrivalIndex(tuple(rules)).to_json().encode()
        self.s3.put_object(Bucket=names.CODE_BUCKET, Key=settings.INDEX_KEY, Body=index)

    def drop(self, file_type: str | None, what: str, kind: Kind, told: str = "", key: str = "") -> Drop:
        """Put a file into landing."""
        content = self.source.file(what, kind.compression)
        suffix = ".csv" + (".zip" if kind.compression == "zip" else "")
        key = key or f"{file_type or 'nobody'}/{next(self.source.numbers)}{suffix}"
        version = self.s3.put_object(Bucket=names.LANDING_BUCKET, Key=key, Body=content.body)["VersionId"]
        landed_at = datetime.now(UTC)
        told = "; ".join(filter(None, [what, told]))
        drop = Drop(
            key, version, file_type, content.digest, content.rows, content.bad_lines, told, len(content.body), landed_at
        )
        self.drops.append(drop)
        return drop

    def register(self, drops: list[Drop], cut: Cut | None = None) -> Outcome:
        """Deliver the drops' events to the Lambda, one message each."""
        messages = [
            {"messageId": drop.version_id, "eventSource": "aws:sqs", "body": json.dumps({"Records": [_record(drop)]})}
            for drop in drops
        ]
        return self.attempts.run(Register({"Records": messages}), cut)

    def command(self, *arguments: str, cut: Cut | None = None) -> Outcome:
        """Run `./lakeport` as a process of its own."""
        return self.attempts.run(Command(arguments), cut)

    def call_back(self, run: Run, cut: Cut | None = None) -> Outcome:
        """Call a failed run's callback; where it is cut once its alert may be out, the alert may come again."""
        outcome = self.airflow.call_back(run, cut)
        self.note_retold(run.run_id, outcome)
        return outcome

    def note_retold(self, run_id: str, outcome: Outcome) -> None:
        """Note that an alert may be sent again: the attempt was cut after the message went out."""
        if outcome.done_to and any("/services/" in step for step in outcome.steps):
            self.retold[run_id] += 1

    def check(self) -> list[Violation]:
        """Check all that happened since `begin`."""
        return violations(self.history())

    def history(self) -> History:
        """Collect the history; nothing may be at work."""
        with self.session() as current:
            files = [FileRow(*row) for row in _rows(current, _FILES)]
            log = [Move(*row) for row in _rows(current, _LOG)]
            rejected = [Rejected(*row) for row in _rows(current, _REJECTED)]
            tables = _rows(current, "SELECT tablename FROM pg_tables WHERE schemaname = 'lake'")
            rows = {
                f"lake.{table}": _rows(current, f'SELECT token, _loaded_at FROM lake."{table}"') for (table,) in tables
            }  # noqa: S608
        failed = {run.run_id for run in self.airflow.runs.values() if run.state == "failed"}
        return History(
            targets=list(self.targets.values()),
            drops=self.drops,
            files=files,
            log=log,
            rejected=rejected,
            tables={name: [LoadedRow(*row) for row in found] for name, found in rows.items()},
            landing=frozenset(self._versions(names.LANDING_BUCKET)),
            archive=self._archived(),
            alerts=self._alerts(),
            failed_runs=frozenset(failed),
            retold=dict(self.retold),
        )

    @contextlib.contextmanager
    def session(self) -> Iterator[Any]:
        """Open a transaction beside the proxies."""
        connection = psycopg2.connect(
            host=HOST,
            port=self.config.ports.redshift,
            dbname=credentials.DATABASE,
            user=credentials.USER,
            password=credentials.PASSWORD,
        )
        try:
            with connection, connection.cursor() as current:
                yield current
        finally:
            connection.close()

    def _alerts(self) -> list[str]:
        """Return the run of each Slack message, as often as it came."""
        texts = [path.read_text() for path in slack_directory(self.config).glob("*.json")]
        runs = {run_id for _, run_id in self.airflow.runs}
        return [run_id for text in texts for run_id in runs if run_id in text]

    def _versions(self, bucket: str) -> Iterator[tuple[str, str]]:
        for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for version in page.get("Versions", []):
                yield version["Key"], version["VersionId"]

    def _archived(self) -> dict[str, str]:
        """Return each archived object's digest, read from its bytes."""
        keys = {key for key, _ in self._versions(names.ARCHIVE_BUCKET)}
        return {key: self._digest(key) for key in keys}

    def _digest(self, key: str) -> str:
        body = self.s3.get_object(Bucket=names.ARCHIVE_BUCKET, Key=key)["Body"].read()
        return workload.Content(body, (), ()).digest

    def _empty(self, bucket: str) -> None:
        for key, version in list(self._versions(bucket)):
            self.s3.delete_object(Bucket=bucket, Key=key, VersionId=version)

    def _dag(self, dag_id: str) -> DAG | None:
        path = self.schemas / f"{dag_id.removeprefix('load_')}.yaml"
        if path.exists():
            return load_dag(read_file_type(path))
        other = REPOSITORY / "dags" / f"{dag_id}.py"
        if not other.exists():
            return None
        bag = BundleDagBag(dag_folder=other, safe_mode=False, load_op_links=False, bundle_path=other.parent)
        return bag.dags.get(dag_id)

    def _environment(self) -> dict[str, str]:
        """Return what Airflow's own processes get, with the proxies in the places of what they stand before."""
        return {
            **processes.base_environment(),
            **airflow.environment(self.config),
            "AWS_ENDPOINT_URL": self.aws.url,
            "LAKEPORT_SCHEMAS": str(self.schemas),
            "_AIRFLOW_PROCESS_CONTEXT": "client",  # as Airflow's supervisor and dag-processor set it
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "plugins")]),
        }

    def _put_secrets(self) -> None:
        manager: Any = resources.session().client("secretsmanager", endpoint_url=self.config.aws_endpoint)
        contents = resources.secrets(self.config)
        contents[names.REDSHIFT_SECRET]["port"] = self.redshift.port
        contents[names.AIRFLOW_SECRET]["url"] = self.airflow_api.url
        contents[names.SLACK_SECRET]["host"] = f"{self.slack.url}/services"
        for name, content in contents.items():
            manager.put_secret_value(SecretId=name, SecretString=json.dumps(content))


_FILES = """
SELECT file_id, file_type, key, version_id, status, landed_at, run_id, table_name, rows_in_file, rows_loaded,
       rows_rejected, loaded_at, archive_key, status_reason
FROM mng.files
"""
_LOG = "SELECT file_id, from_status, to_status, moved_at, run_id FROM mng.status_log"
_REJECTED = "SELECT file_id, run_id, line_number, raw_line FROM mng.load_errors"


def _rows(current: Any, query: str) -> list[tuple[Any, ...]]:
    current.execute(query)
    rows: list[tuple[Any, ...]] = current.fetchall()
    return rows


def _end(_number: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does, so that the stack is taken down."""
    raise KeyboardInterrupt


def _dag_file(dag_id: str) -> str:
    return str(REPOSITORY / "dags" / ("load_files.py" if dag_id.startswith("load_") else f"{dag_id}.py"))


def _record(drop: Drop) -> dict[str, Any]:
    """Return S3's event record of a drop."""
    thing = {"key": quote_plus(drop.key), "size": drop.size_bytes, "eTag": drop.digest[:32], "sequencer": "0"}
    place = {"bucket": {"name": names.LANDING_BUCKET}, "object": {**thing, "versionId": drop.version_id}}
    return {
        "eventName": "ObjectCreated:Put",
        "eventTime": (drop.landed_at or datetime.now(UTC)).isoformat(),
        "s3": place,
    }
