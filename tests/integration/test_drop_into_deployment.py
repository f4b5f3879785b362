"""`drop --deployment` reads the deployment's stack, published schemas and snapshots, and uploads to its buckets."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from click.testing import Result
from typer.testing import CliRunner

from lakeport import settings
from lakeport.arrivals.rules import ArrivalIndex, ArrivalRule
from lakeport.cli.application import app
from lakeport.model import utc_now
from lakeport.snapshots import objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RULES = (ArrivalRule("trips", "trips/*.csv", "csv", "none", bucket="partners"),)


@dataclass
class Abroad:
    """A deployment with two landing buckets, and a file whose type no schema of the checkout has."""

    name: str
    s3: S3Client
    file: Path

    def bucket(self, part: str) -> str:
        account = boto3.client("sts").get_caller_identity()["Account"]
        return f"{self.name}-{part}-{account}-us-east-1"

    def drop(self, *options: str) -> Result:
        return CliRunner().invoke(app, ["drop", str(self.file), "--deployment", self.name, *options])


@pytest.fixture
def abroad(s3: S3Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Abroad]:
    monkeypatch.setattr(settings, "_deployment", {})
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # `choose` makes one with a region
    file = tmp_path / "1.csv"
    file.write_text("id\n1\n")
    made = Abroad(f"abroad-{uuid.uuid4().hex[:8]}", s3, file)
    for part in ("landing", "landing-partners", "code", "work"):
        s3.create_bucket(Bucket=made.bucket(part))
    outputs = {
        "LandingBucketName": made.bucket("landing"),
        "FurtherLandingBuckets": f"partners={made.bucket('landing-partners')}",
    }
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": made.name}}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    unfinished = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    cloudformation = boto3.client("cloudformation", region_name="us-east-1")
    cloudformation.create_stack(StackName=f"{made.name}-main", TemplateBody=json.dumps(template))
    cloudformation.create_stack(StackName=f"{made.name}-new-main", TemplateBody=json.dumps(unfinished))
    index = ArrivalIndex(RULES).to_json().encode()
    s3.put_object(Bucket=made.bucket("code"), Key=settings.INDEX_KEY, Body=index)
    yield made
    for name in (made.name, f"{made.name}-new"):
        cloudformation.delete_stack(StackName=f"{name}-main")


def test_file_is_dropped_where_the_deployment_reads_its_type_and_its_status_is_followed(
    abroad: Abroad, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket, later = abroad.bucket("landing-partners"), utc_now() + timedelta(minutes=5)
    done: dict[str, Any] = {
        "file_id": "1" * 64,
        "bucket": bucket,
        "key": "trips/1.csv",
        "version_id": None,
        "status": "Done",
    }
    done |= {"landed_at": later.isoformat(), "registered_at": later.isoformat(), "status_reason": None, "moves": []}
    done |= {"rows_in_file": 1, "rows_loaded": 1, "rows_rejected": 0}
    other = {**done, "file_id": "2" * 64, "key": "trips/2.csv", "status": "Fail"}
    monkeypatch.setenv("LAKEPORT_WORK_BUCKET", abroad.bucket("work"))
    before = later - timedelta(minutes=30)  # as a run leaves it: the whole snapshot is older than what has changed
    whole: dict[str, Any] = {"schema": "", "table": "lake.trips", "columns": [], "days": []}
    whole |= {"as_of": before.isoformat(), "files": [other]}
    summary = {**whole, "as_of": later.isoformat(), "complete_at": before.isoformat(), "changed": [done]}
    objects.replace_older(abroad.s3, objects.type_key("trips"), whole, before)
    objects.replace_older(abroad.s3, objects.summary_key("trips"), summary, later)

    dropped = abroad.drop("--wait", "--json")

    assert dropped.exit_code == 0, dropped.output
    [row] = json.loads(dropped.stdout)
    assert (row["bucket"], row["key"]) == (bucket, "trips/1.csv")
    assert (row["status"], row["rows_loaded"]) == ("Done", 1)
    assert abroad.s3.get_object(Bucket=bucket, Key="trips/1.csv")["Body"].read() == abroad.file.read_bytes()


def test_what_the_deployment_lacks_is_reported(abroad: Abroad) -> None:
    waiting = ["--folder", "other", "--bucket", "partners", "--wait", "--wait-seconds", "0"]
    cases = {
        "other/1.csv has no final status": waiting,
        "unknown landing bucket nowhere; allowed: default, partners": ["--folder", "other", "--bucket", "nowhere"],
        "no stack nowhere-main in region us-east-1; check the deployment's name": ["--deployment", "nowhere"],
        "has no buckets; finish ./lakeport deploy": ["--deployment", f"{abroad.name}-new"],
    }
    for message, options in cases.items():
        refused = abroad.drop(*options)
        assert refused.exit_code == 2
        assert message in " ".join(refused.stderr.replace("│", " ").split())
