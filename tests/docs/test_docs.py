"""The documents are true: paths exist, commands exist, the annotated schema is a schema and names every key."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest
from pydantic import BaseModel
from typer.main import get_command

from commands.application import app
from lakeport.airflow.load_dag import load_dag
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import read_file_type
from local.config import REPOSITORY, Ports, variable

DOCUMENTS = sorted(
    path for path in map(Path, subprocess.check_output(["git", "ls-files", "*.md"], cwd=REPOSITORY, text=True).split())
)
README = (REPOSITORY / "README.md").read_text()
SCHEMAS_README = (REPOSITORY / "schemas" / "README.md").read_text()


def code_blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_linked_paths_exist(document: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)[^)]*\)", (REPOSITORY / document).read_text())
    assert [link for link in links if not (REPOSITORY / document.parent / link).exists()] == []


def test_folders_of_the_map_exist() -> None:
    folders = re.findall(r"^\| `([a-z_/]+/)` \|", README, re.MULTILINE)
    assert len(folders) >= 8
    assert [folder for folder in folders if not (REPOSITORY / folder).is_dir()] == []


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    documented = {target for path in DOCUMENTS for target in make_commands((REPOSITORY / path).read_text())}
    assert {"demo", "test", "up", "down"} <= documented <= targets


def make_commands(text: str) -> Iterator[str]:
    yield from re.findall(r"^make ([a-z-]+)", "\n".join(code_blocks(text, "bash")), re.MULTILINE)
    yield from re.findall(r"`make ([a-z-]+)`", text)


def test_burst_starts_by_one_command(starts_programs: None) -> None:
    """Its modules are found without anything set in the shell."""
    bare = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MAKEFLAGS")}
    command = ["make", "burst", "BURST_OPTIONS=--help"]
    done = subprocess.run(command, cwd=REPOSITORY, env=bare, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "How many files." in done.stdout


def test_lakeport_commands_exist() -> None:
    group = get_command(app)
    assert isinstance(group, click.Group)
    commands = set(group.list_commands(click.Context(group)))
    documented = {
        name for path in DOCUMENTS for name in re.findall(r"\./lakeport ([a-z]+)", (REPOSITORY / path).read_text())
    }
    assert {"status", "errors", "replay", "drop"} <= documented <= commands


def test_port_variables_are_all_named() -> None:
    assert [name for name in map(variable, Ports().by_name()) if name not in README] == []


def test_statuses_are_those_of_the_tables() -> None:
    documented = re.findall(r"^\| `([A-Z][A-Za-z ]+)` \|", README, re.MULTILINE)
    found = re.search(r"-- (New \|.*)", (REPOSITORY / "sql" / "mng" / "tables.sql").read_text())
    assert found
    assert sorted(documented) == sorted(found[1].split(" | "))


def test_picture_shows_the_tasks() -> None:
    flights = read_file_type(REPOSITORY / "schemas" / "flights.yaml")
    (picture,) = code_blocks(README, "mermaid")
    assert " → ".join(load_dag(flights).task_ids) in picture.replace("<br>", " ")


def test_annotated_schema_is_a_schema_with_every_key(tmp_path: Path) -> None:
    (text,) = code_blocks(SCHEMAS_README, "yaml")
    (tmp_path / "flights.yaml").write_text(text)
    read_file_type(tmp_path / "flights.yaml")
    keys = {key for key in keys_of(FileType) if not re.search(rf"\b{key}\b", SCHEMAS_README)}
    assert keys - {"name"} == set()


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield field.alias or name
        for annotation in (field.annotation, *get_args(field.annotation)):
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                yield from keys_of(annotation)


def test_every_guarantee_names_tests_that_exist() -> None:
    """Each also lists what it does not cover."""
    promises = (REPOSITORY / "docs" / "guarantees.md").read_text().split("\n## ")[1:]
    assert len(promises) >= 9
    for promise in promises:
        named = re.findall(r"`(tests/[a-z_/]+\.py)::(test_[a-z_0-9]+)`", promise)
        assert named, promise
        assert [name for path, name in named if f"def {name}(" not in (REPOSITORY / path).read_text()] == []
        assert "\nNot covered: " in promise


def test_settings_named_in_the_documents_exist() -> None:
    known = (REPOSITORY / "plugins" / "lakeport" / "settings.py").read_text()
    named = set(re.findall(r"LAKEPORT_[A-Z_]+", (REPOSITORY / "docs" / "recovery.md").read_text()))
    assert named
    assert [name for name in named if name not in known] == []
