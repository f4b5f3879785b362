"""A session in workers starts what it needs and leaves nothing behind; --fast leaves out what starts programs."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local import families
from local.config import REPOSITORY

TESTS = """\
import os, signal, time
from pathlib import Path

HERE = Path(__file__).parent

def test_quick():
    pass

def test_slow(start_parts):
    config = start_parts("mail")
    (HERE / "state.draft").write_text(str(config.state))
    (HERE / "state.draft").replace(HERE / "state")
    {then}

def test_of_the_same_programs(start_parts):
    assert (HERE / "state").read_text() == str(start_parts("mail").state)
"""
PARALLEL = (
    "-n",
    "2",
    "--dist",
    "loadscope",
    "--no-loadscope-reorder",
    "--max-worker-restart",
    "0",
    "-p",
    "no:randomly",
)
PATIENCE_SECONDS = 120


def session(folder: Path, then: str, *options: str) -> subprocess.Popen[str]:
    """Start pytest on a file of tests, with the fixtures and hooks of ours."""
    (folder / "test_it.py").write_text(TESTS.format(then=then))
    settings = ("-c", str(REPOSITORY / "pyproject.toml"), "--rootdir", str(folder), "-p", "tests.conftest")
    # Each of its processes would import Hypothesis, which takes half of its time.
    plugins = ("-p", "no:hypothesispytest")
    command = [sys.executable, "-m", "pytest", *settings, *plugins, *options, str(folder / "test_it.py")]
    return subprocess.Popen(
        command,
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell starts what it runs in the background with SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    )


def test_programs_are_shared_by_the_tests_of_one_worker_and_stopped(starts_programs: None, tmp_path: Path) -> None:
    output, _ = session(tmp_path, "pass", *PARALLEL).communicate(timeout=PATIENCE_SECONDS)
    state = Path((tmp_path / "state").read_text())

    assert "3 passed" in output
    assert families.strays(f"mail@{state}") == set()
    assert not state.parents[1].exists()


@pytest.mark.parametrize("options", [(), PARALLEL])
def test_fast_tests_are_those_that_start_no_programs(
    starts_programs: None, tmp_path: Path, options: tuple[str, ...]
) -> None:
    output, _ = session(tmp_path, "pass", "--fast", *options).communicate(timeout=PATIENCE_SECONDS)

    assert "1 passed" in output
    assert not (tmp_path / "state").exists()


def test_killed_worker_leaves_no_process_and_no_folder(starts_programs: None, tmp_path: Path) -> None:
    """The session fails."""
    running = session(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)", *PARALLEL)
    output, _ = running.communicate(timeout=PATIENCE_SECONDS)
    state = Path((tmp_path / "state").read_text())

    assert "crashed" in output
    assert families.strays(f"mail@{state}") == set()
    assert not state.parents[1].exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("options", [(), PARALLEL])
def test_interrupted_session_leaves_no_process_and_no_folder(
    starts_programs: None, tmp_path: Path, number: signal.Signals, options: tuple[str, ...]
) -> None:
    running = session(tmp_path, "time.sleep(100)", *options)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (tmp_path / "state").exists():
        assert time.monotonic() < deadline, "no test was started"
        time.sleep(0.05)
    running.send_signal(number)
    running.communicate(timeout=PATIENCE_SECONDS)
    state = Path((tmp_path / "state").read_text())

    assert running.returncode == pytest.ExitCode.INTERRUPTED
    assert families.strays(f"mail@{state}") == set()
    assert not state.parents[1].exists()
