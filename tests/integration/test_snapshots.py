"""The snapshots in the work bucket agree with the mng tables, and never stop a load."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError

from lakeport import settings
from lakeport.files import s3_objects
from lakeport.model import Status, utc_now
from lakeport.snapshots import content, objects, writing
from lakeport.snapshots.content import read_content
from lakeport.snapshots.reading import read_type
from lakeport.snapshots.rejected_rows import write_rejected_rows
from lakeport.snapshots.writing import outdated_types, write_snapshot, write_snapshots
from local.config import Config
from tests.integration.world import GOOD, HEADER, World

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BAD = HEADER + b"1,Bern,2.50\n2,Oslo,cheap\n"


def test_a_snapshot_has_the_files_their_moves_and_their_rejected_rows(world: World, s3: S3Client) -> None:
    file = world.bring(BAD)

    write_snapshot(world.warehouse, s3, world.name)

    whole = read_type(s3, world.name)
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
    world.query("UPDATE mng.load_errors SET raw_value = 'free'; UPDATE mng.files SET status_at = SYSDATE; SELECT 1")

    write_snapshot(world.warehouse, s3, world.name)

    rows = objects.read(s3, objects.rejected_rows_key(world.name, file.file_id, world.by.run_id))
    assert rows is not None
    assert [row["raw_value"] for row in rows["rows"]] == ["free"]


def changed(world: World, s3: S3Client) -> dict[str, Any]:
    """Write what has changed, and check that with it the whole snapshot is what Redshift has."""
    before = objects.read(s3, objects.type_key(world.name))
    write_snapshot(world.warehouse, s3, world.name)
    found = read_type(s3, world.name)
    assert before
    assert found
    assert (objects.read(s3, objects.type_key(world.name)), found["as_of"] > before["as_of"]) == (before, True)
    everything = world.warehouse.transaction(lambda current: read_content(current, world.name, world.file_type))
    assert (found["files"], found["days"]) == (everything.files, everything.days)
    summary = objects.read(s3, objects.summary_key(world.name))
    assert summary
    assert [each["file_id"] for each in summary["files"]] == [each["file_id"] for each in everything.files]
    return found


def test_a_run_writes_what_has_changed_and_a_reader_finds_all(world: World, s3: S3Client) -> None:
    world.write_schema(landing={"pattern": f"{world.name}/*", "select": "all"})
    old = world.bring(GOOD, "old.csv")
    earlier = "landed_at = landed_at - INTERVAL '3 days', registered_at = registered_at - INTERVAL '3 days'"
    world.query(f"UPDATE mng.files SET status = 'Fail', {earlier}; SELECT 1")  # noqa: S608
    write_snapshot(world.warehouse, s3, world.name, is_complete=True)
    file = world.claim(BAD, "bad.csv")
    write_snapshot(world.warehouse, s3, world.name, is_complete=True)
    world.load_claimed(file)
    assert changed(world, s3)["files"][0]["rows_rejected"] == 1
    world.finish(file)
    assert [move["to_status"] for move in changed(world, s3)["files"][0]["moves"]] == ["New", "In Progress", "Done"]
    assert objects.read(s3, objects.rejected_rows_key(world.name, file.file_id, world.by.run_id))
    values = (old.file_id, old.file_id)  # by a transaction that began before the snapshot and was committed after it
    late = "UPDATE mng.files SET status = 'New' WHERE file_id = %s; INSERT INTO mng.status_log (file_id, from_status,"
    late += " to_status, moved_at) VALUES (%s, 'Fail', 'New', SYSDATE - INTERVAL '10 minutes'); SELECT 1"
    world.query(late, values)
    assert {each["key"]: each["status"] for each in changed(world, s3)["files"]}[old.key] == "New"


@pytest.mark.parametrize("cause", ["too much has changed", "it is too old", "the table has another column"])
def test_all_of_a_snapshot_is_read_again(
    world: World, s3: S3Client, monkeypatch: pytest.MonkeyPatch, cause: str
) -> None:
    """So a change that the status log lacks is shown within a day."""
    world.bring()
    write_snapshot(world.warehouse, s3, world.name, is_complete=True)
    world.query("UPDATE mng.files SET status_reason = 'not logged'; SELECT 1")
    world.query("UPDATE mng.status_log SET moved_at = moved_at - INTERVAL '1 hour'; SELECT 1")
    write_snapshot(world.warehouse, s3, world.name)
    reasons = []
    for is_caused in (False, True):
        if is_caused and cause == "too much has changed":
            world.query("UPDATE mng.status_log SET moved_at = SYSDATE; SELECT 1")
            monkeypatch.setattr(content, "CHANGED_FILES", 0)
        elif is_caused and cause == "it is too old":
            monkeypatch.setattr(writing, "_COMPLETE_FOR", timedelta(0))
        elif is_caused:
            world.query(f"ALTER TABLE {world.file_type.table.name} ADD COLUMN more INTEGER; SELECT 1")
        write_snapshot(world.warehouse, s3, world.name)
        found = read_type(s3, world.name)
        assert found
        reasons.append([each["status_reason"] for each in found["files"]])
    assert reasons == [[None], ["not logged"]]


@pytest.mark.parametrize("is_newer", [True, False])
def test_a_reader_takes_the_whole_snapshot_alone_unless_the_summary_is_newer(
    world: World, s3: S3Client, is_newer: bool
) -> None:
    """A writer may be killed between the two, or another process may be faster with one of them."""
    file = world.register()
    write_snapshot(world.warehouse, s3, world.name, is_complete=True)
    world.query("UPDATE mng.files SET status = 'Fail'; SELECT 1")
    write_snapshot(world.warehouse, s3, world.name)
    whole = objects.read(s3, objects.type_key(world.name))
    assert whole
    if not is_newer:
        objects.replace_older(s3, objects.type_key(world.name), whole | {"as_of": utc_now().isoformat()}, utc_now())
    found = read_type(s3, world.name)
    assert found
    assert [(each["file_id"], each["status"]) for each in found["files"]] == [
        (file.file_id, "Fail" if is_newer else "New")
    ]


def test_a_summary_that_is_extended_while_all_is_read_hides_nothing(
    world: World, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that ends while a command has undone a file writes its summary between the command's two objects."""
    world.bring()
    world.query("UPDATE mng.files SET registered_at = registered_at - INTERVAL '3 days'; SELECT 1")
    write_snapshot(world.warehouse, s3, world.name, is_complete=True)
    world.query("UPDATE mng.files SET status = 'Fail'; SELECT 1")

    def outrun(*values: Any) -> None:
        monkeypatch.setattr(writing, "write_rejected_rows", write_rejected_rows)
        write_snapshot(world.warehouse, s3, world.name)
        write_rejected_rows(*values)

    monkeypatch.setattr(writing, "write_rejected_rows", outrun)
    write_snapshot(world.warehouse, s3, world.name, is_complete=True)

    for found in (read_type(s3, world.name), objects.read(s3, objects.summary_key(world.name))):
        assert found
        assert [each["status"] for each in (*found["files"], *found["days"])] == ["Fail", "Fail"]


def test_a_command_that_was_killed_between_its_two_objects_is_followed(
    world: World, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bring()
    world.query("UPDATE mng.files SET registered_at = registered_at - INTERVAL '3 days'; SELECT 1")
    write_snapshot(world.warehouse, s3, world.name, is_complete=True)
    world.query("UPDATE mng.files SET status = 'Fail'; SELECT 1")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(writing, "_summary", killed)
        write_snapshot(world.warehouse, s3, world.name, is_complete=True)

    write_snapshot(world.warehouse, s3, world.name)

    summary = objects.read(s3, objects.summary_key(world.name))
    assert summary
    assert [each["status"] for each in (*summary["files"], *summary["days"])] == ["Fail", "Fail"]


def test_a_writer_that_others_outrun_ends_when_their_snapshot_has_what_it_read(
    world: World, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a file type whose files change all the time would keep its writers reading Redshift."""
    world.bring()
    reads = list[str]()

    def outrun(*values: Any) -> None:
        reads.append("before another")
        with monkeypatch.context() as patch:
            patch.setattr(writing, "write_rejected_rows", write_rejected_rows)
            write_snapshot(world.warehouse, s3, world.name, is_complete=len(reads) > 2)
        write_rejected_rows(*values)

    monkeypatch.setattr(writing, "write_rejected_rows", outrun)
    write_snapshot(world.warehouse, s3, world.name)
    assert len(reads) == 1
    write_snapshot(world.warehouse, s3, world.name, is_complete=True)  # what others have extended does not repair it
    assert len(reads) == 3


def test_a_writer_that_is_outrun_at_every_attempt_leaves_the_snapshot_to_reconcile(
    world: World, product_environment: Config, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world.bring()
    s3 = boto3.client("s3")
    write_snapshot(world.warehouse, s3, world.name)
    s3.meta.events.register("before-call.s3.PutObject", lambda params, **_: params["headers"].update({"If-Match": "x"}))
    monkeypatch.setattr(s3_objects, "s3_client", lambda: s3)

    write_snapshots(world.warehouse, [world.name])

    assert "reconcile will write it" in caplog.text
    assert outdated_types(world.warehouse, boto3.client("s3")) == [world.name]


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_file_that_landed_long_before_it_was_registered_is_followed(world: World, s3: S3Client) -> None:
    world.register()
    world.query(
        "UPDATE mng.files SET landed_at = landed_at - INTERVAL '40 days', registered_at = registered_at"
        " - INTERVAL '2 hours'; SELECT 1"
    )
    write_snapshot(world.warehouse, s3, world.name, is_complete=True)
    world.query(
        "UPDATE mng.files SET status = 'Done'; INSERT INTO mng.status_log (file_id, from_status, to_status, moved_at)"
        " SELECT file_id, 'New', 'Done', SYSDATE FROM mng.files; SELECT 1"
    )
    assert [each["status"] for each in changed(world, s3)["files"]] == ["Done"]


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


@pytest.mark.parametrize("key_of", [objects.summary_key, objects.type_key])
def test_reconcile_writes_what_is_missing_or_too_old(world: World, s3: S3Client, key_of: Callable[[str], str]) -> None:
    world.bring()
    world.query("UPDATE mng.files SET status_at = status_at - INTERVAL '1 hour'; SELECT 1")
    write_snapshot(world.warehouse, s3, world.name, is_complete=True)
    assert outdated_types(world.warehouse, s3) == []
    s3.delete_object(Bucket=settings.work_bucket(), Key=key_of(world.name))

    assert outdated_types(world.warehouse, s3) == [world.name]
    world.reconcile()

    assert objects.read(s3, key_of(world.name))


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

    whole = read_type(s3, world.name)
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


def test_rejected_rows_follow_the_defaults_of_all_schemas_at_the_next_run(world: World, s3: S3Client) -> None:
    world.bring(BAD)
    found = []
    for show in (True, False, True):
        (world.folder / "_defaults.yaml").write_text(yaml.safe_dump({"rejects": {"show": show}}))
        write_snapshot(world.warehouse, s3, world.name)
        found.append(len(objects.keys_under(s3, objects.rejected_rows_prefix(world.name))))
    assert found == [1, 0, 1]
