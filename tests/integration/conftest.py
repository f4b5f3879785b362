"""Product code against the real parts: S3, Secrets Manager and the Redshift stand-in.

They are these tests' own: the files that tests leave half way here would be found, and finished, by every reconcile
in the session's whole stack.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lakeport import settings
from lakeport.files import s3_objects
from lakeport.loading.one_file import FileLoad
from lakeport.mng import claims, file_records
from lakeport.model import Arrival, Match, RegisteredFile, TaskRun
from lakeport.preparing.prepare import listed, prepare
from lakeport.redshift import session
from lakeport.redshift.fitting import fit_table
from lakeport.redshift.session import Warehouse
from lakeport.schema.facts import FileFacts
from lakeport.schema.file_type import FileType
from lakeport.secrets_manager import read_secret
from local import stack as local_stack
from local.config import Config
from tests.integration.callables import Bring, Query
from tests.integration.file_types import make_file_type
from tests.integration.world import World
from tests.support.answers import Answers, answering
from tests.support.stack import stack_of_its_own

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(scope="session")
def redshift(starts_programs: None) -> Iterator[Config]:
    """The Redshift stand-in with the mng tables, and the S3 it copies from."""
    with stack_of_its_own(keeps_objects=False) as start:
        yield start("tables")


@pytest.fixture
def product_environment(redshift: Config, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Give this test's process what product code reads from its environment, and take it away again."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    # TLS would be a third of a session's work; tests/local/redshift and tests/end_to_end have it.
    without_tls = {"PGSSLMODE": "disable", "PGGSSENCMODE": "disable"}
    for name, value in (local_stack.shell_environment(redshift) | without_tls).items():
        monkeypatch.setenv(name, value)
    if s3_objects.s3_client().meta.endpoint_url != redshift.aws_endpoint:
        s3_objects.s3_client.cache_clear()  # it is of another stack
    return redshift


@pytest.fixture
def s3(product_environment: Config) -> S3Client:
    return _s3_client(product_environment.aws_endpoint)


@cache
def _s3_client(_endpoint: str) -> S3Client:
    """Make a client that is not the product's once: a test that changes a client makes its own."""
    return s3_objects.s3_client.__wrapped__()


@pytest.fixture
def answers() -> Answers:
    """How the stand-in answers in this test's sessions where AWS is silent; `both_ways` gives both ways in turn."""
    return {}


@pytest.fixture
def warehouse(s3: S3Client, product_environment: Config, answers: Answers) -> Iterator[Warehouse]:
    if read_secret(settings.redshift_secret()).get("port") != product_environment.ports.redshift:
        read_secret.cache_clear()  # it is of another stack
    with answering(**answers) as opened:
        yield opened


@pytest.fixture
def retrying_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have work that failed begin again without a pause."""
    monkeypatch.setattr(session, "_FIRST_PAUSE_SECONDS", 0.001)


@pytest.fixture
def query(warehouse: Warehouse) -> Query:
    """Run one text, which is a transaction if it has several statements, and return its last rows."""

    def run(text: str, values: Any = None) -> list[tuple[Any, ...]]:
        def read(current: Any) -> list[tuple[Any, ...]]:
            current.execute(text, values)
            rows: list[tuple[Any, ...]] = current.fetchall()
            return rows

        return warehouse.read(read)

    return run


@pytest.fixture
def file_type() -> FileType:
    """A small CSV type with its own table for this test."""
    return make_file_type()


@pytest.fixture
def land(s3: S3Client, warehouse: Warehouse) -> Callable[..., RegisteredFile]:
    """Put an object into a bucket and register it, as the Lambda would; this bucket sends it no events."""

    def run(
        file_type: FileType, body: bytes, name: str = "trips.csv", metadata: Mapping[str, str] | None = None
    ) -> RegisteredFile:
        key = f"{file_type.name}/{name}"
        put = s3.put_object(Bucket=settings.work_bucket(), Key=key, Body=body, Metadata=metadata or {})
        version = put["VersionId"]
        now = datetime.now(UTC).replace(tzinfo=None)
        arrival = Arrival(settings.work_bucket(), key, version, "etag", len(body), now, "")
        match = Match(file_type.name)
        warehouse.transaction(lambda current: file_records.register(current, [(arrival, match)], now))
        place = (arrival.bucket, key, version, "etag", len(body), now)
        return RegisteredFile(arrival.file_id, *place)

    return run


@pytest.fixture
def prepare_load(s3: S3Client, warehouse: Warehouse, land: Callable[..., RegisteredFile]) -> Callable[..., FileLoad]:
    """Bring a file as far as copy_to_table: landed, registered, In Progress, its table there."""

    def run(file_type: FileType, body: bytes, name: str = "trips.csv", run_id: str = "run1") -> FileLoad:
        file = land(file_type, body, name)
        by = TaskRun(file_type.dag_id, run_id, "copy_to_table")
        warehouse.transaction(lambda current: claims.claim(current, [file.file_id], by))
        fit_table(warehouse, file_type)
        return FileLoad(file_type, file, (file.source(file_type.format.compression),), by, warehouse, s3)

    return run


@pytest.fixture
def bring_file(s3: S3Client, warehouse: Warehouse) -> Callable[..., FileLoad]:
    """Bring a registered file to its load, prepared as its DAG would."""

    def run(file_type: FileType, file: RegisteredFile, by: TaskRun) -> FileLoad:
        source = file.source(file_type.format.compression)
        if not file_type.is_prepared:
            return FileLoad(file_type, file, (source,), by, warehouse, s3)
        bucket, facts = settings.work_bucket(), FileFacts.of(file_type, file, by.run_id)
        key = prepare(s3, file_type, source, bucket, f"prepared/{file.file_id}", facts=facts)
        return FileLoad(file_type, file, listed(s3, bucket, key), by, warehouse, s3)

    return run


@pytest.fixture
def bring(prepare_load: Callable[..., FileLoad], bring_file: Callable[..., FileLoad]) -> Bring:
    """Bring a file as far as copy_to_table, prepared as its DAG would."""

    def run(file_type: FileType, body: bytes, **more: Any) -> FileLoad:
        load = prepare_load(file_type, body, **more)
        return bring_file(file_type, load.file, load.by)

    return run


@pytest.fixture
def world(s3: S3Client, warehouse: Warehouse, query: Query, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A separate world; nothing is on record."""
    for role in ("LANDING", "CODE", "WORK"):
        bucket = f"{role.lower()}-{uuid.uuid4().hex[:8]}"
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        monkeypatch.setenv(f"LAKEPORT_{role}_BUCKET", bucket)
    monkeypatch.setenv("LAKEPORT_SCHEMAS", str(tmp_path))
    for name in ("LAKEPORT_LANDING_BUCKETS", "LAKEPORT_DEAD_LETTER_QUEUE"):
        monkeypatch.delenv(name)
    tables = ("files", "alerts", "status_log", "task_errors")
    query("".join(f"DELETE FROM mng.{table}; " for table in tables) + "SELECT 1")  # noqa: S608
    return World(s3, warehouse, query, tmp_path, f"trips_{uuid.uuid4().hex[:8]}")
