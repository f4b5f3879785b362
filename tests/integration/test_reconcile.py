"""Reconcile finishes interrupted work exactly once, and leaves work in progress alone."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError

from lakeport import settings
from lakeport.alerts.alert import Alert
from lakeport.arrivals.publishing import publish, published_index
from lakeport.arrivals.registration import register_messages
from lakeport.errors import AirflowUnavailable
from lakeport.files import archiving, s3_objects
from lakeport.loading.finishing import archive, mark_done
from lakeport.mng import claims, file_records
from lakeport.model import Status
from lakeport.recovery.reconcile.alerts import UNSENT
from lakeport.recovery.reconcile.contradictions import MARKED
from lakeport.recovery.reconcile.dead_letters import DEAD_LETTER
from lakeport.recovery.reconcile.ended_runs import DEAD_RUN, NO_ALERT, NOT_DONE
from lakeport.recovery.reconcile.landing import NOT_REGISTERED, STILL_IN_LANDING
from lakeport.recovery.reconcile.reconcile import reconcile
from lakeport.recovery.reconcile.reconciliation import NOT_CHECKED
from lakeport.recovery.reconcile.runs import INVALID_SCHEMA, NO_POOL, NO_RUN
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from lakeport.schema.alerts import Alerts
from local.aws import names
from tests.integration.world import GOOD, LATER, NOW, World
from tests.support.golden import golden

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_files_of_a_scheduled_type_wait_for_the_next_run(world: World) -> None:
    world.write_schema(schedule="30 6 * * *")
    world.land()
    assert [done for _, done in world.found()] == ["registered as New"]
    assert world.found() == []
    assert world.airflow.started == []
    assert world.files() == [("New", None)]
    assert len(world.new_files()) == 1  # the next run takes it, even if its DAG is not parsed yet


def test_lost_event_is_registered_and_its_run_started(world: World) -> None:
    world.land()
    assert world.found() == [
        (NOT_REGISTERED, "registered as New"),
        (NO_RUN, f"started run {world.airflow.started[0][1]}"),
    ]
    assert world.found() == []
    assert world.files() == [("New", None)]
    assert [dag_id for dag_id, _ in world.airflow.started] == [world.file_type.dag_id]


def test_every_version_of_a_name_is_registered(world: World) -> None:
    versions = [world.land(body=GOOD + b"3,Rome,1\n" * number) for number in range(3)]
    world.reconcile()
    registered = world.query("SELECT version_id FROM mng.files")
    assert sorted(version for (version,) in registered) == sorted(versions)


def test_late_event_registers_nothing_more(world: World) -> None:
    version = world.land()
    world.reconcile()
    thing = {"key": f"{world.file_type.name}/trips.csv", "size": 1, "versionId": version, "sequencer": "0A"}
    record = {"eventName": "ObjectCreated:Put", "eventTime": "2026-11-22T10:00:00Z"}
    body = {"Records": [record | {"s3": {"bucket": {"name": settings.landing_bucket()}, "object": thing}}]}
    register_messages([("1", json.dumps(body))], published_index(world.s3), world.warehouse)
    assert len(world.files()) == 1


def test_changes_within_the_grace_time_are_left_alone(world: World) -> None:
    world.land()
    assert world.found(LATER) == []
    world.reconcile()
    world.airflow.runs.clear()
    assert world.found(LATER) == []


def test_new_file_gets_another_run_when_its_run_died(world: World) -> None:
    """With the id of the dead run, Airflow would answer that the run exists."""
    world.land()
    world.reconcile()
    [(_, first)] = world.airflow.started
    world.airflow.end(first, "failed")
    world.reconcile()
    assert len({run_id for _, run_id in world.airflow.started}) == 2
    assert world.found() == []


@pytest.mark.parametrize(("state", "started"), [("queued", 0), ("running", 1)])
def test_new_file_is_left_to_a_run_that_has_not_begun(world: World, state: str, started: int) -> None:
    """A run that has begun may have listed its files before this file was registered."""
    world.land()
    world.airflow.add(world.by.dag_id, "run1", state)
    for _ in range(2):
        world.reconcile()
    assert len(world.airflow.started) == started


def test_reconciling_twice_at_once_registers_once_and_starts_one_run(world: World) -> None:
    for number in range(5):
        world.land(f"{number}.csv")

    def reconcile_once() -> None:
        with Warehouse(connect_to_redshift) as warehouse:
            reconcile(warehouse, world.airflow, None, grace=NOW, always=True)

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(reconcile_once) for _ in range(3)]:
            done.result()
    assert world.files() == [("New", None)] * 5
    assert len(world.airflow.started) == len(set(world.airflow.started))
    world.reconcile()
    assert len(world.query("SELECT 1 FROM mng.status_log")) == 5


@pytest.mark.parametrize("state", ["failed", "success", None])
def test_file_of_a_dead_run_fails_with_a_reason_and_one_alert(world: World, state: str | None) -> None:
    world.claim()
    assert world.found() == []
    if state:
        world.airflow.end("run1", state)
    else:
        world.airflow.runs.clear()
    found = world.found()
    assert found[0] == (DEAD_RUN, "Fail")
    assert [problem for problem, _ in found[1:]] == [MARKED] * (state == "success")
    assert world.found() == []
    [(status, reason)] = world.files()
    assert status == "Fail"
    assert (f"the run ended as {state}" if state else "Airflow no longer has this run") in reason
    [(alert, to)] = world.sent
    assert (alert.title.split(":")[0], to.email) == (world.file_type.name, ("trips@example.com",))
    assert world.query("SELECT from_status, to_status FROM mng.status_log ORDER BY moved_at") == [
        (None, "New"),
        ("New", "In Progress"),
        ("In Progress", "Fail"),
    ]


def test_failed_file_of_a_run_whose_callback_was_killed_is_alerted_once(world: World) -> None:
    """With `select: all` a bad file is Fail long before its run ends."""
    file = world.claim()
    reason = "copy_to_table: its header does not fit"
    world.warehouse.transaction(
        lambda current: file_records.move(
            current, [file.file_id], world.by, from_=[Status.IN_PROGRESS], to=Status.FAIL, reason=reason
        )
    )
    assert world.found() == []
    world.airflow.end("run1", "failed")
    assert world.found() == [(NO_ALERT, "Fail")]
    assert world.found() == []
    assert len(world.sent) == 1
    assert world.files() == [("Fail", reason)]


def test_run_that_ended_just_now_is_left_to_its_callback(world: World) -> None:
    world.claim()
    world.airflow.runs[0].update(state="failed", end_date="2999-01-01T00:00:00Z")
    assert world.found() == []
    assert world.files() == [("In Progress", None)]


@pytest.mark.parametrize("is_archived", [False, True])
def test_loaded_file_of_a_dead_run_becomes_done(world: World, is_archived: bool) -> None:
    file = world.load()
    if is_archived:
        archive(world.warehouse, world.s3, world.file_type.name, [file])
        assert world.landed() == 0
    world.airflow.end("run1", "failed")
    assert world.found() == [(NOT_DONE, "archived, Done")]
    assert (world.files(), world.rows(), world.landed()) == ([("Done", None)], 2, 0)
    assert world.archived() == GOOD
    assert (world.sent, world.found()) == ([], [])


def test_loaded_file_that_is_missing_from_landing_is_done_with_a_reason(world: World) -> None:
    file = world.load()
    archiving.remove_version(world.s3, file.source())
    world.airflow.end("run1", "failed")
    world.reconcile()
    [(status, reason)] = world.files()
    assert (status, reason.partition(":")[0]) == ("Done", "loaded, but not archived")


def test_loaded_file_whose_rows_are_missing_fails_with_an_alert(world: World) -> None:
    world.load()
    world.query(f"DELETE FROM {world.file_type.table.name}; SELECT 1")  # noqa: S608
    world.airflow.end("run1", "failed")
    world.reconcile()
    [(status, reason)] = world.files()
    assert (status, "2 loaded, but 0 in" in reason) == ("Fail", True)
    [(alert, _)] = world.sent
    assert ("failed in reconcile" in alert.title, alert.urgency.partition(":")[0]) == (True, "today")
    assert alert.runbook.endswith("#n-loaded-but-m-in-table")
    assert "replay" in alert.remedy().text
    assert not any("since loaded" in fact.text for fact in alert.facts())


def test_done_file_that_is_still_in_landing_is_archived(world: World) -> None:
    file = world.load()
    world.warehouse.transaction(lambda current: mark_done(current, [file], world.by, world.file_type))
    world.airflow.end("run1", "success")
    assert world.found() == [(f"Done, but {STILL_IN_LANDING}", "archived")]
    assert (world.landed(), world.archived(), world.found()) == (0, GOOD, [])


def test_file_that_was_filtered_out_is_archived(world: World) -> None:
    file = world.register()
    world.warehouse.transaction(lambda current: claims.filter_out(current, [file.file_id], world.by, "newer: b.csv"))
    assert world.found() == [(f"Filtered Out, but {STILL_IN_LANDING}", "archived")]
    assert (world.landed(), world.archived(), world.found()) == (0, GOOD, [])


def test_invalid_schema_alerts_its_owner_once_while_files_wait(world: World) -> None:
    world.register()
    world.airflow.started.clear()
    (world.folder / f"{world.name}.yaml").write_text("owner: owner@example.com\ncolumns: 7\n")
    for _ in range(2):
        [(problem, action)] = world.found()
        assert (problem, action[:31]) == (INVALID_SCHEMA, "not fixed, its owner is alerted")
    title = f"{world.name}: the schema is invalid, and 1 file waits for it"
    assert [(alert.title, to.slack, to.email) for alert, to in world.sent] == [
        (title, None, ("owner@example.com",)),
        (title, "#operators", ()),
    ]
    assert world.airflow.started == []
    world.write_schema()
    assert world.found()[0][0] == NO_RUN


def test_channel_that_is_down_stops_no_run_of_another_file_type(world: World) -> None:
    """The alert about an invalid schema is tried each hour, before the runs of the types after it are started."""
    world.register()
    other = World(world.s3, world.warehouse, world.query, world.folder, f"{world.name}_z")
    other.register()
    (world.folder / f"{world.name}.yaml").write_text("columns: 7\n")

    def refuse(alert: Alert, to: Alerts) -> None:
        raise RuntimeError("Slack answered 403")

    for attempt in range(2):
        reconciliation = reconcile(world.warehouse, other.airflow, refuse, grace=NOW, always=True)
        assert reconciliation
        problems = [each.problem for each in reconciliation.findings]
        assert NOT_CHECKED not in problems
        assert UNSENT in problems
        assert (NO_RUN in problems) == (attempt == 0)  # then it is queued


def test_removed_schema_alerts_once_while_files_wait(world: World) -> None:
    """Else reconcile would fail, and alert, every hour."""
    world.register()
    world.airflow.started.clear()
    world.airflow.missing_dags.add(world.file_type.dag_id)
    (world.folder / f"{world.name}.yaml").unlink()
    publish(world.s3, world.folder)
    for _ in range(2):
        reconciliation = world.reconcile()
        assert reconciliation
        assert [finding.problem for finding in reconciliation.unfixed] == [INVALID_SCHEMA]
        assert reconciliation.unalerted == []
    [(alert, _)] = world.sent
    assert "was removed" in dict(alert.facts())["Problems"]
    world.airflow.missing_dags.clear()
    world.write_schema()
    assert world.found()[0][0] == NO_RUN


def test_unsent_alert_is_sent_once(world: World) -> None:
    world.claim()
    world.airflow.end("run1", "failed")
    reconciliation = world.reconcile(sends=False)
    assert reconciliation
    assert reconciliation.has_unsent_alerts
    assert world.sent == []
    assert world.found() == [(UNSENT, "sent")]
    assert (world.found(), len(world.sent)) == ([], 1)
    [(alert, to)] = world.sent
    assert dict(alert.facts())["Task"] == f"(unknown) of {world.file_type.dag_id}, run run1"
    assert to.email == ("trips@example.com",)


def test_alert_that_another_process_is_sending_is_left_alone(world: World) -> None:
    world.claim()
    world.airflow.end("run1", "failed")
    world.reconcile(sends=False)
    world.query("UPDATE mng.alerts SET held_by = 'x', held_until = SYSDATE + INTERVAL '1 minute'; SELECT 1")
    assert (world.found(), world.sent) == ([], [])
    world.query("UPDATE mng.alerts SET held_until = SYSDATE - INTERVAL '1 minute'; SELECT 1")
    assert (world.found(), len(world.sent)) == ([(UNSENT, "sent")], 1)


def test_one_digest_lists_all_rejected_files_once(world: World) -> None:
    bucket = settings.landing_bucket()
    for number in range(3):
        world.s3.put_object(Bucket=bucket, Key=f"nowhere/{number}.csv", Body=b"x")
    for _ in range(3):
        world.reconcile()
    [(alert, to)] = world.sent
    assert (alert.title.split()[0], to.slack) == ("3", "#operators")
    assert "nowhere/2.csv: " in alert.facts()[0][1]
    world.s3.put_object(Bucket=bucket, Key="nowhere/late.csv", Body=b"x")
    for _ in range(3):
        world.reconcile()
    assert [alert.title.split()[:2] for alert, _ in world.sent[1:]] == [["1", "file"]]
    assert world.found() == []


def test_rejected_rows_are_alerted_if_the_run_was_killed_before_its_warning(world: World) -> None:
    world.load(GOOD + b"three,Rome,1\n")
    world.airflow.end("run1", "failed")
    world.reconcile()
    assert [alert.title.endswith("loaded with 1 rejected row") for alert, _ in world.sent] == [True]


@pytest.mark.parametrize("is_present", [True, False])
def test_missing_dag_is_reported_with_the_next_step(
    world: World, caplog: pytest.LogCaptureFixture, is_present: bool
) -> None:
    """Airflow has not read a new schema yet, or the schema was removed; a traceback would not help."""
    world.airflow.missing_dags.add(world.file_type.dag_id)
    world.land()
    if not is_present:
        (world.folder / f"{world.name}.yaml").unlink()
    [registered, (found, done)] = world.found()
    assert registered[1] == "registered as New"
    assert found == NO_RUN
    state = "valid" if is_present else "missing or invalid"
    assert f"not fixed: Airflow has no DAG load_{world.name}; schemas/{world.name}.yaml is {state}" in done
    golden("recovery", f"not fixed: schema is {state}", done)
    assert [record.exc_info for record in caplog.records if record.levelname == "ERROR"] == [None]
    world.airflow.missing_dags.clear()
    [(_, done)] = world.found()
    assert done.startswith("started run")


def test_unreachable_airflow_is_a_finding_and_the_rest_is_fixed(world: World) -> None:
    world.land()
    world.airflow.is_down = True
    assert [done.split(":")[0] for _, done in world.found()] == ["registered as New", "not fixed"]
    world.airflow.is_down = False
    assert len(world.found()) == 1


def test_redshift_is_not_queried_while_nothing_can_have_changed(world: World) -> None:
    assert world.reconcile(always=False) is not None
    assert world.reconcile(always=False) is None
    world.land()
    reconciliation = world.reconcile(always=False)
    assert reconciliation
    assert next(each.action for each in reconciliation.findings) == "registered as New"


def test_redshift_is_queried_after_a_run_even_if_landing_is_empty(world: World) -> None:
    """An In Progress file may be archived already, so it is not in landing."""
    file = world.load()
    archive(world.warehouse, world.s3, world.file_type.name, [file])
    assert world.landed() == 0
    world.airflow.runs[0].update(state="failed", end_date="2026-01-01T00:00:00Z", updated_at="2999-01-01T00:00:00Z")
    assert world.reconcile(always=False) is not None
    assert world.files() == [("Done", None)]


def test_no_file_is_rejected_while_no_schemas_are_published(world: World) -> None:
    """Without an index every file would be rejected, although the sender did nothing wrong."""
    world.s3.delete_object(Bucket=settings.code_bucket(), Key=settings.INDEX_KEY)
    world.land()
    reconciliation = world.reconcile()
    assert reconciliation
    [finding] = reconciliation.unfixed
    assert settings.INDEX_KEY in finding.action
    assert "./lakeport publish" in finding.action
    golden("recovery", "not fixed: nothing is published", finding.action)
    assert world.files() == []


def test_object_without_a_version_is_reported_and_not_registered(world: World) -> None:
    """Its event, whose sequencer identifies the object, may still come."""
    bucket = settings.landing_bucket()
    world.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    world.land()
    reconciliation = world.reconcile()
    assert reconciliation
    [finding] = reconciliation.findings
    assert (finding.is_fixed, finding.problem, finding.subject.endswith("/trips.csv")) == (False, NOT_REGISTERED, True)
    golden("recovery", "not fixed: no version", finding.action)
    assert world.files() == []


def test_file_of_a_scheduled_type_waits_for_its_schedule(world: World) -> None:
    world.write_schema(schedule="0 6 * * *")
    world.land()
    assert world.found() == [(NOT_REGISTERED, "registered as New")]
    assert (world.found(), world.airflow.started) == ([], [])
    assert world.files() == [("New", None)]
    world.reconcile(always=False)
    assert world.reconcile(always=False) is None


def test_pool_that_does_not_exist_is_reported_while_files_wait_for_it(world: World) -> None:
    world.write_schema(pool="night")
    assert world.found() == []
    world.register()
    world.airflow.add(world.file_type.dag_id, "run1", "queued")
    [(problem, action)] = world.found()
    assert (problem, "night" in action) == (NO_POOL, True)
    world.airflow.pools += [f"pool_{number}" for number in range(3)] + ["night"]
    assert world.found() == []


def test_files_of_dead_runs_are_finished_although_pools_cannot_be_listed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise AirflowUnavailable("Airflow answered 403")

    world.write_schema(pool="night")
    world.claim()
    world.airflow.end(world.by.run_id, "failed")
    monkeypatch.setattr(world.airflow, "pool_page", refuse)
    assert {problem for problem, _ in world.found()} >= {NOT_CHECKED, DEAD_RUN}
    assert [status for status, _ in world.files()] == ["Fail"]


def test_details_of_files_finished_long_ago_are_deleted_after_the_days_of_the_setting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of failed files stay, and so does the row of each file."""
    loaded = world.bring(GOOD + b"x,Rome,1\n", "old.csv")
    failed = world.claim(name="failed.csv")
    world.warehouse.transaction(
        lambda current: file_records.move(
            current, [failed.file_id], world.by, from_=[Status.IN_PROGRESS], to=Status.FAIL, reason="why"
        )
    )
    for table, at in (("files", "status_at"), ("status_log", "moved_at"), ("load_errors", "logged_at")):
        world.query(f"UPDATE mng.{table} SET {at} = DATEADD(day, -40, {at}); SELECT 1")  # noqa: S608
    world.query("UPDATE mng.status_log SET moved_at = DATEADD(day, -2, moved_at) WHERE to_status = 'New'; SELECT 1")
    world.bring(name="new.csv", body=GOOD + b"y,Rome,1\n")

    def details() -> list[int]:
        ids = (
            "SELECT file_id FROM mng.status_log",
            "SELECT file_id FROM mng.load_errors",
            "SELECT file_id FROM mng.files",
        )
        return [sum(id_ == loaded.file_id for (id_,) in world.query(each)) for each in ids]

    others = "SELECT COUNT(*) FROM mng.status_log WHERE file_id <> %s"
    before = details(), world.query(others, (loaded.file_id,))
    for days in ("", "0", "29", "many", "999999"):
        monkeypatch.setenv("LAKEPORT_KEEP_DETAILS_DAYS", days)
        reconciliation = world.reconcile()
        assert reconciliation
        assert [each.subject for each in reconciliation.unfixed] == ["old details"] * (days in ("29", "many", "999999"))
        assert (details(), world.query(others, (loaded.file_id,))) == before
    monkeypatch.setenv("LAKEPORT_KEEP_DETAILS_DAYS", "30")
    for _ in range(2):
        world.reconcile()
        assert (details(), world.query(others, (loaded.file_id,))) == ([0, 0, 1], before[1])


@pytest.fixture
def dead_letters(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """A dead-letter queue; what it yields sends a message to it."""
    sqs, name = boto3.client("sqs"), f"dead-{uuid.uuid4().hex}"
    sqs.create_queue(QueueName=name)
    url = names.PRODUCT_ENVIRONMENT["LAKEPORT_DEAD_LETTER_QUEUE"].replace(names.DEAD_LETTER_QUEUE, name)
    monkeypatch.setenv("LAKEPORT_DEAD_LETTER_QUEUE", url)
    yield lambda body: sqs.send_message(QueueUrl=url, MessageBody=body) and None
    sqs.delete_queue(QueueUrl=url)


def event_of(world: World, version: str, name: str = "trips.csv") -> str:
    thing = {"key": f"{world.name}/{name}", "size": len(GOOD), "versionId": version, "sequencer": "0A", "eTag": "e"}
    s3 = {"bucket": {"name": settings.landing_bucket()}, "object": thing}
    record = {"eventName": "ObjectCreated:Put", "eventTime": "2026-11-22T10:00:00Z", "s3": s3}
    return json.dumps({"Records": [record]})


def test_files_of_dead_letters_are_registered_and_named_in_one_alert(
    world: World, dead_letters: Callable[[str], None]
) -> None:
    assert world.found() == []
    assert world.reconcile(always=False) is None
    version = world.land()
    for body in (event_of(world, version), event_of(world, "gone", "gone.csv"), "not an event"):
        dead_letters(body)
    dead_letters(event_of(world, version))  # delivered twice

    reconciliation = world.reconcile(LATER, always=False)  # the event itself shows that the file is not in progress

    assert reconciliation
    found = [(each.subject, each.action) for each in reconciliation.findings if each.problem == DEAD_LETTER]
    assert found[:2] == [
        (f"s3://{settings.landing_bucket()}/{world.name}/trips.csv", "registered as New"),
        (
            f"s3://{settings.landing_bucket()}/{world.name}/gone.csv",
            "no longer in its bucket, so there is nothing to load",
        ),
    ]
    assert len(found) == 3
    assert "cannot be read" in found[2][0]
    [(alert, receivers)] = world.sent
    assert (alert.title, receivers.slack) == ("3 events could not be processed by registration", "#operators")
    assert all(subject in alert.facts()[0].text for subject, _ in found)
    assert [status for status, _ in world.files()] == ["New"]
    world.reconcile(always=False)
    assert len(world.sent) == 1, "the queue is empty, and the alert is not sent again"


def test_an_object_at_which_s3_refuses_to_look_does_not_stop_the_other_dead_letters(
    world: World, dead_letters: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = s3_objects.current_version

    def refusing(s3: S3Client, bucket: str, key: str, version_id: str | None = None) -> str | None:
        if key.endswith("refused.csv"):
            raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject")
        return known(s3, bucket, key, version_id)

    monkeypatch.setattr(s3_objects, "current_version", refusing)
    dead_letters(event_of(world, "1", "refused.csv"))
    dead_letters(event_of(world, world.land()))
    dead_letters(json.dumps({"Event": "s3:TestEvent"}))

    assert [each for each in world.found(LATER) if each[0] == DEAD_LETTER] == [(DEAD_LETTER, "registered as New")] * 2
    assert [status for status, _ in world.files()] == ["New", "New"]


def test_dead_letters_about_no_file_are_removed_without_an_alert(
    world: World, dead_letters: Callable[[str], None]
) -> None:
    dead_letters(json.dumps({"Event": "s3:TestEvent"}))

    assert world.found() == []
    assert world.sent == []
    assert world.reconcile(always=False) is None


def test_dead_letter_of_a_file_that_is_registered_meanwhile_changes_nothing(
    world: World, dead_letters: Callable[[str], None]
) -> None:
    version = world.land()
    world.reconcile()
    dead_letters(event_of(world, version))

    assert (DEAD_LETTER, "registered before, New") in world.found(LATER)
    assert len(world.files()) == 1


def test_queue_that_cannot_be_read_stops_nothing_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEPORT_DEAD_LETTER_QUEUE", "http://127.0.0.1/000000000000/nowhere")
    world.land()

    found = world.found()

    assert found[0][0] == NOT_CHECKED
    assert (NOT_REGISTERED, "registered as New") in found


def test_queue_that_cannot_be_read_is_reported_although_nothing_else_has_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.found() == []
    monkeypatch.setenv("LAKEPORT_DEAD_LETTER_QUEUE", "http://127.0.0.1/000000000000/nowhere")

    reconciliation = world.reconcile(always=False)

    assert reconciliation
    assert [(each.problem, each.subject) for each in reconciliation.unfixed] == [(NOT_CHECKED, "dead letters")]
