"""One local stack a test session, on free ports and in a directory of its own, so that a running stack is left alone.

Fixtures start what they name and nothing more; parts once started are shared by every test that comes later.
"""

import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from local import postgres_files
from local import stack as local_stack
from local.config import Config, Ports

Start = Callable[..., Config]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of the whole stack come last: an idle Airflow takes a third of a core from all that come after."""
    items.sort(key=lambda item: "stack" in getattr(item, "fixturenames", ()))


@contextmanager
def stack_of_its_own() -> Iterator[Start]:
    """Give what starts the named parts and what they need, or the whole stack; all of it is stopped at the end."""
    directory = Path(tempfile.mkdtemp(prefix="lakeport-tests-")).resolve()
    config = Config(directory / "state", Ports.free(), more_dags=directory / "dags")
    (directory / "dags").mkdir()
    before = signal.signal(signal.SIGTERM, _stop_session)

    def start(*parts: str) -> Config:
        local_stack.up(config, report=lambda _: None, only=frozenset(parts) or None)
        return config

    try:
        yield start
    finally:
        local_stack.down(config, report=lambda _: None)
        signal.signal(signal.SIGTERM, before)
        postgres_files.remove(config)
        shutil.rmtree(directory)


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


def _stop_session(_number: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does: fixtures are torn down."""
    raise KeyboardInterrupt
