"""A merge after which schemas alone differ from the last release takes the short way, every other the long one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local.config import REPOSITORY

LONG = "deploy --name prod --yes"
SHORT = f"{LONG} --schemas-only"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with the script, a schema, a DAG file, and a command that prints its arguments.

    Asked for the last release, it prints the file that RELEASED names.
    """
    for folder in ("infra", "schemas", "dags", "docs"):
        (tmp_path / folder).mkdir()
    shutil.copy(REPOSITORY / "infra" / "deploy_merge.sh", tmp_path / "infra")
    (tmp_path / "lakeport").write_text('#!/bin/sh\n[ "$4" = --released ] && echo "$RELEASED" || echo "$@"\n')
    (tmp_path / "lakeport").chmod(0o755)
    (tmp_path / "schemas" / "trips.yaml").write_text("owner: a\n")
    (tmp_path / "schemas" / "gone.yaml").write_text("owner: a\n")
    (tmp_path / "dags" / "load.py").write_text("1\n")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(checkout: Path, *arguments: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    return subprocess.check_output(["git", *who, *arguments], cwd=checkout, text=True).strip()


def commit(checkout: Path) -> str:
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "change")
    return git(checkout, "rev-parse", "HEAD")


def way(checkout: Path, released: str) -> str:
    environment = os.environ | {"RELEASED": released, "NAME": "prod"}
    return subprocess.check_output([checkout / "infra" / "deploy_merge.sh"], env=environment, text=True).strip()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (["schemas/trips.yaml"], SHORT),
        (["schemas/new.yaml", "schemas/_defaults.yaml"], SHORT),
        (["schemas/trips.yaml", "transforms/trips.sql"], SHORT),
        (["schemas/trips.yaml", "dags/load.py"], LONG),
        (["schemas/trips.yaml", "docs/install.md"], SHORT),
        (["schemas/trips.yaml", "requirements.txt"], LONG),
        (["docs/install.md"], LONG),
    ],
)
def test_deployment_steps_follow_from_the_changes(checkout: Path, changed: list[str], expected: str) -> None:
    before = git(checkout, "rev-parse", "HEAD")
    for name in changed:
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text("owner: b\n")
    commit(checkout)

    assert way(checkout, before) == expected


def test_next_run_deploys_a_merge_that_github_dropped(checkout: Path) -> None:
    """Its commit was never released; the next one's alone is not what differs from the release."""
    released = git(checkout, "rev-parse", "HEAD")
    (checkout / "dags" / "load.py").write_text("2\n")
    commit(checkout)
    (checkout / "schemas" / "trips.yaml").write_text("owner: b\n")
    commit(checkout)

    assert way(checkout, released) == LONG


@pytest.mark.parametrize("released", ["", "no commit", "f" * 40, "HEAD+"])
def test_without_a_commit_to_compare_with_everything_is_deployed(checkout: Path, released: str) -> None:
    """A first deployment, one from outside a repository, a rewritten branch, a working tree that was changed."""
    assert way(checkout, released) == LONG


def test_commit_of_another_branch_is_not_compared(checkout: Path) -> None:
    (checkout / "dags" / "load.py").write_text("2\n")
    other = commit(checkout)
    git(checkout, "reset", "--quiet", "--hard", "HEAD~1")
    (checkout / "schemas" / "trips.yaml").write_text("owner: b\n")
    commit(checkout)

    assert way(checkout, other) == LONG


def test_run_again_without_a_change_deploys_everything(checkout: Path) -> None:
    """A second run of the workflow deploys what the first may have missed."""
    assert way(checkout, git(checkout, "rev-parse", "HEAD")) == LONG
