"""What the documents state about deploying matches the command, the templates and the code."""

from __future__ import annotations

import re
from pathlib import Path
from traceback import format_exception

import pytest
from airflow._shared.module_loading import import_string
from airflow.sdk.bases.operator import TRIGGER_FAIL_REPR, TriggerFailureReason
from airflow.sdk.exceptions import AirflowSkipException
from typer.main import get_command

from infra.deploy import deployment
from infra.deploy.command import app
from infra.deploy.content import code
from infra.deploy.stacks.stack import Stack
from lakeport import settings
from lakeport.airflow.sensors import NewFilesSensor
from lakeport.schema.reader import read_file_type
from local.config import REPOSITORY

DOCS = REPOSITORY / "docs"
INSTALL, UPGRADE, RUNBOOK = ((DOCS / name).read_text() for name in ("install.md", "upgrade.md", "runbook.md"))
DEPLOYMENTS = (REPOSITORY / "infra" / "deployments" / "README.md").read_text()
TEMPLATES = {name: (REPOSITORY / "infra" / f"{name}.yaml").read_text() for name in ("bootstrap", "network", "main")}


def options() -> set[str]:
    command = get_command(app)
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


def parameters() -> set[str]:
    return {name for text in TEMPLATES.values() for name in Stack("", text, {}, {}).declared}


def test_options_of_the_command_exist() -> None:
    lines = [line for text in (INSTALL, UPGRADE, DEPLOYMENTS) for line in re.findall(r"lakeport deploy[^`\n]*", text)]
    used = {option for line in lines for option in re.findall(r"--[a-z-]+", line)}

    assert {"--name", "--plan", "--schemas-only", "--rollback", "--database"} <= used <= options()


def test_parameters_and_outputs_named_exist() -> None:
    names = {name for text in (INSTALL, UPGRADE) for name in re.findall(r"`([A-Z][A-Za-z]+)`", text)}
    outputs = {name for text in TEMPLATES.values() for name in re.findall(r"^  ([A-Za-z]+): \{.*Value:", text, re.M)}
    others = {"USAGE", "SELECT", "AVAILABLE", "AirflowVersion", "AirflowRole", "CopyRole", "Done", "Fail", "FAILED"}
    others |= {"New", "Rejected"}

    assert {"AlarmEmail", "LandingBucketName"} <= names
    assert names - others - outputs - parameters() == set()
    assert "AirflowVersion:" in TEMPLATES["main"]


def test_variables_of_the_command_are_those_it_reads() -> None:
    """Each with an output of the stacks; what is left out concerns other places than an operator's shell."""
    rows = re.findall(r"^\| `(LAKEPORT_[A-Z_]+)` \| output `(\w+)`", RUNBOOK, re.MULTILINE)
    read = set(re.findall(r'"(LAKEPORT_[A-Z_]+)"', Path(settings.__file__).read_text()))
    elsewhere = {
        "HOME",
        "SCHEMAS",
        "TRANSFORMS",
        "AIRFLOW_SECRET",
        "RECONCILE_SCHEDULE",
        "FINISH_RUNS_SCHEDULE",
        "KEEP_DETAILS_DAYS",
        "KEYS_PREFIX",
        "DEAD_LETTER_QUEUE",
    }
    outputs = {name for text in TEMPLATES.values() for name in re.findall(r"^  ([A-Za-z]+): \{.*Value:", text, re.M)}

    assert {name for name, _ in rows} == read - {f"LAKEPORT_{each}" for each in elsewhere} - {"LAKEPORT_"}
    assert {output for _, output in rows} <= outputs


def test_run_that_waits_during_a_move_of_its_trigger_is_skipped() -> None:
    """As upgrade.md describes: Airflow resumes the sensor with the triggerer's ImportError."""
    old, new = re.findall(r"`(lakeport\.[a-z.]*triggers)`", UPGRADE)
    flights = read_file_type(REPOSITORY / "schemas" / "flights.yaml")
    sensor = NewFilesSensor(task_id="wait_for_files", file_type=flights)
    import_string(f"{new}.NewFilesTrigger")
    with pytest.raises(ImportError) as missing:
        import_string(f"{old}.NewFilesTrigger")

    failure = {"error": TriggerFailureReason.TRIGGER_FAILURE, "traceback": format_exception(missing.value)}
    with pytest.raises(AirflowSkipException):
        sensor.resume_execution(TRIGGER_FAIL_REPR, failure, {})


def test_example_of_a_deployment_is_one(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", DEPLOYMENTS, re.DOTALL)
    (tmp_path / "production.yaml").write_text(example.replace("# database_", "database_"))
    found = deployment.read("production", tmp_path)
    keys = {name for name in deployment.Deployment.__dataclass_fields__ if name not in ("name", "templates")}

    assert set(found.parameters) <= parameters()
    assert {key for key in keys if key in example} == keys


def test_objects_of_the_code_bucket_are_all_named() -> None:
    keys = (code.PLUGINS, code.REQUIREMENTS, code.FUNCTION, code.RELEASE, code.LIVE, settings.INDEX_KEY)
    assert [key for key in keys if f"| `{key}` |" not in INSTALL] == []
