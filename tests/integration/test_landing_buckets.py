"""Files of several landing buckets: each is registered, loaded, archived and named by its bucket."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from click.testing import Result
from typer.testing import CliRunner

from lakeport import settings
from lakeport.arrivals.publishing import publish
from lakeport.arrivals.registration import register_messages
from lakeport.arrivals.rules import ArrivalIndex
from lakeport.cli.application import app
from lakeport.errors import SelectionError
from lakeport.loading.finishing import archive, mark_done
from lakeport.loading.one_file import FileLoad
from lakeport.mng import claims
from lakeport.model import RegisteredFile, TaskRun
from lakeport.recovery.reconcile.landing import NOT_LISTED, NOT_REGISTERED
from lakeport.recovery.replay.selection import Selection, select_files
from lakeport.redshift.fitting import fit_table
from lakeport.redshift.sql_files import statement
from lakeport.schema.reader import read_file_type
from tests.integration.world import GOOD, World
from tests.support.golden import raises_golden

MORE = GOOD + b"3,Rome,1\n"


@dataclass
class TwoBuckets:
    """A world with a second landing bucket, from which another type reads files of the same names."""

    world: World
    bucket: str

    @property
    def there(self) -> str:
        return f"{self.world.name}_there"

    @property
    def key(self) -> str:
        return f"{self.world.name}/trips.csv"

    def land(self, body: bytes = MORE, key: str = "") -> None:
        self.world.s3.put_object(Bucket=self.bucket, Key=key or self.key, Body=body)

    def load(self) -> RegisteredFile:
        """Bring the file of the second bucket to Done."""
        world, file_type = self.world, read_file_type(self.world.folder / f"{self.there}.yaml")
        by = TaskRun(file_type.dag_id, "run1", "copy_to_table")
        own = {"file_type": self.there, "dag_id": None, "run_id": None}
        [file] = [RegisteredFile(*row) for row in world.query(statement("mng/new_files"), own)]
        world.warehouse.transaction(lambda current: claims.claim(current, [file.file_id], by))
        fit_table(world.warehouse, file_type)
        FileLoad(file_type, file, (file.source(),), by, world.warehouse, world.s3).run()
        archive(world.warehouse, world.s3, self.there, [file])
        world.warehouse.transaction(lambda current: mark_done(current, [file], by, file_type))
        return file


@pytest.fixture
def two(world: World, monkeypatch: pytest.MonkeyPatch) -> TwoBuckets:
    found = TwoBuckets(world, f"partners-{uuid.uuid4().hex[:8]}")
    world.s3.create_bucket(Bucket=found.bucket)
    world.s3.put_bucket_versioning(Bucket=found.bucket, VersioningConfiguration={"Status": "Enabled"})
    monkeypatch.setenv("LAKEPORT_LANDING_BUCKETS", f"partners={found.bucket}")
    text = (world.folder / f"{world.name}.yaml").read_text()
    (world.folder / f"{found.there}.yaml").write_text(text.replace("landing:", "landing:\n  bucket: partners"))
    publish(world.s3, world.folder)
    return found


@pytest.fixture
def run() -> Callable[..., Result]:
    return lambda *arguments: CliRunner().invoke(app, [str(each) for each in arguments])


def test_one_name_in_two_buckets_is_two_files_of_two_types(two: TwoBuckets, run: Callable[..., Result]) -> None:
    """From the landing buckets that no event reported to the archive, by the bucket's address in every command."""
    world = two.world
    world.land()
    two.land()
    reconciliation = world.reconcile()
    assert reconciliation
    registered = [(each.file_type, each.subject) for each in reconciliation.findings if each.problem == NOT_REGISTERED]
    assert registered == [(world.name, two.key), (two.there, f"s3://{two.bucket}/{two.key}")]

    [here] = world.new_files()
    world.warehouse.transaction(lambda current: claims.claim(current, [here.file_id], world.by))
    world.load_claimed(here)
    world.finish(here)
    there = two.load()
    assert world.rows() == 2
    assert world.query(f"SELECT COUNT(*) FROM lake.{two.there}") == [(3,)]  # noqa: S608
    archived: dict[str, str] = dict(world.query("SELECT file_type, archive_key FROM mng.files"))
    assert archived[world.name].startswith(f"{world.name}/")
    assert archived[two.there].startswith(f"{two.bucket}/{two.there}/")

    loaded = {each["bucket"]: each["rows_loaded"] for each in status(run)}
    assert loaded == {settings.landing_bucket(): 2, two.bucket: 3}
    assert [" bucket " in run("status", *more).stdout for more in ([], ["--type", world.name])] == [True, False]
    [one] = status(run, f"s3://{two.bucket}/{two.key}")
    assert one["file_id"] == there.file_id

    with raises_golden(SelectionError, "recovery", "one name in two buckets", two.bucket):
        world.warehouse.transaction(lambda current: select_files(current, Selection([two.key])))
    planned = json.loads(run("replay", f"s3://{two.bucket}/{two.key}", "--json").stdout)
    assert [(each["type"], each["key"]) for each in planned] == [(two.there, f"s3://{two.bucket}/{two.key}")]


def status(run: Callable[..., Result], *arguments: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(run("status", *arguments, "--json").stdout)
    return found


def test_bucket_that_refuses_is_reported_and_the_others_are_reconciled(
    two: TwoBuckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKEPORT_LANDING_BUCKETS", f"gone=gone-{uuid.uuid4().hex},partners={two.bucket}")
    two.land()
    for _ in range(2):
        reconciliation = two.world.reconcile(always=False)
        assert reconciliation
        assert [each.problem for each in reconciliation.unfixed] == [NOT_LISTED]
    assert two.world.files() == [("New", None)]


def test_file_of_a_bucket_without_a_type_is_registered_and_in_the_digest(two: TwoBuckets) -> None:
    two.land(key="nowhere/trips.csv")
    two.world.reconcile()
    two.world.reconcile()
    [(where, status_, reason)] = two.world.query("SELECT bucket, status, status_reason FROM mng.files")
    assert (where, status_) == (two.bucket, "Rejected")
    assert "; this is landing bucket 'partners'; move the file" in reason
    [(alert, _)] = two.world.sent
    assert f"s3://{two.bucket}/nowhere/trips.csv: " in alert.facts()[0][1]


def test_event_of_a_bucket_outside_the_deployment_matches_no_type(two: TwoBuckets) -> None:
    """A bucket that was taken out of the deployment may still have its notification."""
    world = two.world
    thing = {"key": two.key, "size": 1, "versionId": "v", "sequencer": "0A"}
    record = {"eventName": "ObjectCreated:Put", "eventTime": "2026-11-22T10:00:00Z"}
    body = {"Records": [record | {"s3": {"bucket": {"name": "removed"}, "object": thing}}]}
    index = ArrivalIndex.from_json(
        world.s3.get_object(Bucket=settings.code_bucket(), Key=settings.INDEX_KEY)["Body"].read()
    )
    register_messages([("1", json.dumps(body))], index, world.warehouse)
    [(status_, reason)] = world.files()
    assert status_ == "Rejected"
    assert reason.startswith("its bucket is not a landing bucket of this deployment")
