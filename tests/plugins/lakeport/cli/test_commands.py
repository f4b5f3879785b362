"""Commands without a stack: what they print, write and refuse, and with which exit status."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from lakeport.cli.application import app
from lakeport.schema.reader import read_file_type
from lakeport.wording import amount
from local.config import REPOSITORY
from tests.support.golden import golden

Run = Callable[..., Result]
SAMPLES = REPOSITORY / "samples"


@pytest.fixture
def schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aws_environment: None) -> Path:
    """An empty folder of schemas."""
    folder = tmp_path / "schemas"
    folder.mkdir()
    monkeypatch.setenv("LAKEPORT_SCHEMAS", str(folder))
    return folder


@pytest.fixture
def run(schemas: Path) -> Run:
    """Run a command; a traceback fails the test."""

    def call(*arguments: object) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return call


def test_help_names_every_command(run: Run) -> None:
    text = run("--help").output
    commands = "add infer new validate plan docs publish drop status errors sql replay mng"
    assert [name for name in commands.split() if name not in text] == []


def test_inferred_schema_is_printed_or_written_and_never_replaced(run: Run, schemas: Path) -> None:
    printed = run("infer", SAMPLES / "airports.csv")
    written = run("infer", SAMPLES / "airports.csv", "--write")

    assert (printed.exit_code, written.exit_code) == (0, 0)
    assert (schemas / "airports.yaml").read_text() == printed.stdout
    assert read_file_type(schemas / "airports.yaml").name == "airports"

    again = run("infer", SAMPLES / "airports.csv", "--write")
    assert (again.exit_code, str(schemas / "airports.yaml") in again.stderr) == (2, True)
    golden("cli", "the schema exists", again.stderr)

    assert "schemas/airports.yaml: valid, but TO DO is left in line 3, line 4\n" in run("validate").output
    (schemas / "airports.yaml").write_text(re.sub('("TO DO.*|to-do@.*)', "data", printed.stdout))
    assert "TO DO" not in run("validate").output
    assert run("infer", SAMPLES / "airports.csv", "--write", "--force").exit_code == 0


def test_infer_prints_json(run: Run) -> None:
    draft = json.loads(run("infer", SAMPLES / "planes.jsonl", "--json", "--rows", 100).stdout)

    assert (draft["file_type"], draft["rows_read"], draft["is_whole_file"]) == ("planes", 100, False)
    assert draft["schema"]["format"] == {"type": "json"}


@pytest.mark.parametrize(
    ("arguments", "status", "value"),
    [
        (["infer", "nowhere.csv"], 2, "nowhere.csv: "),
        (["infer", "."], 2, ".: "),
        (["infer", SAMPLES / "airports.csv", "--type", "Air Ports"], 2, "Air Ports"),
        (["new", "Trips"], 2, "Trips"),
        (["new", "trips", "--format", "html"], 2, "'csv'"),
        (["plan", "nothing"], 2, "nothing"),
        (["validate"], 2, "schemas"),
        (["validate", "nowhere.yaml"], 2, "nowhere.yaml"),
        (["validate", SAMPLES], 2, str(SAMPLES)),
        (["validate", SAMPLES / "airports.csv"], 1, "samples/airports.csv:"),
        (["drop", SAMPLES / "airports.csv"], 2, "airports.csv"),
        (["drop", "nowhere.csv"], 2, "nowhere.csv"),
        (["replay"], 2, "replay"),
        (["sql", " ; "], 2, "query"),
        (["status", "--limit", "0"], 2, "--limit"),
        (["oops"], 2, "oops"),
    ],
)
def test_refused_arguments_are_named_with_the_exit_status(
    run: Run, arguments: list[object], status: int, value: str
) -> None:
    result = run(*arguments)

    assert result.exit_code == status
    message = " ".join(re.sub("[╭╮╰╯│─]", " ", result.output).split())
    assert value in message
    golden("cli", " ".join(str(argument).removeprefix(f"{REPOSITORY}/") for argument in arguments), message)


@pytest.mark.parametrize("kind", ["csv", "delimited", "fixed_width", "json", "parquet", "orc", "avro", "xlsx", "xml"])
def test_new_schema_is_valid(run: Run, schemas: Path, kind: str) -> None:
    assert run("new", "trips", "--format", kind, "--write").exit_code == 0
    assert read_file_type(schemas / "trips.yaml").format.type == kind

    checked = run("validate")
    assert (checked.exit_code, "trips.yaml: valid, but TO DO is left in line 3, line 4" in checked.output) == (0, True)
    assert "nobody is alerted about failed files of trips" in checked.stderr


def test_validate_reports_every_problem_of_every_schema(run: Run, schemas: Path) -> None:
    run("new", "trips", "--write")
    (schemas / "rides.yaml").write_text((schemas / "trips.yaml").read_text().replace("owner:", "ownr:"))
    (schemas / "walks.yaml").write_text((schemas / "trips.yaml").read_text())

    result = run("validate")
    lines = result.output.splitlines()

    assert result.exit_code == 1
    assert lines[0].startswith("schemas/rides.yaml:1: owner: ")
    assert lines[1].startswith("schemas/rides.yaml:4: ")
    assert ("ownr" in lines[1], "'owner'" in lines[1]) == (True, True)
    assert "schemas/walks.yaml:6: landing.pattern:" in lines[2]
    assert run("validate", schemas / "trips.yaml").exit_code == 0
    assert json.loads(run("validate", schemas / "rides.yaml", "--json").stdout)["problems"] == lines[:2]


def test_schemas_are_named_by_type_path_or_folder(run: Run, schemas: Path) -> None:
    run("new", "trips", "--write")
    run("new", "rides", "--write")

    for names, count in (["trips"], 1), (["trips", schemas / "rides.yaml"], 2), ([schemas], 2), ([], 2):
        assert amount(count, "valid schema") in run("validate", *names).stdout.splitlines()
    for command in (["validate", "trip"], ["plan", "trip"]):
        golden("cli", f"{command[0]} of an unknown file type", run(*command).stderr)


def test_next_step_can_be_copied(run: Run, tmp_path: Path) -> None:
    sample = tmp_path / "our trips.csv"
    sample.write_text("id,city\n1,Bern\n")

    assert f"./lakeport plan our_trips '{sample}'" in run("infer", sample, "--write").stdout


def test_closed_pipe_is_not_reported_as_an_error() -> None:
    command = f"{REPOSITORY / 'lakeport'} validate --help | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert done.stderr == ""


def test_docs_are_checked_without_being_written(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lakeport.settings.home", lambda: tmp_path)

    assert run("docs", "--check").exit_code == 1
    assert not (tmp_path / "docs").exists()
    assert run("docs").exit_code == 0
    assert run("docs", "--check").exit_code == 0


def test_plan_shows_statements_and_steps_without_a_stack(run: Run, schemas: Path) -> None:
    shutil.copy(REPOSITORY / "schemas" / "flights.yaml", schemas)

    result = run("plan", "flights")
    values = json.loads(run("plan", schemas / "flights.yaml", "--json").stdout)

    assert result.exit_code == 0
    assert 'CREATE TABLE IF NOT EXISTS "lake"."flights"' in result.output
    assert values["copy"].startswith('COPY "lake"."flights" ("year", "month"')
    assert values["steps"][0] == "wait_for_files"
    assert "wait_for_files -> filter_newest" in result.output


def test_setting_that_is_missing_is_named(run: Run, schemas: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAKEPORT_LANDING_BUCKET")
    shutil.copy(REPOSITORY / "schemas" / "airports.yaml", schemas)

    result = run("drop", SAMPLES / "airports.csv")

    assert result.exit_code == 2
    assert "LAKEPORT_LANDING_BUCKET" in result.stderr
    golden("cli", "a setting is missing", result.stderr)


def test_interrupt_while_modules_are_imported_shows_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGINT)")
    path = os.pathsep.join(map(str, (tmp_path, REPOSITORY, REPOSITORY / "plugins")))

    done = subprocess.run(
        [sys.executable, "-P", "-m", "commands", "--help"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def test_schema_that_rejects_rows_of_its_sample_is_not_written(run: Run, schemas: Path, tmp_path: Path) -> None:
    sample = tmp_path / "trips.csv"
    sample.write_text("a,b,c\n1,2,3\n4,5,6\n7,8,9,10\n")

    printed = run("infer", sample)
    refused = run("infer", sample, "--write")

    assert (printed.exit_code, refused.exit_code) == (1, 1)
    assert "# NOT SOLVED: a load would reject 1 of 3 rows: 4 fields, but 3 columns; first in line 4" in printed.stdout
    assert "4 fields, but 3 columns" in refused.stderr
    assert not list(schemas.glob("trips.yaml"))
    assert json.loads(run("infer", sample, "--json").stdout)["unsolved"]
    assert run("infer", sample, "--write", "--allow-rejects").exit_code == 0
    assert (schemas / "trips.yaml").exists()
