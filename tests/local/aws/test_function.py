"""A function deployed from its zip is run by the queue, with its own packages and settings."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.aws import function, names, resources
from local.config import Config

HANDLER = """
import json, os, sys
import boto3, psycopg2

def handle(event, context):
    report = {
        "bodies": [record["body"] for record in event["Records"]],
        "psycopg2": psycopg2.__file__,
        "task_root": os.environ["LAMBDA_TASK_ROOT"],
        "secret": os.environ["LAKEPORT_REDSHIFT_SECRET"],
        "foreign": [name for name in sys.modules if name.split(".")[0] in ("local", "infra")],
        "milliseconds_left": context.get_remaining_time_in_millis(),
    }
    key = "reports/" + context.aws_request_id
    boto3.client("s3").put_object(Bucket=os.environ["LAKEPORT_CODE_BUCKET"], Key=key, Body=json.dumps(report))
    bad = [record["messageId"] for record in event["Records"] if "bad" in record["body"]]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in bad]}
"""


@pytest.fixture(scope="module")
def clients(aws: Config) -> Iterator[dict[str, Any]]:
    session = resources.session()
    made = {name: session.client(name, endpoint_url=aws.aws_endpoint) for name in ("s3", "sqs", "lambda")}
    yield made
    for client in made.values():
        client.close()


@pytest.fixture(scope="module")
def deployed(aws: Config, clients: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A separate function, deployed as Lakeport's is, with its own queue; yields the queue's URL."""
    name = f"test-{uuid.uuid4()}"
    handler = tmp_path_factory.mktemp("handler") / "handler.py"
    handler.write_text(HANDLER)
    # Longer than an invocation takes on a busy machine: otherwise the queue rightly delivers good messages again.
    visibility = {"VisibilityTimeout": "20"}
    url = clients["sqs"].create_queue(QueueName=name, Attributes=visibility)["QueueUrl"]
    function.deploy(aws, name, queue=name, handler=handler)
    yield url
    for mapping in clients["lambda"].list_event_source_mappings(FunctionName=name)["EventSourceMappings"]:
        clients["lambda"].delete_event_source_mapping(UUID=mapping["UUID"])
    clients["lambda"].delete_function(FunctionName=name)


def eventually(look: Callable[[], Any], seconds: float = 90) -> Any:
    """Return what `look` finds as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing within the time"
        time.sleep(0.5)
    return found


def reports(s3: Any, word: str) -> list[dict[str, Any]]:
    listed = s3.list_objects_v2(Bucket=names.CODE_BUCKET, Prefix="reports/").get("Contents", [])
    read = [json.loads(s3.get_object(Bucket=names.CODE_BUCKET, Key=each["Key"])["Body"].read()) for each in listed]
    return [report for report in read if any(word in body for body in report["bodies"])]


def test_message_runs_the_function_with_its_own_packages(clients: dict[str, Any], deployed: str) -> None:
    """The zip's psycopg2 is used, the settings arrive, and nothing of this repository is within reach."""
    word = str(uuid.uuid4())
    clients["sqs"].send_message(QueueUrl=deployed, MessageBody=word)
    (report,) = eventually(lambda: reports(clients["s3"], word))

    assert report["psycopg2"].startswith(report["task_root"])
    assert report["secret"] == names.REDSHIFT_SECRET
    assert report["foreign"] == []
    assert 0 < report["milliseconds_left"] <= 1000 * resources.FUNCTION_TIMEOUT_SECONDS


def test_only_the_failed_message_is_delivered_again(clients: dict[str, Any], deployed: str) -> None:
    """A partial batch response: the good message is done, the bad one is delivered once more."""
    good, bad = f"good {uuid.uuid4()}", f"bad {uuid.uuid4()}"
    for body in (good, bad):
        clients["sqs"].send_message(QueueUrl=deployed, MessageBody=body)
    eventually(lambda: len(reports(clients["s3"], bad)) > 1)

    assert len(reports(clients["s3"], good)) == 1


def test_messages_are_collected_beyond_ten_while_the_window_lasts(clients: dict[str, Any], deployed: str) -> None:
    """As SQS does for a mapping with a batching window; the server itself has neither."""
    word, queue = str(uuid.uuid4()), deployed.rpartition("/")[2]
    (mapping,) = clients["lambda"].list_event_source_mappings(FunctionName=queue)["EventSourceMappings"]
    clients["lambda"].update_event_source_mapping(UUID=mapping["UUID"], MaximumBatchingWindowInSeconds=2)
    for first in (0, 6):
        entries = [{"Id": str(number), "MessageBody": f"{word} {number}"} for number in range(first, first + 6)]
        clients["sqs"].send_message_batch(QueueUrl=deployed, Entries=entries)
    (report,) = eventually(lambda: reports(clients["s3"], word))

    assert len(report["bodies"]) == 12


def test_deploying_the_same_again_changes_nothing(aws: Config, clients: dict[str, Any], tmp_path: Path) -> None:
    """`up` does not restart an unchanged function, and deploys changed code."""
    name = f"test-{uuid.uuid4()}"
    handler = tmp_path / "handler.py"
    seen = []
    for code in (HANDLER, HANDLER, HANDLER + "# changed\n"):
        handler.write_text(code)
        function.deploy(aws, name, queue=names.DEAD_LETTER_QUEUE, handler=handler)
        configuration = clients["lambda"].get_function_configuration(FunctionName=name)
        seen.append((configuration["RevisionId"], configuration["CodeSha256"]))
    mappings = clients["lambda"].list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    clients["lambda"].delete_event_source_mapping(UUID=mappings[0]["UUID"])
    clients["lambda"].delete_function(FunctionName=name)

    assert seen[0] == seen[1]
    assert seen[1][1] != seen[2][1]
    assert [(each["BatchSize"], each["FunctionResponseTypes"]) for each in mappings] == [
        (function.BATCH_SIZE, ["ReportBatchItemFailures"])
    ]
