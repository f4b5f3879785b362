"""The set-up finds a Python that works, whatever is before it on the path, and reports what to do if there is none."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local.config import REPOSITORY

TOOLS = ("bash", "cat", "cksum", "dirname", "rm")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the script beside empty locks: it gets as far as making the first environment."""
    (tmp_path / "local" / "aws").mkdir(parents=True)
    shutil.copy(REPOSITORY / "local" / "setup.sh", tmp_path / "local")
    for lock in ("requirements-dev.txt", "local/aws/requirements.txt"):
        (tmp_path / lock).touch()
    return tmp_path


def program(directory: Path, name: str, code: str) -> None:
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(f"#!{shutil.which('sh')}\n{code}\n")
    (directory / name).chmod(0o755)


def run_setup(checkout: Path, *directories: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the script where these directories and a few basic tools are all there is."""
    tools = checkout / "tools"
    tools.mkdir()
    for tool in TOOLS:
        (tools / tool).symlink_to(str(shutil.which(tool)))
    path = os.pathsep.join(map(str, [*directories, tools]))
    environment = {"PATH": path, "HOME": str(checkout), **variables}
    command = [str(shutil.which("bash")), "local/setup.sh"]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


def test_missing_python_is_a_clear_error(checkout: Path) -> None:
    """It names the versions, the modules and the ways out."""
    done = run_setup(checkout)

    assert done.returncode == 1
    assert "Python 3.12 (or 3.13 or 3.11) with the modules venv, ensurepip and ssl" in done.stderr
    assert "LAKEPORT_PYTHON" in done.stderr


def test_shim_that_fails_is_passed_over(checkout: Path) -> None:
    """pyenv's shims exist for versions that are not switched on; the next candidate is tried."""
    program(checkout / "shims", "python3.12", "echo 'pyenv: python3.12: command not found' >&2; exit 127")
    program(checkout / "usable", "python3.11", 'case "$1" in -c) exit 0;; -V) echo Python 3.11.9;; *) exit 9;; esac')
    done = run_setup(checkout, checkout / "shims", checkout / "usable")

    assert f"using {checkout}/usable/python3.11 (Python 3.11.9)" in done.stderr
    assert done.returncode == 9  # the pretended Python makes no environment


def test_unusable_python_is_reported(checkout: Path) -> None:
    """A Python that is named must be used."""
    program(checkout / "usable", "python3.12", "exit 0")
    done = run_setup(checkout, checkout / "usable", LAKEPORT_PYTHON="/nowhere/python3")

    assert done.returncode == 1
    assert "LAKEPORT_PYTHON=/nowhere/python3 is not a usable Python" in done.stderr


def test_second_run_does_nothing(tmp_path: Path) -> None:
    """With today's locks in place it takes milliseconds and prints nothing."""
    done = subprocess.run([REPOSITORY / "local" / "setup.sh"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
