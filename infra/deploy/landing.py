"""The notification of a landing bucket that exists already: a stack cannot change a bucket it did not make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.deploy.aws import Aws

_EVENTS = ["s3:ObjectCreated:*"]


def is_current(aws: Aws, stack: Mapping[str, str]) -> bool:
    """Say whether new objects of the bucket are told to the arrivals queue."""
    queues = _configuration(aws, stack["LandingBucketName"]).get("QueueConfigurations", [])
    return (stack["ArrivalsQueueArn"], _EVENTS) in [(each["QueueArn"], each["Events"]) for each in queues]


def apply(aws: Aws, stack: Mapping[str, str]) -> None:
    """Add our notification to those the bucket has; S3 takes only all of them at once."""
    if is_current(aws, stack):
        return
    configuration = _configuration(aws, stack["LandingBucketName"])
    others = [
        each for each in configuration.get("QueueConfigurations", []) if each["QueueArn"] != stack["ArrivalsQueueArn"]
    ]
    configuration["QueueConfigurations"] = [*others, {"QueueArn": stack["ArrivalsQueueArn"], "Events": _EVENTS}]
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=stack["LandingBucketName"], NotificationConfiguration=configuration
    )


def _configuration(aws: Aws, bucket: str) -> dict[str, Any]:
    found = aws.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    return {key: value for key, value in found.items() if key != "ResponseMetadata"}
