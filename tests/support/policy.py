"""The policies for people in docs/security.md, and the actions that calls and steps of the runbook need."""

from __future__ import annotations

import json
import re

from local.config import REPOSITORY

OPERATOR, CHECK = "What an operator needs", "What the check needs"
"""The headings of the policies."""
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
_S3_WRITES = {"PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}
BEHIND_OTHERS = {"kms:Decrypt", "kms:GenerateDataKey", "redshift-serverless:GetCredentials", "s3:AbortMultipartUpload"}
"""Actions that AWS checks while it carries out a call with another name, or that only large files need."""


def allowed(heading: str = OPERATOR) -> set[str]:
    """Return the actions that the policy under a heading allows."""
    pattern = re.compile(rf"## {heading}\n.*?```json\n(.*?)```", re.DOTALL)
    text = pattern.search((REPOSITORY / "docs" / "security.md").read_text())
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
    if service == "lambda" and operation.endswith("/invocations"):
        return "lambda:InvokeFunction"
    if service != "s3":
        return f"{service}:{operation}"
    method, _, key = operation.partition(" ")
    is_bucket = key.endswith("-us-east-1") or "/" not in key
    if method in _S3_WRITES:
        return _S3_WRITES[method]
    return "s3:ListBucket" if is_bucket else "s3:GetObject"
