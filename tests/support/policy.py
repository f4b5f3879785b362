"""The policy of an operator in docs/security.md, and the actions that calls and steps of the runbook need."""

from __future__ import annotations

import json
import re

from local.config import REPOSITORY

_POLICY = re.compile(r"## What an operator needs.*?```json\n(.*?)```", re.DOTALL)
BY_HAND = {
    "Start DLQ redrive": {
        *("sqs:ListQueues", "sqs:GetQueueAttributes", "sqs:StartMessageMoveTask", "sqs:ListMessageMoveTasks"),
        *("sqs:CancelMessageMoveTask", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:SendMessage"),
    },
    "log group": {
        *("logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:GetLogEvents", "logs:FilterLogEvents"),
    },
    "## Alarms": {"cloudwatch:DescribeAlarms"},
}
"""What the runbook tells people to do in AWS's console, by its words, and the actions that it needs."""
BEHIND_OTHERS = {"kms:Decrypt", "kms:GenerateDataKey", "redshift-serverless:GetCredentials", "s3:AbortMultipartUpload"}
"""Actions that AWS checks while it carries out a call with another name, or that only large files need."""


def allowed() -> set[str]:
    """Return the actions that the policy allows."""
    text = _POLICY.search((REPOSITORY / "docs" / "security.md").read_text())
    assert text
    return {action for each in json.loads(text[1])["Statement"] for action in each["Action"]}


def action_of(service: str, operation: str) -> str | None:
    """Return the action that a call needs, None if every identity may make it; of S3's, `operation` is method and key.

    The name of a bucket stands for its key if the call is about the bucket.
    """
    if service == "sts":
        return None
    if service == "airflow":
        return "airflow:InvokeRestApi"
    if service != "s3":
        return f"{service}:{operation}"
    method, _, key = operation.partition(" ")
    is_bucket = key.endswith("-us-east-1") or "/" not in key
    return "s3:PutObject" if method == "PUT" else "s3:ListBucket" if is_bucket else "s3:GetObject"
