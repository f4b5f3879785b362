"""A file's whole way through the real parts: S3, SQS, the Lambda, Airflow, the Redshift stand-in, the sinks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psutil

from local.aws import names, resources
from tests.support.running_lakeport import Lakeport, kill
from tests.support.stopped_copy import ROWS, stopped_copy
from tests.support.waiting import until

if TYPE_CHECKING:
    from tests.end_to_end.conftest import LoadedDemo

STEPS = ["wait_for_files", "filter_newest", "mark_in_progress", "create_table", "copy_to_table", "archive_files"]
STEPS += ["mark_done"]


def test_a_good_file_is_done_and_archived(lakeport: Lakeport, loaded_demo: LoadedDemo) -> None:
    version = loaded_demo.version("airlines/airlines.csv")
    file = lakeport.file(version)
    assert (file["status"], file["rows_in_file"], file["rows_loaded"], file["rows_rejected"]) == ("Done", 16, 16, 0)
    assert loaded_demo.airlines == 16
    run = until(lambda: (r := run_of(lakeport, "load_airlines", file["run_id"]))["state"] == "success" and r)
    tasks = lakeport.airflow(f"/dags/load_airlines/dagRuns/{run['dag_run_id']}/taskInstances")["task_instances"]
    assert {task["task_id"]: task["state"] for task in tasks} == dict.fromkeys(STEPS, "success")
    archived = lakeport.client("s3").get_object(Bucket=file["archive_bucket"], Key=file["archive_key"])
    assert b"Hawaiian Airlines" in archived["Body"].read()
    assert version not in landed_versions(lakeport, "airlines/airlines.csv")


def test_a_damaged_file_fails_with_its_rejected_rows_and_one_alert(lakeport: Lakeport, loaded_demo: LoadedDemo) -> None:
    version = loaded_demo.version("weather/weather_2013_damaged.csv.gz")
    file = lakeport.file(version)
    assert (file["status"], file["rows_loaded"], file["rows_rejected"]) == ("Fail", 0, 5)
    assert "5 of 200 rows were rejected" in file["status_reason"]
    rejected = lakeport.query(
        "SELECT line_number, column_name, raw_value, raw_line FROM mng.load_errors WHERE file_id = %s ORDER BY 1",
        (file["file_id"],),
    )
    assert [(row[0], row[1], row[2]) for row in rejected[:3]] == [
        (20, "time_hour", "2013-01-01T25:00:00Z"),
        (59, "wind_dir", "VRB"),
        (104, "origin", "KEWR"),
    ]
    assert [row[0] for row in rejected] == [20, 59, 104, 152, 176]
    assert all(row[3].count(",") >= 13 for row in rejected)
    assert version in landed_versions(lakeport, "weather/weather_2013_damaged.csv.gz")
    check_alerts(lakeport, file["run_id"])
    path = f"/dags/load_weather/dagRuns/{file['run_id']}/taskInstances/copy_to_table"
    assert lakeport.airflow(path)["try_number"] == 1  # bad rows stay bad: no retry


def check_alerts(lakeport: Lakeport, run_id: str) -> None:
    facts = ["weather/weather_2013_damaged.csv.gz", "copy_to_table", "5 of 200 rows", "time_hour", "VRB"]
    facts += [f"{lakeport.config.airflow_url}/dags/load_weather/runs/{run_id}", "./lakeport replay", "action=replay"]
    (sent,) = until(lambda: [m for m in lakeport.slack_messages() if run_id in json.dumps(m)])
    (mail,) = until(lambda: [m for m in lakeport.mails() if run_id in m.get_body().get_content()])
    for fact in facts:
        assert fact in json.dumps(sent)
        for part in ("html", "plain"):
            assert fact in mail.get_body((part,)).get_content()
    assert mail["To"] == "flight-data@example.com"


def test_a_load_with_rejected_rows_is_done_and_alerted_once(lakeport: Lakeport, loaded_demo: LoadedDemo) -> None:
    file = lakeport.file(loaded_demo.version("airports/airports_damaged.csv"))
    assert file["status"] == "Done"
    assert file["rows_rejected"] > 0
    (sent,) = until(lambda: [m for m in lakeport.slack_messages() if file["run_id"] in json.dumps(m)])
    (mail,) = until(lambda: [m for m in lakeport.mails() if file["run_id"] in m.get_body().get_content()])
    for message in (sent["text"], mail["Subject"]):
        assert f"airports_damaged.csv loaded with {file['rows_rejected']} rejected rows" in message


def test_an_unmatched_file_is_rejected_and_starts_no_run(lakeport: Lakeport) -> None:
    version = lakeport.drop("rejected/crew_roster.csv", "crew/crew_roster.csv")
    file = lakeport.wait_for(version, "Rejected", "New")
    assert (file["status"], file["file_type"], file["run_id"]) == ("Rejected", None, None)
    assert "folder crew/; known folders: airlines/" in file["status_reason"]


def test_an_event_delivered_twice_registers_and_loads_nothing_more(lakeport: Lakeport, loaded_demo: LoadedDemo) -> None:
    version = loaded_demo.version("airports/airports.csv")
    file = lakeport.file(version)
    assert file["status"] == "Done"
    rows = lakeport.rows("lake.airports")
    sqs = lakeport.client("sqs")
    thing = {"key": file["key"], "size": 1, "eTag": "e", "versionId": version, "sequencer": "0"}
    record: dict[str, object] = {"eventName": "ObjectCreated:Put", "eventTime": "2026-11-22T10:00:00.000Z"}
    record |= {"s3": {"bucket": {"name": names.LANDING_BUCKET}, "object": thing}}
    url = resources.queue_url(sqs, names.ARRIVALS_QUEUE)
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"Records": [record]}))
    later = lakeport.drop("rejected/crew_roster.csv", "crew/later.csv")  # after it in the queue
    lakeport.wait_for(later, "Rejected")
    until(lambda: queue_is_empty(lakeport))
    assert lakeport.file(version) == file
    assert lakeport.rows("lake.airports") == rows


def test_the_same_name_again_is_a_new_version_and_loads_again(lakeport: Lakeport, loaded_demo: LoadedDemo) -> None:
    first = loaded_demo.version("planes/planes.jsonl")
    counts = [lakeport.rows("lake.planes")]
    second = lakeport.drop("planes.jsonl", "planes/planes.jsonl")
    assert lakeport.wait_for(second, "Done", "Fail")["rows_loaded"] == lakeport.file(first)["rows_loaded"] == 3322
    counts.append(lakeport.rows("lake.planes"))
    assert counts == [3322, 3322]  # the second takes the place of the first, key by key


def test_a_worker_killed_in_the_middle_of_copy_loads_exactly_once(lakeport: Lakeport) -> None:
    with stopped_copy(lakeport, "flights_worker_killed") as (version, copy):
        before = lakeport.rows("lake.flights")
        task = copy.task()
        kill(task.parent(), task)
    file = lakeport.wait_for(version, "Done", "Fail")
    assert (file["status"], file["rows_loaded"]) == ("Done", ROWS)
    assert lakeport.rows("lake.flights") == before + ROWS
    path = f"/dags/load_flights/dagRuns/{file['run_id']}/taskInstances/copy_to_table"
    assert lakeport.airflow(path)["try_number"] == 2


def test_a_task_killed_at_every_try_fails_the_file_alerts_once_and_can_be_replayed(lakeport: Lakeport) -> None:
    """If the last attempt is killed, the task has no callback, so the callback of the DAG run must alert."""
    with stopped_copy(lakeport, "flights_task_killed") as (version, copy):
        before = lakeport.rows("lake.flights")
        for _ in range(3):
            task = copy.task()
            kill(task)
            psutil.wait_procs([task])
            copy.let_go()
    file = lakeport.wait_for(version, "Done", "Fail")
    assert (file["status"], file["loaded_at"]) == ("Fail", None)
    assert "killed" in file["status_reason"]
    until(lambda: [m for m in lakeport.mails() if file["run_id"] in m.get_body().get_content()])
    assert lakeport.rows("lake.flights") == before
    lakeport.command("replay", file["file_id"][:12], "--yes")
    assert lakeport.wait_for(version, "Done")["rows_loaded"] == ROWS
    assert lakeport.rows("lake.flights") == before + ROWS
    assert len([m for m in lakeport.slack_messages() if file["run_id"] in json.dumps(m)]) == 1


def run_of(lakeport: Lakeport, dag_id: str, run_id: str) -> dict[str, str]:
    run: dict[str, str] = lakeport.airflow(f"/dags/{dag_id}/dagRuns/{run_id}")
    return run


def landed_versions(lakeport: Lakeport, key: str) -> set[str]:
    answer = lakeport.client("s3").list_object_versions(Bucket=names.LANDING_BUCKET, Prefix=key)
    return {version["VersionId"] for version in answer.get("Versions", [])}


def queue_is_empty(lakeport: Lakeport) -> bool:
    sqs = lakeport.client("sqs")
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = resources.queue_url(sqs, names.ARRIVALS_QUEUE)
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
    return all(answer[count] == "0" for count in counts)
