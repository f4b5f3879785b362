"""docker-compose.yaml, as far as it can be tried without Docker: what it names exists, its commands make a stack."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lakeport import settings
from local import airflow_api, stack
from local.config import REPOSITORY, Config, Ports, variable

COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = {
    name: each for name, each in COMPOSE["services"].items() if "profiles" not in each
}
PATIENCE_SECONDS = 180


@pytest.fixture
def config(starts_programs: None, tmp_path: Path) -> Iterator[Config]:
    config = Config(tmp_path / "state", Ports.free())
    yield config
    stack.down(config, print)


def test_services_are_the_steps_of_the_bare_stack_in_its_order(config: Config) -> None:
    """A part or a task that `make up` gains must come here too."""
    config.state.mkdir()
    steps = {step.name: set(step.after) for step in stack.steps(config, threading.Event())}
    assert {name: set(each.get("depends_on", {})) for name, each in SERVICES.items()} == steps


def test_parts_are_waited_for_by_health_and_tasks_by_their_end(config: Config) -> None:
    parts = {service.name for service in stack.services(config)}
    assert {name for name, each in SERVICES.items() if "healthcheck" in each} == parts
    for each in SERVICES.values():
        for name, waited in each.get("depends_on", {}).items():
            assert waited["condition"] == ("service_healthy" if name in parts else "service_completed_successfully")


def test_each_service_runs_the_command_of_its_name() -> None:
    for name, each in SERVICES.items():
        assert arguments_of(each) == ["-m", "local", "run", name]
        if "healthcheck" in each:
            assert each["healthcheck"]["test"][2:] == ["-m", "local", "ready", name]
        assert (each["image"] == "lakeport-airflow") == name.startswith("airflow-") or name == "airflow-database"


def test_nothing_listens_but_on_the_hosts_own_address() -> None:
    """Parts listen on 127.0.0.1; nothing is published to the network."""
    assert all(each["network_mode"] == "host" and "ports" not in each for each in SERVICES.values())


def test_ports_can_be_moved() -> None:
    variables = {variable(name) for name in Ports().by_name()}
    assert set(SERVICES["aws"]["environment"]) == variables | {"LAKEPORT_STATE"}


def test_copied_and_mounted_paths_exist() -> None:
    for each in SERVICES.values():
        copied = re.findall(r"^COPY --chown=50000:0 (.+) \S+$", each["build"]["dockerfile_inline"], re.MULTILINE)
        mounted = [volume.split(":")[0] for volume in each["volumes"] if volume.startswith(".")]
        paths = [path for line in copied for path in line.split()] + mounted
        assert len(paths) >= 6
        assert [path for path in paths if not (REPOSITORY / path).exists()] == []


def test_what_people_change_is_mounted_where_the_product_looks() -> None:
    folders = {"dags", "plugins", settings.schemas_folder().name, settings.sql_folder().name}
    folders |= {settings.transforms_folder().name}
    for each in SERVICES.values():
        assert {f"./{folder}:/lakeport/{folder}:ro" for folder in folders} < set(each["volumes"])


def test_airflow_is_the_one_we_lock() -> None:
    locked = re.search(r"^apache-airflow==(.+)$", (REPOSITORY / "requirements-dev.txt").read_text(), re.MULTILINE)
    assert locked
    assert (
        f"FROM apache/airflow:{locked[1]}-python3.12\n" in SERVICES["airflow-scheduler"]["build"]["dockerfile_inline"]
    )


def test_commands_make_a_stack(starts_airflow: None, config: Config) -> None:
    """Each is started when what it depends on is ready, as Docker would, and ends when it is stopped."""
    compose = Composed(config)
    assert not compose.is_healthy("postgres")
    try:
        compose.up()
        assert airflow_api.call(config, "/dags")["total_entries"] > 0
        status = compose.run([str(REPOSITORY / "lakeport"), "status"])
        assert status.returncode == 0, status.stderr
        assert compose.run([sys.executable, "-m", "local", "status"]).returncode == 0
    finally:
        ends = compose.down()
    assert ends == dict.fromkeys(ends, 0)


class Composed:
    """A small Docker Compose: services start in order, their health is checked, and they stop in the reverse order."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.parts = {service.name: service for service in stack.services(config)}
        ports = {variable(name): str(port) for name, port in config.ports.by_name().items()}
        self.environment = os.environ | ports | {"LAKEPORT_STATE": str(config.state)}

    def up(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        there: set[str] = set()
        while there != set(SERVICES):
            assert time.monotonic() < deadline, f"these are not there: {set(SERVICES) - there}"
            for name in SERVICES.keys() - self.processes.keys():
                if set(SERVICES[name].get("depends_on", {})) <= there:
                    command = [sys.executable, *arguments_of(SERVICES[name])]
                    self.processes[name] = subprocess.Popen(command, cwd=REPOSITORY, env=self.environment)
            there |= {name for name in self.processes.keys() - there if self.is_there(name)}
            time.sleep(0.5)

    def is_there(self, name: str) -> bool:
        if "healthcheck" not in SERVICES[name]:
            assert self.processes[name].poll() in {None, 0}, name
            return self.processes[name].poll() == 0
        assert self.processes[name].poll() is None, name
        return self.parts[name].is_ready() and self.is_healthy(name)

    def is_healthy(self, name: str) -> bool:
        """Run the health check: it takes so long that the first one waits until the part is ready."""
        return self.run([sys.executable, *SERVICES[name]["healthcheck"]["test"][2:]]).returncode == 0

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=REPOSITORY, env=self.environment, capture_output=True, text=True, check=False
        )

    def down(self) -> dict[str, int]:
        left = set(self.processes)
        while left:
            needed = {name for each in left for name in SERVICES[each].get("depends_on", {})}
            for name in left - needed:
                self.processes[name].send_signal(signal.SIGTERM)
            for name in left - needed:
                self.processes[name].wait(60)
            left &= needed
        return {name: process.returncode for name, process in self.processes.items()}


def arguments_of(service: dict[str, Any]) -> list[str]:
    """Return the command after its interpreter."""
    command: list[str] = service.get("entrypoint") or service["command"]
    return command[1:]
