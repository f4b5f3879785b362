"""What a deployment reports about the address of the alarms."""

from __future__ import annotations

import boto3

from infra.deploy.aws import Aws
from infra.deploy.running import checking
from lakeport.probing.answers import Verdict

ADDRESS = "alarms@example.com"


def test_subscription_of_the_alarms_is_looked_up(aws: Aws) -> None:
    sns = boto3.client("sns", "us-east-1")
    topic = sns.create_topic(Name="lake-alarms")["TopicArn"]
    none = checking.subscription_answer(aws, topic, ADDRESS)
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=ADDRESS)
    confirmed = checking.subscription_answer(aws, topic, ADDRESS)
    denied = checking.subscription_answer(aws, f"{topic}-of-others", ADDRESS)

    assert (none.answered, none.verdict) == ("no subscription", Verdict.WARNING)
    assert f"--topic-arn {topic} --protocol email --notification-endpoint {ADDRESS}" in none.meaning
    assert (confirmed.answered, confirmed.verdict) == ("confirmed", Verdict.EXPECTED)
    assert denied.verdict is Verdict.NOT_ASKED


def test_subscription_that_is_not_confirmed_is_a_warning() -> None:
    """SNS lists it without an ARN (SNS API, ListSubscriptionsByTopic)."""
    found = checking._find_subscription(
        "topic", ADDRESS, [{"SubscriptionArn": "PendingConfirmation", "Endpoint": ADDRESS}]
    )

    assert (found.answered, found.verdict) == ("not confirmed", Verdict.WARNING)
    assert ADDRESS in found.meaning
