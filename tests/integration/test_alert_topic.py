"""If no webhook can be reached, alerts reach Slack through an SNS topic."""

from __future__ import annotations

import json
import uuid

import boto3
import pytest

from lakeport.airflow.channels import send
from lakeport.alerts.alert import RejectedRow
from lakeport.alerts.loaded_messages import LoadedFile, LoadedRun
from lakeport.schema.alerts import Alerts
from local.config import Config

RUN = LoadedRun(
    dag_id="load_trips",
    run_id="arrival__1",
    file_type="trips",
    table_name="lake.trips",
    limit=None,
    files=[LoadedFile("f1", "trips/<b>.csv", 99, 4, 2)],
    rejected=[RejectedRow(3, "id", "two", "Invalid digit")] * 200,
)


def test_alert_is_published_to_the_topic_for_slack_and_for_mail(
    product_environment: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack shows custom notifications only; without a mail server, e-mail subscribers get text by their address."""
    sns, sqs, name = boto3.client("sns"), boto3.client("sqs"), f"alerts-{uuid.uuid4().hex[:8]}"
    topic, queue = sns.create_topic(Name=name)["TopicArn"], sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    monkeypatch.setenv("LAKEPORT_ALERT_TOPIC", topic)
    send(RUN, Alerts.model_validate({"slack": "#trips"}))
    send(RUN, Alerts.model_validate({}))
    send(RUN, Alerts(email=("a@example.com", "b@example.com")))
    messages = sqs.receive_message(
        QueueUrl=queue, WaitTimeSeconds=5, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )["Messages"]

    assert len(messages) == 2
    messages.sort(key=lambda each: each["MessageAttributes"]["channel"]["StringValue"], reverse=True)
    by_mail = {name: each["StringValue"] for name, each in messages[1]["MessageAttributes"].items()}
    assert by_mail == {"kind": "rejected rows", "channel": "email", "email": '["a@example.com", "b@example.com"]'}
    assert messages[1]["Body"].startswith("trips: trips/<b>.csv loaded with 2 rejected rows\n")
    notification = json.loads(messages[0]["Body"])
    assert (notification["version"], notification["source"]) == ("1.0", "custom")
    assert notification["content"]["title"] == "🟡 trips: trips/&lt;b&gt;.csv loaded with 2 rejected rows"
    assert "Table: lake.trips (" in notification["content"]["description"]
    assert len(notification["content"]["description"]) == 3000


def test_missing_topic_counts_as_not_sent(product_environment: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEPORT_ALERT_TOPIC", "arn:aws:sns:us-east-1:000000000000:nowhere")
    with pytest.raises(Exception, match="NotFound"):
        send(RUN, Alerts.model_validate({"slack": "#trips"}))
