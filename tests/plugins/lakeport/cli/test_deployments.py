"""`status` and `errors` with --deployment read the snapshots in the deployment's work bucket, and nothing else."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from typer.testing import CliRunner

from lakeport import settings
from lakeport.cli.application import app
from lakeport.cli.deployments import PLAN_TITLES, plan_rows
from lakeport.snapshots import objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AT = datetime(2026, 11, 28, 12, 0, 0)  # noqa: DTZ001 - as Redshift stores it


def file(number: int, status: str = "Done", rejected: int = 0) -> dict[str, Any]:
    at = f"2026-11-28T0{number}:00:00"
    row: dict[str, Any] = {
        "file_id": f"{number}" * 64,
        "key": f"trips/{number}.csv",
        "status": status,
        "status_reason": None,
    }
    row |= {"landed_at": at, "status_at": at, "run_id": "run1", "rows_in_file": 9, "rows_loaded": 9 - rejected}
    return row | {"rows_rejected": rejected}


@pytest.fixture
def deployment(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(settings, "_deployment", {})
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # `choose` makes one with a region
    account = boto3.client("sts").get_caller_identity()["Account"]
    s3.create_bucket(Bucket=f"prod-work-{account}-us-east-1")
    settings.choose_deployment("prod", account, "us-east-1")
    for name, files in {"trips": [file(3, rejected=2), file(1, "Fail")], "planes": [file(2)]}.items():
        head = {"file_type": name, "as_of": AT, "files": files, "days": []}
        for key in (objects.summary_key(name), objects.type_key(name)):
            objects.replace_older(s3, key, head, AT)
    row = {"column_name": "id", "raw_value": "x", "error_reason": "Invalid digit", "raw_line": "x,y"}
    rows = [{"line_number": line, **row} for line in (3, -1)]
    objects.replace_older(s3, objects.rejected_rows_key("trips", "3" * 64, "run1"), {"rows": rows}, AT)
    settings._deployment.clear()
    return "prod"


def rows_of(*arguments: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def test_status_lists_the_newest_files_of_all_types(deployment: str) -> None:
    rows = rows_of("status", "--deployment", deployment)

    assert [row["key"] for row in rows] == ["trips/3.csv", "trips/2.csv", "trips/1.csv"]
    assert (rows[0]["landed_at"], rows[0]["rows_rejected"]) == ("2026-11-28T03:00:00", 2)
    assert [row["key"] for row in rows_of("status", "--deployment", deployment, "--status", "Fail")] == ["trips/1.csv"]
    assert len(rows_of("status", "--deployment", deployment, "--type", "planes", "--limit", "1")) == 1
    assert rows_of("status", "--deployment", deployment, "--type", "absent") == []
    for name in ("2" * 6, "2" * 12, "2" * 64):
        [row] = rows_of("status", name, "--deployment", deployment)
        assert (row["key"], row["file_id"]) == ("trips/2.csv", "2" * 64)


def test_tables_shorten_file_ids(deployment: str) -> None:
    result = CliRunner().invoke(app, ["status", "2" * 64, "--deployment", deployment])

    assert re.findall("2{6,}", result.stdout) == ["2" * 12]


def test_status_shows_its_age(deployment: str) -> None:
    result = CliRunner().invoke(app, ["status", "--deployment", deployment])

    assert "as of 2026-11-28T12:00:00 UTC" in result.stderr


def test_errors_lists_the_first_rejected_rows(deployment: str) -> None:
    rows = rows_of("errors", "--deployment", deployment)

    assert [(row["key"], row["line"], row["value"]) for row in rows] == [
        ("trips/3.csv", 3, "x"),
        ("trips/3.csv", None, "x"),
    ]
    assert len(rows_of("errors", "--deployment", deployment, "--limit", "1")) == 1


def test_errors_reports_rows_that_are_not_in_the_snapshots(deployment: str, s3: S3Client) -> None:
    settings.choose_deployment(deployment, boto3.client("sts").get_caller_identity()["Account"], "us-east-1")
    key = objects.rejected_rows_key("trips", "3" * 64, "run1")
    s3.delete_object(Bucket=settings.work_bucket(), Key=key)

    result = CliRunner().invoke(app, ["errors", "--deployment", deployment])

    assert "2 rejected rows are not shown" in result.stderr
    assert "yet" not in result.stdout


def test_a_file_that_no_snapshot_lists_is_not_said_to_be_absent(deployment: str) -> None:
    result = CliRunner().invoke(app, ["status", "trips/0.csv", "--deployment", deployment])

    assert "match 'trips/0.csv' among the newest 20 files of each type" in " ".join(
        (result.stdout + result.stderr).split()
    )


@pytest.mark.parametrize(
    "options",
    [
        ["--since", "2026-11-01"],
        ["--status", "Done"],
        ["--type", "trips", "--status", "Done"],
        ["trips/3.csv", "--status", "Fail"],
    ],
)
def test_replay_of_a_deployment_refuses_what_its_dag_cannot_select(deployment: str, options: list[str]) -> None:
    result = CliRunner().invoke(app, ["replay", "--deployment", deployment, *options])

    assert result.exit_code == 2
    assert "with --deployment, select files" in result.stderr


@pytest.mark.parametrize("is_reversed", [False, True])
def test_rows_of_a_plan_are_its_cells_in_whatever_order(is_reversed: bool) -> None:
    """The deployment may have another version than the command."""
    row = ("`1`", "`t`", "`a ¦ b`", "`Fail`", "`load`")
    lines = (PLAN_TITLES, ("---",) * 5, row)
    plan = "\n".join(f"| {' | '.join(line[::-1] if is_reversed else line)} |" for line in lines)

    assert list(plan_rows(plan)) == [("1", "t", "a ¦ b", "Fail", "load")]
    assert list(plan_rows("")) == []
