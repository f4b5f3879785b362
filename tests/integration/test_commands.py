"""Commands against the stack: tables for people, JSON for machines, exit statuses for CI."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from click.testing import Result
from typer.testing import CliRunner

from lakeport import settings
from lakeport.cli.application import app
from lakeport.cli.waiting import wait_for_dags
from lakeport.errors import TooManyRejects
from lakeport.loading.one_file import FileLoad
from lakeport.redshift.session import Warehouse
from local.config import REPOSITORY
from tests.integration.airflow_stand_in import AirflowStandIn
from tests.integration.file_types import make_file_type
from tests.integration.world import GOOD, World
from tests.support.golden import golden
from tests.support.waiting import until

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SAMPLES = REPOSITORY / "samples"
BROKEN = b"id,city,price\n1,Bern,2.50\ntwo,Oslo,1\n"


@pytest.fixture
def run(warehouse: Warehouse) -> Callable[..., Result]:
    def call(*arguments: object) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return call


@pytest.fixture
def rejected_file(prepare_load: Callable[..., FileLoad]) -> FileLoad:
    load = prepare_load(make_file_type(), BROKEN)
    with pytest.raises(TooManyRejects):
        load.run()
    return load


def test_publishing_waits_for_the_dags_that_airflow_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    airflow = AirflowStandIn(missing_dags={"load_trains"})
    assert wait_for_dags(airflow, ["trains", "trams"], 0) == ["trains"]
    airflow.missing_dags.clear()
    assert wait_for_dags(airflow, ["trains", "trams"], 0) == []
    assert "has the DAGs of 2 file types" in capsys.readouterr().out


def test_errors_show_line_column_value_reason(run: Callable[..., Result], rejected_file: FileLoad) -> None:
    name = rejected_file.file_type.name
    [row] = json.loads(run("errors", "--type", name, "--json").stdout)

    assert (row["key"], row["line"], row["column"], row["value"]) == (f"{name}/trips.csv", 3, "id", "two")
    assert row["full_line"] == "two,Oslo,1"
    assert "two,Oslo,1" in run("errors", "--type", name).output
    for file in (rejected_file.file.file_id[:12], row["key"]):
        assert json.loads(run("errors", file, "--json").stdout) == [row]
    assert not run("errors", "--type", name, "--limit", 1).stderr
    for nothing in ("0" * 12, f"{name}/trips.cs_", "%"):
        assert run("errors", nothing).output.startswith(f"no rejected rows match {nothing!r}; ")


def test_line_that_redshift_does_not_know_is_unknown(
    run: Callable[..., Result], rejected_file: FileLoad, warehouse: Warehouse
) -> None:
    name = rejected_file.file_type.name
    double = "INSERT INTO mng.load_errors SELECT * FROM mng.load_errors WHERE file_id = %s"
    warehouse.transaction(lambda current: current.execute(double, (rejected_file.file.file_id,)))
    assert run("errors", "--type", name, "--limit", 1).stderr == (
        "there are more rows than the 1 shown; use --limit to show them\n"
    )
    forget = "UPDATE mng.load_errors SET line_number = -1 WHERE file_id = %s"
    warehouse.transaction(lambda current: current.execute(forget, (rejected_file.file.file_id,)))

    assert json.loads(run("errors", "--type", name, "--json").stdout)[0]["line"] is None
    output = run("errors", "--type", name).output
    assert ("unknown" in output, "-1" in output) == (True, False)


def test_status_shows_files_and_lists_file_types_where_there_are_none(
    run: Callable[..., Result], rejected_file: FileLoad
) -> None:
    name = rejected_file.file_type.name
    [row] = json.loads(run("status", "--type", name, "--json").stdout)

    assert (row["key"], row["status"], row["rows_rejected"]) == (f"{name}/trips.csv", "In Progress", 1)
    assert json.loads(run("status", row["file_id"], "--json").stdout) == [row]
    assert run("status", "%").output == "no files match '%'; ./lakeport status shows file ids and keys\n"
    nothing = run("status", "--type", "airlnes").output
    assert nothing.startswith("no files yet for file type airlnes; did you mean 'airlines'? file types: ")
    assert run("status", "--type", "airlines", "--status", "rejected").output.endswith("for file type airlines\n")
    assert json.loads(run("status", "--type", "nothing", "--json").stdout) == []
    assert len(json.loads(run("status", "--type", name, "--status", "in progress", "--json").stdout)) == 1
    assert run("status", "--type", name, "--status", "Done").output.startswith(
        f"no files with status Done yet for file type {name}; "
    )


def test_sql_is_read_only_without_write(run: Callable[..., Result]) -> None:
    assert json.loads(run("sql", "SELECT 1 AS one, 'x' AS word", "--json").stdout) == [{"one": 1, "word": "x"}]
    refused = run("sql", "CREATE TABLE public.made (id INTEGER)")
    assert refused.exit_code == 2
    golden("cli", "sql that writes", refused.stderr)
    assert run("sql", "CREATE TABLE public.made (id INTEGER)", "--write").exit_code == 0
    assert run("sql", "DROP TABLE public.made", "--write").exit_code == 0
    wrong = run("sql", "SELEC 1")
    assert wrong.exit_code == 2
    golden("cli", "sql with a syntax error", wrong.stderr)


def test_sql_reports_that_rows_are_left_out(run: Callable[..., Result]) -> None:
    result = run("sql", "SELECT 1 UNION ALL SELECT 2", "--limit", "1")
    assert "--limit" in result.stderr


def test_sql_cannot_end_its_transaction_to_write(run: Callable[..., Result]) -> None:
    tricks = (
        "COMMIT; CREATE TABLE public.tricked (id INTEGER)",
        "SET TRANSACTION READ WRITE; DELETE FROM mng.files",
        r"SELECT 'it\'' AS s; COMMIT; CREATE TABLE public.tricked (id INTEGER); SELECT 'x'",
    )
    for trick in tricks:
        assert run("sql", trick).exit_code == 2
    assert run("sql", "SELECT ';' AS semicolon -- one; statement").exit_code == 0


def test_replay_of_an_unknown_file_is_refused(run: Callable[..., Result]) -> None:
    result = run("replay", "nothing")
    assert (result.exit_code, "'nothing'" in result.stderr) == (2, True)
    golden("cli", "replay of an unknown file", result.stderr)


def test_dropped_file_lands_in_its_types_folder(run: Callable[..., Result], s3: S3Client) -> None:
    [dropped] = json.loads(run("drop", SAMPLES / "airlines.csv", "--json").stdout)

    assert dropped["key"] == "airlines/airlines.csv"
    head = s3.head_object(Bucket=settings.landing_bucket(), Key=dropped["key"])
    assert head["ContentLength"] == (SAMPLES / "airlines.csv").stat().st_size


def test_file_is_dropped_into_the_landing_bucket_of_its_type(run: Callable[..., Result], s3: S3Client) -> None:
    """Two types of the demo take this name, each in its bucket."""
    sample = SAMPLES / "flights_2013_01.csv.gz"
    refused = run("drop", sample)
    assert (refused.exit_code, "--bucket partners" in " ".join(refused.stderr.split())) == (2, True)
    unknown = run("drop", sample, "--bucket", "nowhere", "--folder", "x")
    assert (unknown.exit_code, "default, partners" in " ".join(unknown.stderr.split())) == (2, True)

    dropped, other = [
        json.loads(run("drop", sample, *option, "--json").stdout)[0]
        for option in (["--bucket", "partners"], ["--folder", "departures"])
    ]
    assert dropped == other
    assert (dropped["bucket"], dropped["key"]) == ("lakeport-partners", "departures/flights_2013_01.csv.gz")
    assert s3.head_object(Bucket=dropped["bucket"], Key=dropped["key"])["ContentLength"] == sample.stat().st_size


def test_plan_of_a_sample_shows_what_would_be_rejected(run: Callable[..., Result]) -> None:
    good = run("plan", "airports", SAMPLES / "damaged" / "airports_damaged.csv")
    assert good.exit_code == 0
    assert "1,456 of 1,458 rows would be loaded, 2 rejected (rejects.fail is 1%)" in good.output
    assert "9078 ft" in good.output

    bad = json.loads(run("plan", "weather", SAMPLES / "damaged" / "weather_2013_damaged.csv.gz", "--json").stdout)
    assert (bad["sample"]["rows_in_file"], bad["sample"]["rows_loaded"]) == (200, 0)
    assert [row["line"] for row in bad["sample"]["rejected"]] == [20, 59, 104, 152, 176]


def test_plan_shows_that_the_table_does_not_match(
    run: Callable[..., Result], warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tramways.csv").write_text("id,city\n1,Bern\n")
    monkeypatch.setenv("LAKEPORT_SCHEMAS", str(tmp_path))
    run("infer", tmp_path / "tramways.csv", "--write")
    made = "CREATE SCHEMA IF NOT EXISTS lake; CREATE TABLE lake.tramways (id VARCHAR(8), _loaded_at TIMESTAMP)"
    warehouse.transaction(lambda current: current.execute(made))
    try:
        result = run("plan", "tramways", tmp_path / "tramways.csv")
        values = json.loads(run("plan", "tramways", tmp_path / "tramways.csv", "--json").stdout)
    finally:
        warehouse.transaction(lambda current: current.execute("DROP TABLE lake.tramways"))

    assert result.exit_code == 1
    assert "-- changes to the existing table lake.tramways" in result.output
    assert "character varying(8)" in result.output
    assert 'CREATE TABLE "lake"."tramways__lakeport_new"' in values["table_as_it_is"]["problem"]


def test_plan_shows_that_registration_would_reject_the_file(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "crew.csv").write_text("a\n1\n")

    result = run("plan", "airports", tmp_path / "crew.csv")

    assert (result.exit_code, "crew.csv" in result.output) == (1, True)
    [problem] = [line for line in result.output.splitlines() if "landing.pattern" in line]
    golden("cli", "plan of a file that registration rejects", problem)


def test_command_runs_from_the_shell(warehouse: Warehouse) -> None:
    """./lakeport reads the stack's own settings; here they are from the environment, as a stack may not exist."""
    done = subprocess.run(
        [REPOSITORY / "lakeport", "sql", "SELECT 42 AS answer", "--json"],
        env={**os.environ, "LAKEPORT_STATE": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, json.loads(done.stdout or "null")) == (0, [{"answer": 42}]), done.stderr


def test_unreachable_database_is_reported_with_the_next_step(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret: dict[str, Any] = {"host": "127.0.0.1", "port": 1, "database": "x", "username": "x", "password": "x"}
    name = f"lakeport/nowhere-{uuid.uuid4().hex}"
    boto3.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(secret))
    monkeypatch.setenv("LAKEPORT_REDSHIFT_SECRET", name)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)

    result = run("status")

    assert result.exit_code == 2
    assert "127.0.0.1" in result.stderr
    golden("cli", "the database cannot be reached", result.stderr)


def test_drop_waits_for_the_final_status(run: Callable[..., Result], world: World, tmp_path: Path) -> None:
    """Then it names the command that shows the rejected rows."""
    sample = tmp_path / "trips.csv"
    sample.write_bytes(BROKEN)

    def load() -> None:
        until(lambda: world.landed() == 1)
        world.reconcile()
        world.run_again()

    with ThreadPoolExecutor(1) as others:
        loaded = others.submit(load)
        result = run("drop", sample, "--folder", world.name, "--wait", "--wait-seconds", 60)
        loaded.result()

    assert result.exit_code == 0, result.output
    assert f"{world.name}/trips.csv: Done: 1 of 2 rows loaded, 1 rejected\n`./lakeport errors " in result.output


def test_undo_counts_only_the_files_that_it_changes(run: Callable[..., Result], world: World) -> None:
    file = world.bring(GOOD)
    [planned] = json.loads(run("undo", file.file_id[:12], "--json").stdout)
    assert planned["file_id"] == file.file_id
    assert "deleted the rows of 1 file" in run("undo", file.file_id, "--yes").output
    again = run("undo", file.file_id, "--yes").output
    assert ("nothing was changed" in again, "deleted the rows" in again) == (True, False)


def test_drop_waits_for_each_of_two_files_of_one_name(run: Callable[..., Result], world: World, tmp_path: Path) -> None:
    samples = [tmp_path / month / "trips.csv" for month in ("january", "february")]
    for sample, body in zip(samples, (GOOD, b"not the header\n"), strict=True):
        sample.parent.mkdir()
        sample.write_bytes(body)

    with ThreadPoolExecutor(1) as others:
        registered = others.submit(lambda: until(lambda: world.landed() == 2) and world.reconcile())
        values = run("drop", *samples, "--folder", "nowhere", "--wait", "--wait-seconds", 60, "--json")
        registered.result()

    assert values.exit_code == 1
    assert len({each["file_id"] for each in json.loads(values.stdout)}) == 2


def test_drop_reports_a_file_that_is_not_loaded(run: Callable[..., Result], world: World, tmp_path: Path) -> None:
    sample = tmp_path / "trips.csv"
    sample.write_bytes(GOOD)
    result = run("drop", sample, "--folder", world.name, "--wait", "--wait-seconds", 0)
    assert (result.exit_code, "no final status after 0 s" in result.stderr) == (2, True)

    with ThreadPoolExecutor(1) as others:
        registered = others.submit(lambda: until(lambda: world.landed() == 2) and world.reconcile())
        values = run("drop", sample, "--folder", "nowhere", "--wait", "--wait-seconds", 60, "--json")
        registered.result()

    assert values.exit_code == 1
    assert json.loads(values.stdout)[0]["status"] == "Rejected"


def test_add_goes_from_a_sample_to_the_landing_bucket(run: Callable[..., Result], world: World, tmp_path: Path) -> None:
    sample = tmp_path / "ferries.csv"
    sample.write_bytes(GOOD)
    result = run("add", sample, "--yes", "--wait-seconds", 0)

    steps = ("validate schemas/ferries.yaml", "plan: load ferries.csv", "publish all schemas", "drop ferries.csv")
    assert [step for step in steps if f"-- {step}" not in result.output] == []
    assert "2 of 2 rows would be loaded" in result.output
    assert result.exit_code == 2
    assert "ferries/ferries.csv has no final status after 0 s" in result.stderr
    assert (world.folder / "ferries.yaml").exists()
    assert "schemas/ferries.yaml exists and is used" in run("add", sample, "--yes", "--wait-seconds", 0).output


def test_add_stops_at_the_first_problem(run: Callable[..., Result], world: World, tmp_path: Path) -> None:
    sample = tmp_path / "ferries.csv"
    sample.write_bytes(b"a,b\n1,2\n3,4,5\n")

    assert run("add", sample, "--yes").exit_code == 1
    assert not (world.folder / "ferries.yaml").exists()
    assert world.landed() == 0
