"""The local AWS does what Lakeport relies on AWS to do: versions, events, redrive, secrets."""

import json
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from local.aws import names, resources
from local.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


@pytest.fixture(scope="module")
def s3(aws: Config) -> "Iterator[S3Client]":
    client = resources.session().client("s3", endpoint_url=aws.aws_endpoint)
    yield client
    client.close()


@pytest.fixture(scope="module")
def sqs(aws: Config) -> "Iterator[SQSClient]":
    client = resources.session().client("sqs", endpoint_url=aws.aws_endpoint)
    yield client
    client.close()


@pytest.fixture
def bucket_with_queue(s3: "S3Client", sqs: "SQSClient") -> tuple[str, str]:
    """A bucket whose arrivals only the test takes from the queue."""
    name = f"test-{uuid.uuid4()}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket=name,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": resources.queue_arn(sqs, name), "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    return name, url


def bodies(sqs: "SQSClient", url: str, count: int) -> list[dict[str, Any]]:
    """Take that many messages, waiting for them a few seconds."""
    found: list[dict[str, Any]] = []
    for _ in range(10):
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        if len(found) >= count:
            break
    return found


def test_object_put_becomes_an_event_in_the_queue(
    s3: "S3Client", sqs: "SQSClient", bucket_with_queue: tuple[str, str]
) -> None:
    """The event carries what a file's identity is made of: bucket, key, version, ETag, size, sequencer."""
    bucket, url = bucket_with_queue
    version = s3.put_object(Bucket=bucket, Key="flüge/a b+c.csv", Body=b"1,2")["VersionId"]
    test_event, event = bodies(sqs, url, 2)

    assert test_event["Event"] == "s3:TestEvent"
    (record,) = event["Records"]
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["bucket"]["name"] == bucket
    assert record["s3"]["object"]["key"] == "fl%C3%BCge/a+b%2Bc.csv"
    assert record["s3"]["object"]["versionId"] == version
    assert record["s3"]["object"]["size"] == 3
    assert {"eTag", "sequencer"} <= set(record["s3"]["object"])


@pytest.mark.parametrize("bucket", names.LANDING_BUCKETS)
def test_arrivals_go_to_the_queue_and_failures_to_the_dead_letters(
    s3: "S3Client", sqs: "SQSClient", bucket: str
) -> None:
    """A message that fails five times is kept for two weeks, not lost."""
    configuration = s3.get_bucket_notification_configuration(Bucket=bucket)
    url = resources.queue_url(sqs, names.ARRIVALS_QUEUE)
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    redrive = json.loads(attributes["RedrivePolicy"])

    assert [each["QueueArn"] for each in configuration["QueueConfigurations"]] == [attributes["QueueArn"]]
    assert redrive["deadLetterTargetArn"] == resources.queue_arn(sqs, names.DEAD_LETTER_QUEUE)
    assert int(redrive["maxReceiveCount"]) == 5
    assert int(attributes["VisibilityTimeout"]) >= 6 * resources.FUNCTION_TIMEOUT_SECONDS


@pytest.mark.parametrize("bucket", names.BUCKETS)
def test_every_bucket_keeps_versions(s3: "S3Client", bucket: str) -> None:
    """A file overwritten while it is being loaded must still be there."""
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"


def test_creating_again_changes_nothing(aws: Config, s3: "S3Client") -> None:
    """`up` may be repeated: objects stay, and no second notification is configured."""
    s3.put_object(Bucket=names.WORK_BUCKET, Key="kept", Body=b"x")
    before = s3.get_bucket_notification_configuration(Bucket=names.LANDING_BUCKET)["QueueConfigurations"]
    resources.create(aws)

    assert s3.get_object(Bucket=names.WORK_BUCKET, Key="kept")["Body"].read() == b"x"
    assert s3.get_bucket_notification_configuration(Bucket=names.LANDING_BUCKET)["QueueConfigurations"] == before


def test_secret_follows_a_changed_port(aws: Config) -> None:
    """A secret made for another port is brought up to date by `up`."""
    client = resources.session().client("secretsmanager", endpoint_url=aws.aws_endpoint)
    client.put_secret_value(SecretId=names.REDSHIFT_SECRET, SecretString='{"port": 1}')
    resources.create(aws)
    secret = json.loads(client.get_secret_value(SecretId=names.REDSHIFT_SECRET)["SecretString"])
    client.close()

    assert secret["port"] == aws.ports.redshift
