"""Reconcile with a real Airflow: lost events, lost runs, killed tasks without a callback."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from local import airflow_api
from local.aws import names
from tests.support.running_lakeport import Lakeport, killed
from tests.support.stopped_copy import stopped_copy
from tests.support.waiting import until

STARTED = "reconcile__"


@contextmanager
def without_events(lakeport: Lakeport) -> Iterator[None]:
    """Let no event of the landing bucket reach the queue."""
    s3 = lakeport.client("s3")
    kept = s3.get_bucket_notification_configuration(Bucket=names.LANDING_BUCKET)["QueueConfigurations"]
    s3.put_bucket_notification_configuration(Bucket=names.LANDING_BUCKET, NotificationConfiguration={})
    try:
        yield
    finally:
        s3.put_bucket_notification_configuration(
            Bucket=names.LANDING_BUCKET, NotificationConfiguration={"QueueConfigurations": kept}
        )


def reconcile(lakeport: Lakeport) -> list[dict[str, Any]]:
    """Reconcile now and return the findings."""
    findings: list[dict[str, Any]] = json.loads(lakeport.command("reconcile", "--grace", "0", "--json"))
    return findings


def test_file_whose_event_was_lost_is_loaded(lakeport: Lakeport) -> None:
    with without_events(lakeport):
        version = lakeport.drop("airlines.csv", "airlines/airlines_lost.csv")
    assert lakeport.file(version) == {}
    until(lambda: not lakeport.live_runs("load_airlines"))  # one that is about to end would be left to take the file
    findings = reconcile(lakeport)
    found = [each["done"] for each in findings if each["subject"] == "airlines/airlines_lost.csv"]
    assert (found[0], found[1][:20]) == ("registered as New", "started run arrival_"), findings
    assert lakeport.wait_for(version, "Done", "Fail")["status"] == "Done"


def test_file_of_a_killed_run_whose_callback_was_lost_fails_and_alerts_once(lakeport: Lakeport) -> None:
    """The whole scheduler with its workers and the dag-processor are killed in the middle of COPY."""
    with ExitStack() as stopped:
        version, copy = stopped.enter_context(stopped_copy(lakeport, "flights_run_killed"))
        copy.task()
        stopped.enter_context(killed(lakeport, "airflow-scheduler", "airflow-dag-processor"))
        copy.let_go()
        file = lakeport.file(version)
        assert (file["status"], file["loaded_at"]) == ("In Progress", None)
        path = f"/dags/load_flights/dagRuns/{file['run_id']}"
        airflow_api.call(lakeport.config, path, {"state": "failed"}, "PATCH")
        findings = reconcile(lakeport)
        assert [each["done"] for each in findings if each["type"] == "flights"] == ["Fail, alert recorded"], findings
        assert "killed" in lakeport.file(version)["status_reason"]
    until(lambda: [m for m in lakeport.mails() if file["run_id"] in m.get_body().get_content()])
    reconcile(lakeport)
    lakeport.command("replay", file["file_id"][:12], "--yes")
    assert lakeport.wait_for(version, "Done", "Fail")["status"] == "Done"
    assert len([m for m in lakeport.slack_messages() if file["run_id"] in json.dumps(m)]) == 1


def test_dag_reconcile_succeeds_without_an_alert(lakeport: Lakeport) -> None:
    run_id = f"{STARTED}{uuid.uuid4().hex}"
    airflow_api.call(lakeport.config, "/dags/reconcile/dagRuns", {"dag_run_id": run_id, "logical_date": None})
    path = f"/dags/reconcile/dagRuns/{run_id}"
    run = until(lambda: (r := lakeport.airflow(path))["state"] in ("success", "failed") and r, lambda: run_id)
    assert run["state"] == "success"
