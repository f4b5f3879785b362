"""Wait until AWS has finished with a stack, report its events meanwhile, and explain a failure."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws
from infra.deploy.stacks.state import GONE, described

WITHIN_SECONDS = 13 * 3600  # half an hour; but an update of MWAA lets running tasks finish for up to 12 hours


# What a reason of CloudFormation mentions, and what to do then.
_REMEDIES = (
    (r"\bRPUs?\b|base ?capacity", "Not every region offers 4 RPU: set RedshiftBaseRpu: 8 in the deployment's YAML."),
    (
        r"availability zone|\bAZs?\b",
        "Set ZoneA and ZoneB (and ZoneC for enhanced VPC routing) to other zones in the deployment's YAML.",
    ),
)


def settled(aws: Aws, name: str, seen: set[str] | None = None, before: str = "") -> dict[str, Any] | None:
    """Return the stack once AWS has finished with it; reports its new events meanwhile.

    `before` is a status that AWS may still report although it has accepted the change.
    """
    found: list[dict[str, Any] | None] = []

    def look() -> bool:
        nonlocal seen
        current = described(aws, name)
        status = current["StackStatus"] if current else ""
        found[:] = [None if status in GONE else current]
        is_changing = status.endswith("_IN_PROGRESS") and status not in GONE
        is_settled = not status or not (is_changing or status == before)
        if not is_settled:
            aws.stacks.clear()  # meanwhile another person's command may change other stacks
        if seen is not None:
            _show_events(aws, name, seen)
        elif not is_settled:
            seen = event_ids(aws, name)
        return is_settled

    aws.until(look, f"stack {name}", WITHIN_SECONDS)
    return found[0]


def _events(aws: Aws, name: str) -> list[dict[str, Any]]:
    try:
        answer = aws.client("cloudformation").describe_stack_events(StackName=name)
    except ClientError:
        return []
    return list(answer["StackEvents"])


def event_ids(aws: Aws, name: str) -> set[str]:
    return {each["EventId"] for each in _events(aws, name)}


def _show_events(aws: Aws, name: str, seen: set[str]) -> None:
    for event in reversed(_events(aws, name)):
        if event["EventId"] not in seen:
            seen.add(event["EventId"])
            if not event["ResourceStatus"].endswith("_IN_PROGRESS"):
                aws.report(f"  {event['ResourceStatus']:<18} {event['LogicalResourceId']}")


def failure(aws: Aws, name: str, done: dict[str, Any]) -> str:
    reasons = [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '')}"
        for event in reversed(_events(aws, name))
        if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in event.get("ResourceStatusReason", "")
    ]
    lines = (
        "\n".join(dict.fromkeys(reasons)) or f"  {done.get('StackStatusReason', 'CloudFormation reported no reason')}"
    )
    status = done.get("StackStatus", "gone")
    remedies = "".join(f"\n{remedy}" for remedy in remedies_for(lines))
    return f"stack {name} is {status}; AWS rolled it back:\n{lines}{remedies}\nFix the cause, then run this again."


def remedies_for(reasons: str) -> list[str]:
    """Return what to set in the deployment's YAML for the reasons of a failed creation, where that is known."""
    return [remedy for pattern, remedy in _REMEDIES if re.search(pattern, reasons, re.IGNORECASE)]
