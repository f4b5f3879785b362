"""A deployment over the mng tables of an earlier one: what they lack is added, what does not fit is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.deploy.aws import Aws, Report
from infra.deploy.running import database
from infra.deploy.running.database import Database
from lakeport.mng.tables import LIVE_COLUMNS
from lakeport.redshift.sql_files import statement
from local import credentials
from tests.infra.cloud import ADMIN_ARN, Cloud
from tests.support.golden import golden

SINCE = (
    ("files", "archive_version_id"),
    ("files", "rows_replaced"),
    ("files", "check_warnings"),
    ("alerts", "message"),
    ("alerts", "held_by"),
    ("alerts", "held_until"),
)


@pytest.fixture
def earlier(cloud: Cloud) -> Iterator[set[tuple[str, ...]]]:
    """The tables before those columns; yields what they should be, and restores that in the end."""
    todays = columns(cloud)
    for table, column in SINCE:
        cloud.query(f"ALTER TABLE mng.{table} DROP COLUMN {column}")
    yield todays
    if columns(cloud) != todays:
        cloud.deployed("--database")


def columns(cloud: Cloud) -> set[tuple[str, ...]]:
    return set(cloud.query(statement(LIVE_COLUMNS)))


def test_deployment_adds_what_earlier_tables_lack(cloud: Cloud, earlier: set[tuple[str, ...]]) -> None:
    """The tasks own the columns as they own the table, and rows stay."""
    before = cloud.query("SELECT COUNT(*) FROM mng.files")

    cloud.deployed("--database")

    assert columns(cloud) == earlier
    assert cloud.query("SELECT COUNT(*) FROM mng.files") == before
    owners = cloud.query("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'mng'")
    assert owners == [("lakeport_loader",)]


def test_more_statements_than_a_batch_takes_go_in_several(cloud: Cloud) -> None:
    """The Data API takes 40 at once; more new columns than it leaves room for are added all the same."""
    todays = columns(cloud)
    dropped = cloud.query(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'mng' AND is_nullable = 'YES' ORDER BY 1, 2"
    )
    for table, column in dropped:
        cloud.query(f"ALTER TABLE mng.{table} DROP COLUMN {column}")

    cloud.deployed("--database")

    assert columns(cloud) == todays
    assert len(dropped) > database.BATCH - 25, "fewer than fill a batch"
    assert cloud.account.asked("redshift-data", writing=True).count("BatchExecuteStatement") == 2


def test_short_column_is_lengthened(cloud: Cloud, earlier: set[tuple[str, ...]]) -> None:
    """Outside of the batch, which is a transaction."""
    cloud.query("ALTER TABLE mng.alerts ADD COLUMN held_by VARCHAR(8)")
    cloud.deployed("--database")
    assert columns(cloud) == earlier


@pytest.fixture
def open_database(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Database]:
    """Reach the database as its administrator, through the Data API."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.account.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials.AWS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials.AWS_SECRET)
    address = {"ClusterIdentifier": "stand-in", "Database": credentials.DATABASE, "SecretArn": ADMIN_ARN}

    def run(report: Report = lambda _: None) -> Database:
        return Database(Aws(credentials.REGION, wait_seconds=0.05, report=report), address)

    return run


def test_deployments_at_once_add_each_column_once(
    cloud: Cloud, earlier: set[tuple[str, ...]], open_database: Callable[..., Database]
) -> None:
    outputs = cloud.outputs

    def apply(_: int) -> None:
        found = open_database()
        database.apply(found.aws, found, outputs)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(apply, range(2)))
    assert columns(cloud) == earlier


def test_isolation_level_that_rolls_loads_back_is_reported(
    cloud: Cloud, open_database: Callable[..., Database]
) -> None:
    """With the statement that changes it: the database may be older than Lakeport, and belong to others too."""
    reports: list[str] = []
    found = open_database(reports.append)
    alter = f'ALTER DATABASE "{credentials.DATABASE}" ISOLATION LEVEL'
    database.report_isolation(found)
    assert reports == []
    try:
        found.run(f"{alter} SERIALIZABLE")
        database.report_isolation(found)
        assert f"warning: database {credentials.DATABASE} has isolation level Serializable" in cloud.deployed(
            "--database"
        )
    finally:
        found.run(f"{alter} SNAPSHOT")
    (warning,) = reports
    assert warning.endswith(f"{alter} SNAPSHOT")


def test_table_that_cannot_be_upgraded_stops_the_deployment(cloud: Cloud, earlier: set[tuple[str, ...]]) -> None:
    cloud.query("ALTER TABLE mng.alerts ADD COLUMN held_until DATE")

    refused = cloud.deploy("--yes", "--no-smoke-test", "--database")

    assert refused.returncode == 2
    assert "mng.alerts.held_until" in refused.stderr
    golden("infra", "mng tables cannot be upgraded", refused.stderr)
    assert ("alerts", "message", "character varying(65535)") not in columns(cloud)
    cloud.query("ALTER TABLE mng.alerts DROP COLUMN held_until")
