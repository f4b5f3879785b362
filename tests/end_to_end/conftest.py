"""The whole stack, seen from outside: drop a file, read mng, look at Airflow, at the archive and at the sinks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from local import processes
from local import stack as local_stack
from local.config import Config
from tests.support.running_lakeport import Lakeport
from tests.support.stack import stack_of_its_own
from tests.support.waiting import until


@pytest.fixture(scope="package")
def stack(starts_airflow: None) -> Iterator[Config]:
    """Everything, Airflow included; DAGs in `more_dags` are run beside the product's.

    It ends with the last test of this folder: an idle Airflow takes a third of a core from all that come after.
    """
    with stack_of_its_own() as start:
        yield start()


@pytest.fixture
def lakeport(stack: Config) -> Iterator[Lakeport]:
    """A stack that is whole: where a part of it has ended, nothing is waited for, and its log is shown."""
    services = local_stack.services(stack)
    for name in (service.name for service in services if not processes.running(stack, service.name)):
        pytest.fail(f"{name} has ended:\n{processes.tail(processes.log_path(stack, name))}")
    until(
        lambda: all(service.is_ready() for service in services),
        lambda: [service.name for service in services if not service.is_ready()],
    )
    with closing(Lakeport(stack)) as opened:
        yield opened
