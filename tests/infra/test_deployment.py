"""A deployment's YAML is checked, and errors name the file, the key and what is allowed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra import package
from infra.deploy import deployment
from infra.deploy.command import app
from infra.deploy.errors import DeployError
from tests.support.golden import raises_golden


def test_without_a_file_the_defaults_apply(tmp_path: Path) -> None:
    found = deployment.read("lakeport", tmp_path)

    assert (found.bootstrap_stack, found.main_stack) == ("lakeport-bootstrap", "lakeport-main")
    assert (found.function_architecture, found.parameters) == ("arm64", {})


def test_values_are_as_cloudformation_takes_them(tmp_path: Path) -> None:
    text = "parameters: {RedshiftBaseRpu: 8, EcrEndpoints: false, AlarmEmail: }\nfunction_architecture: x86_64\n"
    (tmp_path / "lake.yaml").write_text(text)
    found = deployment.read("lake", tmp_path)

    assert found.parameters == {"RedshiftBaseRpu": "8", "EcrEndpoints": "false", "AlarmEmail": ""}
    assert found.runtime.platform == "x86_64-manylinux_2_28"


@pytest.mark.parametrize("name", ["La", "../lake", "lake_1", "a", "a" * 20, "lake-", ""])
def test_name_that_no_resource_could_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DeployError, match=re.escape(repr(name))):
        deployment.read(name, tmp_path)


@pytest.mark.parametrize(
    ("text", "key", "allowed"),
    [
        ("regoin: us-east-1", "regoin", "region"),
        ("parameters: [a]", "parameters", "{Name: value}"),
        ("function_architecture: arm", "function_architecture", "arm64 or x86_64"),
        ("- a", "", "README.md"),
    ],
)
def test_wrong_files_are_refused_with_what_is_allowed(tmp_path: Path, text: str, key: str, allowed: str) -> None:
    (tmp_path / "lake.yaml").write_text(text)

    with raises_golden(DeployError, "infra", f"deployment: {text}", f"{tmp_path / 'lake.yaml'}: ", key, allowed):
        deployment.read("lake", tmp_path)


def test_every_table_of_mng_is_the_loaders() -> None:
    """A table that is added belongs to the tasks too, or they could not write it."""
    sql = package.REPOSITORY / "sql"
    made = re.findall(r"CREATE TABLE IF NOT EXISTS (mng\.\w+)", (sql / "mng" / "tables.sql").read_text())

    assert made
    assert re.findall(r"ALTER TABLE (\S+) OWNER TO lakeport_loader", (sql / "roles" / "loader.sql").read_text()) == made


@pytest.mark.parametrize(
    "options",
    [
        ("--check", "--plan"),
        ("--check", "--schemas-only"),
        ("--check", "--rollback"),
        ("--check", "--database"),
        ("--released", "--plan"),
        ("--released", "--check"),
        ("--schemas-only", "--database"),
        ("--rollback", "--database"),
    ],
)
def test_option_that_would_be_ignored_is_refused(options: tuple[str, str]) -> None:
    refused = CliRunner().invoke(app, options)
    message = " ".join(refused.stderr.replace("│", " ").split())

    assert refused.exit_code == 2
    assert f"{options[0]} and {options[1]} exclude each other; " in message or (
        f"{options[1]} and {options[0]} exclude each other; " in message
    )
