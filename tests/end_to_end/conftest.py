"""The whole stack, seen from outside: drop a file, read mng, look at Airflow, at the archive and at the sinks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from local import demo, processes
from local import stack as local_stack
from local.config import REPOSITORY, Config
from local.forking import Forker
from tests.support.command import Command
from tests.support.running_lakeport import Lakeport
from tests.support.stack import stack_of_its_own
from tests.support.waiting import until


@pytest.fixture(scope="package")
def forker() -> Iterator[Forker]:
    """The parent of Airflow's processes, which tests that kill some of them need again."""
    with Forker(threading.Event()) as opened:
        yield opened


@pytest.fixture(scope="package")
def stack(starts_airflow: None, forker: Forker) -> Iterator[Config]:
    """Everything, Airflow included; DAGs in `more_dags` are run beside the product's.

    It ends with the last test of this folder: an idle Airflow takes a third of a core from all that come after.
    """
    with stack_of_its_own() as start:
        yield start(forker=forker)


@pytest.fixture(scope="package")
def command(stack: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """`lakeport` with this checkout; unless a test names another environment, it uses this stack."""
    paths = {"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'plugins'}"}
    variables = processes.base_environment() | local_stack.shell_environment(stack) | paths
    command = Command(REPOSITORY, variables, tmp_path_factory.mktemp("command"))
    yield command
    command.close()


@dataclass(frozen=True)
class LoadedDemo:
    """The files of the demo, which tests share that only look at files."""

    drops: list[demo.Drop]
    airlines: int
    """The rows of lake.airlines right after it: each file replaces them."""

    def version(self, key: str) -> str:
        (version,) = [drop.version_id for drop in self.drops if drop.key == key]
        return version


@pytest.fixture(scope="package")
def loaded_demo(stack: Config) -> LoadedDemo:
    """Load the files of the demo, side by side: one after another they would take several times as long."""
    with closing(Lakeport(stack)) as lakeport:
        drops = [drop for wave in demo.WAVES for drop in demo.watch_wave(stack, wave)]
        return LoadedDemo(drops, lakeport.rows("lake.airlines"))


@pytest.fixture
def lakeport(stack: Config, command: Command, forker: Forker) -> Iterator[Lakeport]:
    """A stack that is whole: where a part of it has ended, nothing is waited for, and its log is shown."""
    services = local_stack.services(stack)
    for name in (service.name for service in services if not processes.running(stack, service.name)):
        pytest.fail(f"{name} has ended:\n{processes.tail(processes.log_path(stack, name))}")
    until(
        lambda: all(service.is_ready() for service in services),
        lambda: [service.name for service in services if not service.is_ready()],
    )
    with closing(Lakeport(stack, command, forker)) as opened:
        yield opened
