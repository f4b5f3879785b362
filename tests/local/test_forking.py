"""Parts that are forks of one process are started, found and stopped like others."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local import families, processes
from local.config import REPOSITORY, Config
from local.errors import PartError
from local.forking import Forker
from local.processes import Service

PROGRAM = (sys.executable, "-c", "from local import forking; exec(forking.serve(lambda: None)[0])")
SLEEPER = "import time; print('here I am', flush=True); time.sleep(600)"
FORKER = "import os, time; os.fork() or os.setsid(); print('forked', flush=True); time.sleep(600)"
NAMES = ("one", "another")


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Config]:
    config = Config(tmp_path)
    yield config
    processes.stop(config, [part(config, name) for name in NAMES])


def part(config: Config, name: str = "one", code: str = SLEEPER) -> Service:
    """Describe a part that is ready when it has printed something."""
    log = processes.log_path(config, name)
    return Service(
        name=name,
        command=("/bin/false",),
        fork_arguments=(code,),
        is_ready=lambda: log.exists() and log.stat().st_size > 0,
    )


def start(config: Config, *services: Service, program: tuple[str, ...] = PROGRAM) -> None:
    given_up = threading.Event()
    with Forker(given_up, program) as forker:
        processes.begin_forks(config, services, forker)
        for service in services:
            assert processes.start(config, service, given_up, forker)


def test_fork_outlives_its_parent_with_its_own_session_log_and_marker(config: Config) -> None:
    """`up` ends, and its parts keep running; each is found by its own name."""
    start(config, *(part(config, name) for name in NAMES))
    leaders = [processes.running(config, name) for name in NAMES]

    for name, leader in zip(NAMES, leaders, strict=True):
        assert leader
        assert os.getsid(leader.pid) == leader.pid
        assert processes.log_path(config, name).read_text() == "here I am\n"
        assert families.strays(f"{name}@{config.state}") == {leader}
    assert not processes.start(config, part(config))
    assert processes.stop(config, [part(config)]) == ["one"]
    assert [bool(processes.running(config, name)) for name in NAMES] == [False, True]


def test_stop_finds_what_a_killed_fork_left_behind(config: Config) -> None:
    start(config, part(config, code=FORKER))
    leader = processes.running(config, "one")
    assert leader
    (child,) = leader.children()
    leader.send_signal(signal.SIGKILL)
    leader.wait(5)

    assert processes.stop(config, [part(config)]) == []
    assert not families.is_alive(child)


def test_fork_that_ends_names_its_log(config: Config) -> None:
    with pytest.raises(PartError) as error:
        start(config, replace(part(config, code="import sys; sys.exit('no such table')"), is_ready=lambda: False))

    assert "one ended" in str(error.value)
    assert "no such table" in str(error.value)


def test_imports_that_fail_are_reported_with_their_log(config: Config) -> None:
    with pytest.raises(PartError) as error:
        start(config, part(config), program=(sys.executable, "-c", "import nothing_of_this_name"))
    log = processes.log_path(config, "airflow-imports")

    assert str(log) in str(error.value)
    assert "nothing_of_this_name" in log.read_text()


def test_imports_that_have_failed_before_a_part_needs_them_are_reported_alike(config: Config) -> None:
    with Forker(threading.Event(), ("/bin/false",)) as forker:
        processes.begin_forks(config, [part(config)], forker)
        assert forker._process
        forker._process.wait()
        with pytest.raises(PartError, match="one: Airflow cannot be imported"):
            processes.start(config, part(config), forker=forker)


def test_waiting_for_imports_ends_when_another_part_failed(config: Config) -> None:
    """They end too: a fork that they made later would have no pid file, and its port would seem to be another's."""
    given_up = threading.Event()
    given_up.set()
    slow = (sys.executable, "-c", "import time; time.sleep(600)")
    with Forker(given_up, slow) as forker:
        for name in NAMES:
            with pytest.raises(PartError, match=f"{name}: stopped waiting, because another part failed"):
                processes.start(config, part(config, name), given_up, forker)
        assert forker._process
        assert forker._process.wait(5) == -signal.SIGKILL


def test_nothing_is_forked_for_a_command_that_was_killed_meanwhile(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    request = {"arguments": ["print('forked')"], "marker": "", "log": str(tmp_path / "one.log")}
    ours.sendall(json.dumps(request).encode() + b"\n")
    ours.close()
    with theirs:
        variables = os.environ | {families.MARKER: "imports"}
        done = subprocess.run(PROGRAM, cwd=REPOSITORY, env=variables, stdin=theirs.fileno(), timeout=30, check=False)

    assert done.returncode == 0
    assert not (tmp_path / "one.log").exists()
