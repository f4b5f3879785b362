"""`python -m local` tells a person what happened and a script by its exit status."""

import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import stack
from local.config import HOST, REPOSITORY, Config, Ports, variable


@pytest.fixture
def config(starts_programs: None, tmp_path: Path) -> Iterator[Config]:
    config = Config(tmp_path / "state", Ports.free())
    yield config
    stack.down(config, print)


def run(config: Config, command: str) -> subprocess.CompletedProcess[str]:
    """Run the command as make does."""
    ports = {variable(name): str(port) for name, port in config.ports.by_name().items()}
    environment = os.environ | ports | {"LAKEPORT_STATE": str(config.state), "AWS_PROFILE": "none-of-that-name"}
    arguments = [sys.executable, "-m", "local", command]
    return subprocess.run(arguments, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)


def test_status_of_a_stopped_stack_fails(config: Config) -> None:
    """A script may ask whether all is well."""
    done = run(config, "status")

    assert done.returncode == 1
    assert "airflow-scheduler       stopped" in done.stdout


def test_status_shows_what_runs(config: Config) -> None:
    stack.up(config, lambda _: None, frozenset({"mail"}))
    lines = run(config, "status").stdout.splitlines()

    assert [line.split()[:2] for line in lines if "running" in line] == [["mail", "running"]]


def test_error_is_a_sentence_and_no_traceback(config: Config) -> None:
    """What a person can act on is all they need to read."""
    with socket.create_server((HOST, config.ports.airflow)):
        done = run(config, "up")

    assert done.returncode == 1
    assert "LAKEPORT_AIRFLOW_PORT=PORT" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_second_up_is_refused_while_one_runs(config: Config) -> None:
    """A second `up` beside the first would start parts twice."""
    config.state.mkdir()
    with (config.state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run(config, "up")

    assert done.returncode == 1
    assert "another `up` or `down` of this stack is running" in done.stdout


def test_clean_leaves_nothing(config: Config) -> None:
    """The data goes too: this is the one command that deletes it."""
    stack.up(config, lambda _: None, frozenset({"postgres", "slack"}))
    done = run(config, "clean")

    assert done.returncode == 0
    assert not config.state.exists()
