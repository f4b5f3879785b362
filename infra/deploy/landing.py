"""The notification of an existing landing bucket: a stack cannot change a bucket that it did not create."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.deploy.aws import Aws

_EVENTS = ["s3:ObjectCreated:*"]


def is_current(aws: Aws, stack: Mapping[str, str]) -> bool:
    """Return whether the bucket sends events for new objects to the arrivals queue."""
    queues = _configuration(aws, stack["LandingBucketName"]).get("QueueConfigurations", [])
    return (stack["ArrivalsQueueArn"], _EVENTS) in [(each["QueueArn"], each["Events"]) for each in queues]


def apply(aws: Aws, stack: Mapping[str, str]) -> None:
    """Add our notification to those of the bucket; S3 accepts only all of them at once."""
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
