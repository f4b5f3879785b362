"""A stack with proxies in front of it, the file types and drops of a workload, and the history that they leave."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
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
from psycopg2 import sql
from psycopg2.errors import QueryCanceled

from lakeport import settings
from lakeport.airflow.load_dag import load_dag
from lakeport.arrivals.publishing import rule_of
from lakeport.arrivals.rules import ArrivalIndex
from lakeport.schema.reader import read_file_type
from local import airflow, credentials, families, postgres, postgres_files, prepared, processes, stack, warehouse
from local.aws import names, resources
from local.config import HOST, REPOSITORY, Config, Ports
from local.processes import Service
from local.sinks.services import slack_directory
from tests.support.client_side_files import MASTER_TEXT
from tests.support.pgp_files import put_secret
from tests.support.session import folder
from tests.torture import collecting, workload
from tests.torture.attempt import Command, Register
from tests.torture.attempts import Attempts, Outcome
from tests.torture.checker import Violation, violations
from tests.torture.gate import Cut, Gate, How
from tests.torture.history import Drop, History, Target
from tests.torture.http_proxy import HttpProxy
from tests.torture.light_airflow import LightAirflow, Run
from tests.torture.wire_proxy import WireProxy
from tests.torture.workload import Kind

PARTS = frozenset({"tables", "slack", "mail"})
DELETED_AT_ONCE = 1000
"""S3's limit."""
HOSTILE = ("--hostile", "--views-late", "0.5")
"""The stand-in's options: half a second is late enough, and leaves time for more faults."""


@contextlib.contextmanager
def worlds(report: Callable[[str], None] = lambda _: None, *, is_hostile: bool = False) -> Iterator[World]:
    """Start a separate stack on free ports, and remove it again.

    `is_hostile`: where AWS is silent, its Redshift answers in the less convenient way.
    """
    directory = Path(folder("lakeport-torture-")).resolve()
    config = Config(directory / "state", Ports.free())
    try:
        with ending_at_sigterm():
            prepared.make(with_airflow=False)
            stack.up(config, report, only=PARTS)
            with World.of(config, directory / "schemas", is_hostile=is_hostile) as world:
                yield world
    finally:
        stack.down(config, lambda _: None)
        postgres_files.remove(config)
        shutil.rmtree(directory)


class World:
    """What a workload acts on.

    One lane: one attempt runs at a time, except those that were given up and go on.
    """

    def __init__(self, config: Config, schemas: Path, *, is_hostile: bool = False) -> None:
        self.config, self.schemas, self.is_hostile = config, schemas, is_hostile
        schemas.mkdir(parents=True, exist_ok=True)
        self.source = workload.Source()
        self.kinds: dict[str, Kind] = {}
        self.targets: dict[str, Target] = {}
        self.drops: list[Drop] = []
        self.repeated_alerts: Counter[str] = Counter()
        self.commands: set[str] = set()
        self.deleted: set[str] = set()
        """Runs that somebody deleted."""
        self.password = credentials.PASSWORD
        self.s3: Any = resources.session().client("s3", endpoint_url=config.aws_endpoint)
        self.sqs: Any = resources.session().client("sqs", endpoint_url=config.aws_endpoint)
        self.dead_letters = names.PRODUCT_ENVIRONMENT["LAKEPORT_DEAD_LETTER_QUEUE"]
        self.gate = Gate()
        self.redshift = WireProxy(self.gate, config.ports.redshift, is_hostile=is_hostile)
        self.aws = HttpProxy(self.gate, config.ports.aws)
        self.slack = HttpProxy(self.gate, config.ports.slack)
        self.s3_of_copy = HttpProxy(self.gate, config.ports.aws, on_behalf=True)
        self.attempts = Attempts(self.gate, self._environment(), config.logs / "attempts.log")
        self.airflow = LightAirflow(self.attempts, self._dag, _dag_file)
        self.airflow_api = HttpProxy(self.gate, self.airflow.port)
        self._put_secrets()
        processes.start(config, self.warehouse())

    @classmethod
    @contextlib.contextmanager
    def of(cls, config: Config, schemas: Path, *, is_hostile: bool = False) -> Iterator[World]:
        """Open the world of a running stack."""
        world = cls(config, schemas, is_hostile=is_hostile)
        try:
            yield world
        finally:
            world.attempts.wait_for_frozen()
            proxies = (world.redshift, world.aws, world.slack, world.s3_of_copy, world.airflow_api)
            for each in (world.attempts, world.airflow, *proxies):
                each.close()

    @contextlib.contextmanager
    def hostile(self) -> Iterator[World]:
        """Let Redshift answer in the less convenient way where AWS is silent, for a while."""
        self._answer(is_hostile=True)
        try:
            yield self
        finally:
            self._answer(is_hostile=False)

    def _answer(self, *, is_hostile: bool) -> None:
        self.is_hostile = self.redshift.is_hostile = is_hostile
        processes.start(self.config, self.warehouse())

    def begin(self, kinds: dict[str, Kind]) -> None:
        """Forget all that was, and begin with these file types."""
        for path in self.schemas.iterdir():
            path.unlink()
        self.kinds, self.targets, self.drops = {}, {}, []
        self.repeated_alerts.clear()
        self.commands.clear()
        self.deleted.clear()
        self.airflow.runs.clear()
        with self.session() as current:
            current.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('mng', 'lake')")
            tables = current.fetchall()
            emptied = [f"DELETE FROM mng.{table}" for schema, table in tables if schema == "mng"]  # noqa: S608
            dropped = [f'DROP TABLE lake."{table}"' for schema, table in tables if schema == "lake"]
            current.execute("; ".join([*emptied, *dropped]))
        for bucket in (*names.LANDING_BUCKETS, names.ARCHIVE_BUCKET, names.WORK_BUCKET):
            self._empty(bucket)
        for path in slack_directory(self.config).glob("*.json"):
            path.unlink()
        self.sqs.purge_queue(QueueUrl=self.dead_letters)
        for name, kind in kinds.items():
            self.write_schema(name, kind)

    def write_schema(self, name: str, kind: Kind, table: str = "", columns: tuple[str, ...] = ()) -> None:
        """Write a file type's YAML, whole or not at all, and publish it."""
        draft = self.schemas / f".{name}.draft"
        draft.write_text(workload.schema(name, kind, table=table, columns=columns))
        draft.replace(self.schemas / f"{name}.yaml")
        self.kinds[name], self.targets[name] = kind, workload.target(name, kind, table)
        rules = [rule_of(read_file_type(path)) for path in sorted(self.schemas.glob("*.yaml"))]
        index = ArrivalIndex(tuple(rules)).to_json().encode()
        self.s3.put_object(Bucket=names.CODE_BUCKET, Key=settings.INDEX_KEY, Body=index)

    def drop(self, file_type: str | None, what: str, kind: Kind, note: str = "", key: str = "") -> Drop:
        """Put a file into landing."""
        content = self.source.file(what, kind)
        key = key or f"{file_type or 'nobody'}/{next(self.source.numbers)}{kind.suffix}"
        version = self.s3.put_object(
            Bucket=workload.bucket(file_type), Key=key, Body=content.body, Metadata=content.metadata
        )["VersionId"]
        landed_at = datetime.now(UTC)
        note = "; ".join(filter(None, [what, note]))
        rows, size_bytes = (content.rows, content.bad_lines, content.deleted), len(content.body)
        drop = Drop(key, version, file_type, content.digest, *rows, note, size_bytes, landed_at)
        self.drops.append(drop)
        return drop

    def register(self, drops: list[Drop], cut: Cut | None = None) -> Outcome:
        """Deliver the drops' events to the Lambda, one message each."""
        messages = [{"messageId": drop.version_id, "eventSource": "aws:sqs", "body": _message(drop)} for drop in drops]
        return self.attempts.run(Register({"Records": messages}), cut)

    def give_up(self, drops: list[Drop]) -> None:
        """Put the drops' events into the dead-letter queue, as SQS does after five failures of the Lambda."""
        for drop in drops:
            self.sqs.send_message(QueueUrl=self.dead_letters, MessageBody=_message(drop))

    def command(self, *arguments: str, cut: Cut | None = None) -> Outcome:
        """Run `./lakeport` as a separate process."""
        self.commands.add(arguments[0])
        return self.attempts.run(Command(arguments), cut)

    def call_back(self, run: Run, cut: Cut | None = None) -> Outcome:
        """Call a failed run's callback; where it is cut once its alert may be out, the alert may come again."""
        outcome = self.airflow.call_back(run, cut)
        self.note_repeated_alerts(run, outcome)
        return outcome

    def note_repeated_alerts(self, run: Run, outcome: Outcome) -> None:
        """Note whose alert may come again: an attempt was cut after a message went out, or sends it when it goes on.

        Reconcile sends the alerts of all runs.
        """
        if outcome.how is How.FREEZE or (outcome.how and any("/services/" in step for step in outcome.steps)):
            is_reconcile = run.dag_id == "reconcile"
            self.repeated_alerts.update(
                run_id for _, run_id in self.airflow.runs if is_reconcile or run_id == run.run_id
            )

    def check(self) -> list[Violation]:
        """Check all that happened since `begin`."""
        return violations(self.history())

    def history(self) -> History:
        """Collect the history; nothing may be running."""
        runs = {run_id for _, run_id in self.airflow.runs}
        with self.session() as current:
            targets = self.targets.values()
            ended_well = {
                run.run_id for run in self.airflow.runs.values() if run.state == "success" and not run.is_marked
            }
            found = (targets, self.drops, runs | self.deleted, self.repeated_alerts, self.commands, ended_well)
            collected = collecting.history(self.config, current, *found)
        return replace(collected, are_lines_unknown=self.is_hostile)

    def overwrite(self) -> None:
        """Replace the last file by another, without an event."""
        last = next(drop for drop in reversed(self.drops) if drop.file_type)
        self.drop(last.file_type, "good", self.kinds[str(last.file_type)], "in the place of another", last.key)

    def warehouse(self) -> Service:
        """Describe the Redshift stand-in: what COPY reads from S3 passes the gate, too."""
        service = warehouse.service(self.config)
        command = (self.s3_of_copy.url if each == self.config.aws_endpoint else each for each in service.command)
        return replace(service, command=(*command, *(HOSTILE if self.is_hostile else ())))

    def restart(self, *services: Service) -> None:
        """Kill these with all that they forked, and start them again, the last first."""
        for service in services:
            leader = processes.running(self.config, service.name)
            families.send(families.family(leader) if leader else (), signal.SIGKILL)
        for service in reversed(services):
            processes.stop(self.config, [service])
            processes.start(self.config, service)

    def rotate(self, password: str) -> None:
        """Give the warehouse's user another password, and then the secret."""
        session = postgres.connect(self.config)
        with contextlib.closing(session), session, session.cursor() as current:
            current.execute(sql.SQL("ALTER ROLE {} PASSWORD %s").format(sql.Identifier(credentials.USER)), (password,))
        self.password = password
        self._put_secrets()

    @contextlib.contextmanager
    def session(self) -> Iterator[Any]:
        """Open a transaction beside the proxies."""
        connection = psycopg2.connect(
            host=HOST,
            port=self.config.ports.redshift,
            dbname=credentials.DATABASE,
            user=credentials.USER,
            password=self.password,
        )
        try:
            self._pass_the_first_statement(connection)
            with connection, connection.cursor() as current:
                yield current
        finally:
            connection.close()

    def _pass_the_first_statement(self, connection: Any) -> None:
        """Run a statement that may be cancelled, as the first one after a while without clients may be."""
        connection.autocommit = True
        with contextlib.suppress(QueryCanceled), connection.cursor() as current:
            current.execute("SELECT 1")
        connection.autocommit = False

    def _empty(self, bucket: str) -> None:
        found = [{"Key": key, "VersionId": version} for key, version in collecting.versions(self.s3, bucket)]
        for at in range(0, len(found), DELETED_AT_ONCE):
            self.s3.delete_objects(Bucket=bucket, Delete={"Objects": found[at : at + DELETED_AT_ONCE]})

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
        """Return what Airflow's own processes get, with the proxies in the places of their servers."""
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
        contents[names.REDSHIFT_SECRET] |= {"port": self.redshift.port, "password": self.password}
        contents[names.AIRFLOW_SECRET]["url"] = self.airflow_api.url
        contents[names.SLACK_SECRET]["host"] = f"{self.slack.url}/services"
        for name, content in contents.items():
            manager.put_secret_value(SecretId=name, SecretString=json.dumps(content))
        workload.keys().store(manager)
        put_secret("master", MASTER_TEXT, manager)


@contextlib.contextmanager
def ending_at_sigterm() -> Iterator[None]:
    """Let SIGTERM end the work as Ctrl-C does, so that the stack is taken down."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _dag_file(dag_id: str) -> str:
    return str(REPOSITORY / "dags" / ("load_files.py" if dag_id.startswith("load_") else f"{dag_id}.py"))


def _message(drop: Drop) -> str:
    return json.dumps({"Records": [_record(drop)]})


def _record(drop: Drop) -> dict[str, Any]:
    """Return S3's event record of a drop."""
    thing = {"key": quote_plus(drop.key), "size": drop.size_bytes, "eTag": drop.digest[:32], "sequencer": "0"}
    place = {"bucket": {"name": workload.bucket(drop.file_type)}, "object": {**thing, "versionId": drop.version_id}}
    return {
        "eventName": "ObjectCreated:Put",
        "eventTime": (drop.landed_at or datetime.now(UTC)).isoformat(),
        "s3": place,
    }
