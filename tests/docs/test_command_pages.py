"""The pages of docs/commands/ are those that the commands' help generates, and the help is complete."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from typer.main import get_command
from typer.testing import CliRunner

import lakeport
from commands import pages
from commands.application import app
from commands.programs import PROGRAMS, load
from local.config import REPOSITORY

CHANGELOG = (REPOSITORY / "CHANGELOG.md").read_text()


def commands(group: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(group, click.Group):
        yield " ".join(path), group
        return
    for name in group.list_commands(click.Context(group)):
        command = load(name) if name in PROGRAMS else group.get_command(click.Context(group), name)
        assert command
        yield from commands(command, (*path, name))


COMMANDS = dict(commands(get_command(app)))


def test_pages_are_up_to_date() -> None:
    """`make docs` writes them."""
    assert {path.name: path.read_text() for path in pages.FOLDER.iterdir()} == pages.pages()


def test_stale_pages_are_written_and_surplus_ones_deleted(tmp_path: Path) -> None:
    pages.write(tmp_path)
    (tmp_path / "plan.md").write_text("old")
    (tmp_path / "gone.md").write_text("old")

    assert pages.write(tmp_path) == [tmp_path / "plan.md", tmp_path / "gone.md"]
    assert pages.write(tmp_path) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_a_summary_an_example_and_exit_statuses(name: str) -> None:
    text = " ".join((COMMANDS[name].help or "").split())
    summary, example = text.split(". ")[0], re.search(r"Example: `\./lakeport (.*?)`", text)

    assert 10 < len(summary) < 100
    assert example
    assert re.search(r"Exit status: 0 [^.]+ 2 [^.]+\.$", text) or name == "docs"
    arguments = shlex.split(example[1])[len(name.split()) :]
    COMMANDS[name].make_parser(click.Context(COMMANDS[name])).parse_args(arguments)  # raises for an unknown option


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str) -> None:
    assert [each.name for each in COMMANDS[name].params if not getattr(each, "help", None)] == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_overview_shows_the_summary_of_the_command(name: str) -> None:
    text = " ".join((load(name).help or "").split())
    assert text.startswith(PROGRAMS[name].summary)


def test_overview_imports_neither_infra_nor_local() -> None:
    script = """
import sys
from typer.testing import CliRunner
from commands.application import app
print(CliRunner().invoke(app, ["--help"]).output)
print(sorted(name for name in sys.modules if name.split(".")[0] in ("infra", "local", "airflow")))
"""
    command = [sys.executable, "-c", script]
    environment = {"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'plugins'}"}
    output = subprocess.check_output(command, env=environment, cwd=REPOSITORY, text=True)

    assert output.splitlines()[-1] == "[]"
    assert all(f" {name.split()[0]} " in output for name in COMMANDS)


def test_version_is_printed_and_has_an_entry_in_the_changelog() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"lakeport {lakeport.__version__}\n"
    assert re.search(rf"^## \[{re.escape(lakeport.__version__)}\]", CHANGELOG, re.MULTILINE)


def test_changelog_begins_with_unreleased_changes() -> None:
    """As https://keepachangelog.com has it: the newest version first, its changes by kind."""
    versions = re.findall(r"^## \[(.*?)\]", CHANGELOG, re.MULTILINE)
    kinds = set(re.findall(r"^### (.*)", CHANGELOG, re.MULTILINE))

    assert versions[:2] == ["Unreleased", lakeport.__version__]
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
