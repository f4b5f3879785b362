"""Every command in a comment, docstring or document exists and takes the options and arguments shown."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from typer.main import get_command

from commands.application import app
from commands.programs import PROGRAMS, load
from local.config import REPOSITORY

SUFFIXES = {".py", ".sh", ".yaml", ".md", ".in", ".toml", ".sql"}
FILES = subprocess.check_output(["git", "ls-files"], cwd=REPOSITORY, text=True).split()
TEXTS = {
    name: (REPOSITORY / name).read_text()
    for name in FILES
    if (Path(name).suffix in SUFFIXES or name in ("Makefile", "lakeport")) and not name.startswith("tests/docs/")
}
COMMAND = get_command(app)
TARGETS = set(re.findall(r"^([a-z-]+):", TEXTS["Makefile"], re.MULTILINE))


def quoted(start: str) -> list[tuple[str, str]]:
    """Return commands and their files: those in backticks, in bash blocks, or alone on a comment line."""
    return sorted({(name, command) for name, text in TEXTS.items() for command in commands_of(text, start)})


def commands_of(text: str, start: str) -> Iterator[str]:
    yield from re.findall(rf"(?<!`)`({start}[^`\n]*)`(?!`)", text)
    for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL):
        yield from re.findall(rf"^ *({start}.*)$", block, re.MULTILINE)
    for line in re.findall(rf"^# +({start}.*)$", text, re.MULTILINE):
        yield re.split(r"  +", line)[0]


def check(arguments: list[str]) -> None:
    """Raise click's UsageError unless ./lakeport takes these arguments."""
    command: click.Command | None = COMMAND
    context = None
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        context = click.Context(command, parent=context)
        name, *arguments = arguments
        command = load(name) if name in PROGRAMS and context.parent is None else command.get_command(context, name)
        if command is None:
            raise click.UsageError(f"no command {name}")
    assert command
    if "--help" not in arguments:
        _, extra, _ = command.make_parser(click.Context(command)).parse_args(list(arguments))
        assert extra == []


def commands_of_the_page() -> set[str]:
    """Return the commands that the scripts of the page Files show, with X for each value."""
    texts = [(REPOSITORY / name).read_text() for name in FILES if Path(name).suffix == ".js"]
    found = {command for text in texts for command in re.findall(r"\bcommand\([`\"]([^`\"]*)[`\"]", text)}
    return {"./lakeport " + re.sub(r"\$\{[^}]*\}", "X", command) for command in found}


def test_page_files_shows_commands_that_exist() -> None:
    assert len(commands_of_the_page()) >= 3
    for command in commands_of_the_page():
        check(shlex.split(command)[1:])


@pytest.mark.parametrize(("file", "command"), quoted(r"\./lakeport "))
def test_lakeport_takes_the_arguments_shown(file: str, command: str) -> None:
    check(shlex.split(command.replace("|", ";").split(";")[0])[1:])


@pytest.mark.parametrize(("file", "command"), quoted("docker compose run --rm lakeport "))
def test_lakeport_in_a_container_takes_the_arguments_shown(file: str, command: str) -> None:
    arguments = shlex.split(command)[5:]
    check(arguments)
    assert [each for each in arguments if "/" in each and not (REPOSITORY / each).is_file()] == []


@pytest.mark.parametrize(("file", "command"), quoted("make "))
def test_make_has_the_target(file: str, command: str) -> None:
    assert shlex.split(command)[1] in TARGETS | {"..."}


@pytest.mark.parametrize(("file", "command"), quoted(r"(?:\.venv/bin/)?python -m "))
def test_module_exists(file: str, command: str) -> None:
    path = Path(*shlex.split(command)[2].split("."))
    files = [REPOSITORY / root / each for root in ("", "plugins") for each in (f"{path}.py", path / "__main__.py")]
    assert any(file.is_file() for file in files)


def test_commands_are_found() -> None:
    """Otherwise the tests above would check nothing."""
    assert len(quoted(r"\./lakeport ")) > 50
    assert len(quoted("docker compose run --rm lakeport ")) >= 2
    assert len(quoted("make ")) > 20
    assert len(quoted("python -m ")) > 3
