"""One local stack a test process, on free ports and in its own directory, so that a running stack is left alone.

Fixtures start what they name and nothing more; parts once started are shared by every test that comes later.
"""

import gc
from collections.abc import Generator, Iterator

import pytest

from local.config import Config
from tests.support import groups, session
from tests.support.stack import Start, stack_of_its_own


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="only tests that start no stack, PostgreSQL or Airflow")


def pytest_configure(config: pytest.Config) -> None:
    session.begin(config)
    if config.pluginmanager.hasplugin("hypothesispytest"):
        _allow_slow_examples()


def _allow_slow_examples() -> None:
    """Let no test fail because the machine is busy, and let examples share the fixtures of their test."""
    from hypothesis import HealthCheck, settings  # noqa: PLC0415 - takes long, and some sessions do without

    may_be = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    settings.register_profile("lakeport", deadline=None, suppress_health_check=may_be)
    settings.load_profile("lakeport")


def pytest_unconfigure(config: pytest.Config) -> None:
    session.end(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> groups.GroupScheduling:
    return groups.GroupScheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage while modules are imported, and seldom after it: it would take a tenth of the time.

    What was imported stays, so no later collection looks through it.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(50_000, 50)
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Arrange the tests in groups for the workers; with --fast, leave out those that start programs."""
    if config.getoption("--fast"):
        slow = [item for item in items if not groups.is_fast(item)]
        items[:] = [item for item in items if groups.is_fast(item)]
        config.hook.pytest_deselected(items=slow)
    groups.arrange(items, is_parallel=hasattr(config, "workerinput"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    groups.give_way(item)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name binary parameters by their argument: compressed files hold times, and all workers need the same names."""
    is_binary = isinstance(val, bytes) and not (val.isascii() and val.decode("ascii").isprintable())
    return argname if is_binary else None


@pytest.fixture(scope="session")
def starts_programs() -> None:
    """Ask for this in every fixture that starts PostgreSQL, Airflow or other programs that take seconds.

    `make test-fast` leaves its tests out, and tests that share such a fixture run in one worker.
    """


@pytest.fixture(scope="session")
def starts_airflow(starts_programs: None) -> None:
    """Request this in every fixture that starts Airflow: tests with a separate Airflow run in one worker."""


@pytest.fixture(scope="session")
def start_parts(starts_programs: None) -> Iterator[Start]:
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
