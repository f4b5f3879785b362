"""The snapshots in the work bucket agree with the mng tables, and never stop a load."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError

from lakeport import settings
from lakeport.model import Status, utc_now
from lakeport.snapshots import objects
from lakeport.snapshots.writing import outdated_types, write_snapshot, write_snapshots
from local.config import Config
from tests.integration.world import HEADER, World

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BAD = HEADER + b"1,Bern,2.50\n2,Oslo,cheap\n"


def test_a_snapshot_has_the_files_their_moves_and_their_rejected_rows(world: World, s3: S3Client) -> None:
    file = world.bring(BAD)

    write_snapshot(world.warehouse, s3, world.name)

    whole = objects.read(s3, objects.type_key(world.name))
    assert whole is not None
    [found] = whole["files"]
    assert (found["file_id"], found["status"], found["rows_loaded"], found["rows_rejected"]) == (
        file.file_id,
        "Done",
        1,
        1,
    )
    assert [move["to_status"] for move in found["moves"]] == ["New", "In Progress", "Done"]
    assert "landing:" in whole["schema"]
    assert {"name": "price", "schema_type": "numeric(8,2)", "live_type": "numeric(8,2)"} in whole["columns"]
    rows = objects.read(s3, objects.rejected_rows_key(world.name, file.file_id, found["run_id"]))
    assert rows is not None
    assert [(row["line_number"], row["column_name"], row["raw_value"]) for row in rows["rows"]] == [
        (3, "price", "cheap")
    ]


def test_rejected_rows_are_those_of_the_last_try_of_a_cleared_run(world: World, s3: S3Client) -> None:
    file = world.bring(BAD)
    write_snapshot(world.warehouse, s3, world.name)
    world.query("UPDATE mng.load_errors SET raw_value = 'free'; SELECT 1")

    write_snapshot(world.warehouse, s3, world.name)

    rows = objects.read(s3, objects.rejected_rows_key(world.name, file.file_id, world.by.run_id))
    assert rows is not None
    assert [row["raw_value"] for row in rows["rows"]] == ["free"]


def test_the_summary_has_the_days_figures(world: World, s3: S3Client) -> None:
    world.bring(BAD)

    write_snapshot(world.warehouse, s3, world.name)

    summary = objects.read(s3, objects.summary_key(world.name))
    assert summary is not None
    [day] = summary["days"]
    assert (day["status"], day["files"], day["rows_loaded"], day["rows_rejected"]) == ("Done", 1, 1, 1)
    assert [file["key"] for file in summary["files"]] == [f"{world.name}/trips.csv"]


def test_an_older_snapshot_never_replaces_a_newer_one(world: World, s3: S3Client) -> None:
    now, key = utc_now(), objects.type_key(world.name)

    assert objects.replace_older(s3, key, {"written": "now"}, now)
    assert not objects.replace_older(s3, key, {"written": "earlier"}, now - timedelta(seconds=1))

    assert objects.read(s3, key) == {"written": "now"}


def test_bucket_that_reports_a_conflict_at_every_attempt_is_given_up(world: World, product_environment: Config) -> None:
    s3, key = boto3.client("s3"), objects.type_key(f"{world.name}_conflict")
    assert objects.replace_older(s3, key, {}, utc_now())
    s3.meta.events.register("before-call.s3.PutObject", lambda params, **_: params["headers"].update({"If-Match": "x"}))

    with pytest.raises(ClientError, match="PreconditionFailed"):
        objects.replace_older(s3, key, {}, utc_now())


def test_files_without_a_type_have_a_snapshot(world: World, s3: S3Client) -> None:
    s3.put_object(Bucket=settings.landing_bucket(), Key="elsewhere/x.bin", Body=b"x")
    world.reconcile()

    write_snapshot(world.warehouse, s3, None)

    whole = objects.read(s3, objects.type_key(None))
    assert whole is not None
    assert [(file["key"], file["status"]) for file in whole["files"]] == [("elsewhere/x.bin", "Rejected")]


def test_reconcile_writes_what_is_missing_or_too_old(world: World, s3: S3Client) -> None:
    world.bring()
    s3.delete_object(Bucket=settings.work_bucket(), Key=objects.summary_key(world.name))

    assert outdated_types(world.warehouse, s3) == [world.name]
    world.reconcile()

    assert objects.read(s3, objects.summary_key(world.name))


def test_a_bucket_that_refuses_the_snapshot_does_not_stop_the_load(
    world: World, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as changed:
        changed.setenv("LAKEPORT_WORK_BUCKET", "no-such-bucket")
        write_snapshots(world.warehouse, [world.name])

    assert objects.read(s3, objects.summary_key(world.name)) is None


@pytest.mark.parametrize("status", [Status.NEW, Status.FAIL])
def test_a_snapshot_shows_files_of_every_status(world: World, s3: S3Client, status: Status) -> None:
    file = world.register()
    world.query("UPDATE mng.files SET status = %s WHERE file_id = %s; SELECT 1", (status, file.file_id))

    write_snapshot(world.warehouse, s3, world.name)

    whole = objects.read(s3, objects.type_key(world.name))
    assert whole is not None
    assert whole["files"][0]["status"] == status


def test_rejected_rows_that_the_schema_does_not_show_are_removed_and_not_written(world: World, s3: S3Client) -> None:
    world.bring(BAD)
    write_snapshot(world.warehouse, s3, world.name)
    prefix = objects.rejected_rows_prefix(world.name)
    assert len(objects.keys_under(s3, prefix)) == 1

    world.write_schema(rejects={"fail": "50%", "show": False})
    world.reconcile(always=False)
    assert objects.keys_under(s3, prefix) == {}
    write_snapshot(world.warehouse, s3, world.name)

    assert objects.keys_under(s3, prefix) == {}
