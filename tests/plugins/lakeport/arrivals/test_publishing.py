"""The published index has the rules of all schemas, even while one of them is invalid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lakeport import settings
from lakeport.arrivals.publishing import publish
from lakeport.arrivals.rules import ArrivalIndex, ArrivalRule
from tests.support.buckets import BUCKETS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

GOOD = """\
description: Trips, one row per trip.
owner: tests
landing: {{pattern: "{pattern}"}}
format: {{type: csv, compression: gzip}}
columns: [{{name: id, type: integer}}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two valid schemas."""
    (tmp_path / "trips.yaml").write_text(GOOD.format(pattern="trips/*"))
    (tmp_path / "rides.yaml").write_text(GOOD.format(pattern="rides/*"))
    return tmp_path


def published(s3: S3Client) -> ArrivalIndex:
    """Return what the Lambda reads."""
    return ArrivalIndex.from_json(s3.get_object(Bucket=BUCKETS["code"], Key=settings.INDEX_KEY)["Body"].read())


TRIPS = ArrivalRule("trips", "trips/*", "csv", "gzip")
RIDES = ArrivalRule("rides", "rides/*", "csv", "gzip")


def test_all_schemas_are_published_in_the_order_of_their_names(s3: S3Client, folder: Path) -> None:
    index, problems = publish(s3, folder)

    assert (index, problems) == (ArrivalIndex((RIDES, TRIPS)), [])
    assert published(s3) == index


def test_publishing_again_writes_the_same(s3: S3Client, folder: Path) -> None:
    assert publish(s3, folder) == publish(s3, folder)


def test_invalid_schema_keeps_its_last_published_rule(s3: S3Client, folder: Path) -> None:
    """Its files are still registered as New, and the changes of other schemas go live."""
    publish(s3, folder)
    (folder / "trips.yaml").write_text("owner: [")
    (folder / "rides.yaml").write_text(GOOD.format(pattern="more/*"))

    index, problems = publish(s3, folder)

    assert index.rules == (ArrivalRule("rides", "more/*", "csv", "gzip"), TRIPS)
    assert [problem.rpartition("/")[2].partition(":")[0] for problem in problems] == ["trips.yaml"]
    assert published(s3) == index


def test_invalid_schema_that_was_never_published_has_no_rule(s3: S3Client, folder: Path) -> None:
    (folder / "trips.yaml").write_text("")

    index, problems = publish(s3, folder)

    assert index.rules == (RIDES,)
    assert len(problems) == 1


def test_deleted_schema_is_removed_from_the_index(s3: S3Client, folder: Path) -> None:
    publish(s3, folder)
    (folder / "trips.yaml").unlink()

    assert publish(s3, folder)[0].rules == (RIDES,)


@pytest.mark.parametrize("twin", ["trips.yml", "trips.YAML"])
def test_invalid_twin_leaves_the_new_rule_of_the_valid_schema(s3: S3Client, folder: Path, twin: str) -> None:
    publish(s3, folder)
    (folder / "trips.yaml").write_text(GOOD.format(pattern="new/*"))
    (folder / twin).write_text(GOOD.format(pattern="twin/*"))

    index, problems = publish(s3, folder)

    assert index.rules == (RIDES, ArrivalRule("trips", "new/*", "csv", "gzip"))
    assert len(problems) == 1
