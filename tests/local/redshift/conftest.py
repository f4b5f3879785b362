"""A real PostgreSQL, a real S3 server and the stand-in between them, once for all tests."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import boto3
import pytest

from local import credentials, postgres_files
from local.config import Config
from local.redshift.engine import own_postgres
from tests.support.redshift_stand_in import BUCKET, StandIn, Starter, Warehouse, start

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(scope="session")
def engine(starts_programs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    """PostgreSQL alone, and of these tests' own: they change its roles, its databases and their isolation."""
    with own_postgres.started(tmp_path_factory.mktemp("postgres")) as config:
        yield config
        postgres_files.remove(config)


@pytest.fixture(scope="session")
def s3_endpoint(start_parts: Callable[..., Config]) -> str:
    return start_parts("aws").aws_endpoint


@pytest.fixture(scope="session")
def s3(s3_endpoint: str) -> "S3Client":
    client: S3Client = boto3.client(
        "s3",
        endpoint_url=s3_endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture(scope="session")
def stand_in(
    engine: Config,
    start_stand_in: Starter,
    s3_endpoint: str,
    s3: "S3Client",
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[StandIn]:
    log = tmp_path_factory.mktemp("stand-in") / "log"
    certificate = log.with_name("certificate.pem")
    postgres_port, password = engine.ports.postgres, credentials.load(engine).postgres_password
    process, port = start_stand_in(postgres_port, s3_endpoint, log, "--certificate", str(certificate))
    yield StandIn(port, postgres_port, password, s3, s3_endpoint, process, certificate)
    process.terminate()
    assert process.wait(10) == 0, log.read_text()
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture(scope="session")
def start_stand_in(engine: Config) -> Starter:
    """Give the way to start a stand-in on the PostgreSQL of these tests."""
    return partial(start, credentials.load(engine).postgres_password)


@pytest.fixture
def warehouse(stand_in: StandIn, request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    connection = stand_in.connect(sslmode="disable")  # TLS takes longer than most of these tests' statements
    warehouse = Warehouse(stand_in, connection)
    schema = f"s{abs(hash(request.node.nodeid))}"
    warehouse.run(f"CREATE SCHEMA {schema}")
    warehouse.run(f"SET search_path TO {schema}")
    yield warehouse
    if not connection.closed:
        warehouse.run("ROLLBACK")
        warehouse.run(f"DROP SCHEMA {schema} CASCADE")
        connection.close()
