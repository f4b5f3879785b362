"""The Lambda's answers to SQS and to S3, as far as they need no database."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lakeport import settings
from lakeport.arrivals.rules import ArrivalIndex
from lakeport.errors import NotPublished
from lakeport.probing.answers import Answer, Verdict
from lakeport.probing.function_probe import CHECK_EVENT
from lakeport.probing.reaching import CONNECTION, DAG_RUNS
from lakeport.secrets_manager import read_secret
from tests.support.golden import raises_golden

Handle = Callable[[dict[str, Any], object], dict[str, Any]]
TEST_EVENT = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Iterator[Handle]:
    """The handler beside a code bucket with an empty index; there is no Redshift and no secret to reach one."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "LAKEPORT_CODE_BUCKET": "code",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    path = Path(__file__).parents[3] / "lambda/register_files/handler.py"
    spec = importlib.util.spec_from_file_location("handler", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="code")
        s3.put_object(Bucket="code", Key=settings.INDEX_KEY, Body=ArrivalIndex(()).to_json().encode())
        spec.loader.exec_module(module)
        yield module.handle


def sqs(**bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": m, "body": b, "eventSource": "aws:sqs"} for m, b in bodies.items()]}


def test_test_events_are_accepted(handle: Handle) -> None:
    assert handle(sqs(a=TEST_EVENT, b=TEST_EVENT), None) == {"batchItemFailures": []}


def test_message_that_cannot_be_read_is_the_only_one_delivered_again(handle: Handle) -> None:
    assert handle(sqs(a=TEST_EVENT, b="broken"), None) == {"batchItemFailures": [{"itemIdentifier": "b"}]}


def test_direct_test_event_is_accepted(handle: Handle) -> None:
    assert handle(json.loads(TEST_EVENT), None) == {"batchItemFailures": []}


@pytest.mark.parametrize("event", [{}, {"Records": None}, {"Records": [{"eventName": "ObjectCreated:Put"}]}])
def test_direct_event_that_cannot_be_read_is_an_error(handle: Handle, event: dict[str, Any]) -> None:
    """The service then delivers it again, and finally moves it to the dead-letter queue."""
    with raises_golden(ValueError, "arrivals", "direct event"):
        handle(event, None)


def test_test_event_needs_no_published_schemas(handle: Handle) -> None:
    """S3 sends it as soon as the bucket exists, half an hour before the first deployment publishes the index."""
    boto3.client("s3").delete_object(Bucket="code", Key=settings.INDEX_KEY)

    assert handle(sqs(a=TEST_EVENT), None) == {"batchItemFailures": []}
    assert handle({"Records": []}, None) == {"batchItemFailures": []}


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_arrival_before_the_first_publication_is_reported_as_such(
    handle: Handle, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """S3 answers AccessDenied instead of NoSuchKey to a role without s3:ListBucket."""

    def denied(**_: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": code}}, "GetObject")

    if code == "NoSuchKey":
        boto3.client("s3").delete_object(Bucket="code", Key=settings.INDEX_KEY)
    else:
        client = handle.__globals__["_s3"]()
        monkeypatch.setattr(client, "get_object", denied)
    item = {"s3": {"bucket": {"name": "b"}, "object": {"key": "k", "size": 1, "eTag": "0" * 32, "sequencer": "01"}}}
    record = {"eventName": "ObjectCreated:Put", "eventTime": "2026-01-01T00:00:00Z", **item}

    with raises_golden(NotPublished, "arrivals", f"index of schemas: {code}", settings.INDEX_KEY):
        handle(sqs(a=json.dumps({"Records": [record]})), None)


def test_check_is_answered_although_nothing_can_be_reached(handle: Handle) -> None:
    """Each failure is an answer: one does not hide the others, and the function itself does not fail."""
    read_secret.cache_clear()
    answers = [Answer.from_json(each) for each in handle(dict(CHECK_EVENT), None)["answers"]]
    assert [each.verdict for each in answers] == [Verdict.EXPECTED, *[Verdict.FAILED] * 3]
    assert [each.question for each in answers][1:] == [
        f"Function: {CONNECTION.title}",
        "Function: a registration, rolled back",
        f"Function: {DAG_RUNS.title}",
    ]
