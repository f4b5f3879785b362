"""Processes are started, found and stopped, and strangers are left alone."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from local import processes
from local.config import Config
from local.errors import PartError
from local.processes import Service
from tests.support.golden import raises_golden

SLEEPER = "import time; print('here I am', flush=True); time.sleep(600)"
FORKER = """
import os, subprocess, sys, time
child = [sys.executable, "-c", "import time; time.sleep(600)"]
subprocess.Popen(child)                           # in our session
subprocess.Popen(child, start_new_session=True)   # in a separate one, as daemons do
print("forked", flush=True)
time.sleep(600)
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Config]:
    config = Config(tmp_path)
    yield config
    processes.stop(config, [sleeper(config)])


def sleeper(config: Config, code: str = SLEEPER) -> Service:
    """Describe a part that is ready when it has printed something."""
    log = processes.log_path(config, "sleeper")
    return Service(
        name="sleeper",
        command=(sys.executable, "-c", code),
        is_ready=lambda: log.exists() and log.stat().st_size > 0,
        stop_within_seconds=0.5,
    )


def test_starting_twice_starts_once(config: Config) -> None:
    """`up` may be repeated: a healthy part is left alone."""
    assert processes.start(config, sleeper(config))
    first = processes.running(config, "sleeper")

    assert not processes.start(config, sleeper(config))
    assert first == processes.running(config, "sleeper")


def test_part_with_other_settings_is_restarted(config: Config) -> None:
    """A changed port reaches the part at the next `up`."""
    processes.start(config, sleeper(config))
    first = processes.running(config, "sleeper")

    assert processes.start(config, replace(sleeper(config), environment={"PORT": "1"}))
    assert first and not first.is_running()


def test_part_that_ends_names_its_log(config: Config) -> None:
    """The error shows which part it was, its last output, and where the rest is."""
    service = sleeper(config, "import sys; sys.exit('no such table')")
    with pytest.raises(PartError) as error:
        processes.start(config, replace(service, is_ready=lambda: False))

    assert "sleeper ended with exit status 1" in str(error.value)
    assert "no such table" in str(error.value)
    assert str(processes.log_path(config, "sleeper")) in str(error.value)


def test_part_that_never_answers_is_stopped(config: Config) -> None:
    """A hung part is not left half started."""
    service = replace(sleeper(config), is_ready=lambda: False, start_within_seconds=0.3)
    with raises_golden(PartError, "local", "part does not answer", "sleeper"):
        processes.start(config, service)

    assert processes.running(config, "sleeper") is None


def test_waiting_ends_when_another_part_failed(config: Config) -> None:
    """One failure is reported at once, not after the other parts' time is up."""
    given_up = threading.Event()
    given_up.set()
    with raises_golden(PartError, "local", "wait was given up", "sleeper"):
        processes.start(config, replace(sleeper(config), is_ready=lambda: False), given_up)


@pytest.mark.parametrize("code", [FORKER, DEAF], ids=["forks", "ignores SIGTERM"])
def test_stop_leaves_no_process(config: Config, code: str) -> None:
    """Whatever a part forked, and whichever signals it ignores, nothing of it survives."""
    processes.start(config, sleeper(config, code))
    leader = processes.running(config, "sleeper")
    assert leader
    family = [leader, *leader.children(recursive=True)]

    assert processes.stop(config, [sleeper(config)]) == ["sleeper"]
    assert [each for each in family if is_alive(each)] == []


def test_stop_finds_what_a_killed_part_left_behind(config: Config) -> None:
    """A part killed from outside cannot take its children with it; `down` does."""
    processes.start(config, sleeper(config, FORKER))
    leader = processes.running(config, "sleeper")
    assert leader
    children = leader.children(recursive=True)
    leader.send_signal(signal.SIGKILL)
    leader.wait(5)

    processes.stop(config, [sleeper(config)])
    assert len(children) == 2
    assert [each for each in children if is_alive(each)] == []


def test_recycled_pid_is_not_killed(config: Config) -> None:
    """A pid file that outlived its process may name a stranger: the start time tells."""
    stranger = subprocess.Popen([sys.executable, "-c", SLEEPER], stdout=subprocess.DEVNULL)
    try:
        path = config.state / "run" / "sleeper.json"
        path.parent.mkdir()
        path.write_text(json.dumps({"pid": stranger.pid, "started_at": time.time() - 3600}))

        assert processes.running(config, "sleeper") is None
        assert processes.stop(config, [sleeper(config)]) == []
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', '{"pid": -1, "started_at": 0}'])
def test_damaged_pid_file_is_ignored(config: Config, content: str) -> None:
    """A file cut short by a full disk or a crash stops nothing from starting."""
    path = config.state / "run" / "sleeper.json"
    path.parent.mkdir()
    path.write_text(content)

    assert processes.running(config, "sleeper") is None
    assert processes.start(config, sleeper(config))


def test_foreign_settings_do_not_reach_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's own AWS profile, Airflow or Python settings change nothing in the stack."""
    for name in ("AWS_PROFILE", "AIRFLOW__CORE__EXECUTOR", "PYTHONDONTWRITEBYTECODE", "PGPASSWORD", "LAKEPORT_SCHEMAS"):
        monkeypatch.setenv(name, "something")
    monkeypatch.setenv("HOME", "/home/somebody")

    environment = processes.base_environment()
    assert environment["HOME"] == "/home/somebody"
    assert "127.0.0.1" in environment["NO_PROXY"]
    assert {name for name in os.environ if name.startswith(("AWS_", "AIRFLOW", "PYTHON"))} & set(environment) == set()


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
