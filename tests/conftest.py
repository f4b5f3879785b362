"""One local stack a test session, on free ports and in a directory of its own, so that a running stack is left alone.

Fixtures start what they name and nothing more; parts once started are shared by every test that comes later.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest

from local.config import Config
from tests.support.stack import Start, stack_of_its_own

_airflow_home = tempfile.mkdtemp(prefix="lakeport-airflow-home-")
atexit.register(shutil.rmtree, _airflow_home, ignore_errors=True)
os.environ.setdefault("AIRFLOW_HOME", _airflow_home)  # importing Airflow writes its settings there


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of the whole stack come last: an idle Airflow takes a third of a core from all that come after."""
    items.sort(key=lambda item: "stack" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def start_parts() -> Iterator[Start]:
    """Start parts of the session's stack."""
    with stack_of_its_own() as start:
        yield start


@pytest.fixture(scope="session")
def postgres(start_parts: Start) -> Config:
    """PostgreSQL alone."""
    return start_parts("postgres")


@pytest.fixture(scope="session")
def aws(start_parts: Start) -> Config:
    """S3, SQS, SNS and Secrets Manager with Lakeport's resources in them."""
    return start_parts("aws-resources")


@pytest.fixture(scope="session")
def sinks(start_parts: Start) -> Config:
    """The mail and the Slack sink."""
    return start_parts("mail", "slack")


@pytest.fixture(scope="session")
def stack(start_parts: Start) -> Config:
    """Everything, Airflow included; DAGs in `more_dags` are run beside the product's."""
    return start_parts()
