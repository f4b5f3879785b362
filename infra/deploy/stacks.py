"""Plan and apply changes of one CloudFormation stack by change sets.

No change set is created while the stack has the wanted template and parameters.
If AWS is working on the stack, perhaps because of a killed run, the command waits first.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml
from botocore.exceptions import ClientError

from infra.deploy.aws import Aws
from infra.deploy.changes import Change
from infra.deploy.errors import DeployError

WITHIN_SECONDS = 13 * 3600  # half an hour; but an update of MWAA lets running tasks finish for up to 12 hours
_NEVER_BEGUN = "REVIEW_IN_PROGRESS"
_GONE = ("DELETE_COMPLETE", _NEVER_BEGUN)
_NEVER_MADE = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
_MAY_CHANGE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
# What a reason of CloudFormation mentions, and what to do then.
_REMEDIES = (
    (r"\bRPUs?\b|base ?capacity", "Not every region offers 4 RPU: set RedshiftBaseRpu: 8 in the deployment's YAML."),
    (
        r"availability zone|\bAZs?\b",
        "Set ZoneA and ZoneB (and ZoneC for enhanced VPC routing) to other zones in the deployment's YAML.",
    ),
)
_NOTHING = ("didn't contain changes", "No updates are to be performed")


class _Loader(yaml.CSafeLoader):
    """Reads a template's outline; ignores the values of CloudFormation's own tags."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


@dataclass(frozen=True)
class Stack:
    """A wanted stack."""

    name: str
    template: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    versions: Collection[str] = ()
    """Parameters that hold versions of the code: a difference in them alone does not change the stack."""

    @property
    def declared(self) -> dict[str, str]:
        """Return every parameter of the template with its default, "" without one."""
        found = _outline(self.template)["Parameters"]
        return {name: _text(each.get("Default", "")) for name, each in found.items()}

    @property
    def wanted(self) -> dict[str, str]:
        declared = self.declared
        return declared | {name: value for name, value in self.parameters.items() if name in declared}


def describe(aws: Aws, name: str) -> dict[str, Any] | None:
    """Return CloudFormation's description of a stack, None if it does not exist."""
    found = _described(aws, name)
    return None if found is None or found["StackStatus"] in _GONE else found


def _described(aws: Aws, name: str) -> dict[str, Any] | None:
    """Return the description of a stack, also if it only waits for its first change set."""
    try:
        return dict(aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0])
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def completed(aws: Aws, name: str) -> dict[str, Any] | None:
    """Return the description of a stack that was created; if its creation failed, it will be created again."""
    found = describe(aws, name)
    return None if found is None or found["StackStatus"] in _NEVER_MADE else found


def parameters(aws: Aws, name: str) -> dict[str, str]:
    """Return the parameters of a stack that was created, none if there is none."""
    found = completed(aws, name) or {}
    return {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", [])}


def outputs(aws: Aws, name: str) -> dict[str, str]:
    """Return a stack's outputs, none if the stack does not exist."""
    found = describe(aws, name) or {}
    return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}


def plan(aws: Aws, stack: Stack) -> list[Change]:
    """Return the changes by resource; creates and deletes a change set if there are any."""
    current = describe(aws, stack.name)
    part = f"stack {stack.name}"
    if current is None or current["StackStatus"] in _NEVER_MADE:
        count = len(_outline(stack.template)["Resources"])
        return [Change(part, "create", f"up to {count} resources")]
    if current["StackStatus"].endswith("_IN_PROGRESS"):
        return [Change(part, "wait", f"AWS is changing it: {current['StackStatus']}")]
    if _is_current(aws, stack, current):
        return []
    change_set = _make_change_set(aws, stack, "UPDATE")
    if change_set is None:
        return []
    aws.client("cloudformation").delete_change_set(ChangeSetName=change_set["ChangeSetId"])
    return [_change(part, each["ResourceChange"]) for each in change_set.get("Changes", [])]


def apply(aws: Aws, stack: Stack) -> bool:
    """Create or update the stack and return whether anything changed.

    Safe to repeat after a kill anywhere: it looks at the current state first, and waits for AWS to finish.
    """
    current = _settled(aws, stack.name)
    if current is not None and current["StackStatus"] in _NEVER_MADE:
        delete(aws, stack.name, "its creation failed earlier; deleting the rest of it")
        current = None
    if current is not None and current["StackStatus"] not in _MAY_CHANGE:
        remedy = "read its events and repair it in the CloudFormation console, then run this again"
        raise DeployError(f"stack {stack.name} is {current['StackStatus']} and must be repaired by hand; {remedy}")
    if current is not None and _is_current(aws, stack, current):
        return False
    change_set = _make_change_set(aws, stack, "CREATE" if current is None else "UPDATE")
    if change_set is None:
        return False
    seen = _event_ids(aws, stack.name)
    # If this change fails, what it created is deleted, buckets and keys too: they are still empty.
    aws.client("cloudformation").execute_change_set(ChangeSetName=change_set["ChangeSetId"], RetainExceptOnCreate=True)
    aws.report(f"stack {stack.name}: {'creating' if current is None else 'updating'}")
    done = _settled(aws, stack.name, seen, before=_NEVER_BEGUN) or {}
    if done.get("StackStatus") not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise DeployError(_failure(aws, stack.name, done))
    return True


def _is_current(aws: Aws, stack: Stack, current: dict[str, Any]) -> bool:
    has = {each["ParameterKey"]: each.get("ParameterValue", "") for each in current.get("Parameters", [])}
    wanted = stack.wanted
    if any(has.get(name) != value for name, value in wanted.items() if name not in stack.versions):
        return False
    if set(has) != set(wanted) or dict(stack.tags) != {each["Key"]: each["Value"] for each in current.get("Tags", [])}:
        return False
    body = aws.client("cloudformation").get_template(StackName=stack.name)["TemplateBody"]
    return bool((body if isinstance(body, str) else json.dumps(body)).strip() == stack.template.strip())


def _make_change_set(aws: Aws, stack: Stack, kind: str) -> dict[str, Any] | None:
    """Create the change set and return it with all its changes, or None if nothing changes."""
    client = aws.client("cloudformation")
    digest = hashlib.sha256(f"{stack.template}{stack.wanted}".encode()).hexdigest()[:12]
    name = f"lakeport-{digest}"
    _forget_change_set(client, stack.name, name)
    made = client.create_change_set(
        StackName=stack.name,
        ChangeSetName=name,
        ChangeSetType=kind,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in stack.wanted.items()],
        Tags=[{"Key": key, "Value": value} for key, value in stack.tags.items()],
        TemplateBody=stack.template,
    )
    found: dict[str, Any] = {}

    def look() -> bool:
        found.update(client.describe_change_set(ChangeSetName=made["Id"]))
        return found["Status"] in ("CREATE_COMPLETE", "FAILED")

    aws.until(look, f"the change set of stack {stack.name}", 600)
    if found["Status"] == "CREATE_COMPLETE":
        pages = client.get_paginator("describe_change_set").paginate(ChangeSetName=made["Id"])
        return found | {"Changes": [change for page in pages for change in page.get("Changes", [])]}
    client.delete_change_set(ChangeSetName=made["Id"])
    if any(text in found.get("StatusReason", "") for text in _NOTHING):
        return None
    raise DeployError(f"stack {stack.name}: CloudFormation rejected the template: {found.get('StatusReason')}")


def _forget_change_set(client: Any, stack: str, name: str) -> None:
    """Delete a change set of this name that a killed run left."""
    try:
        client.delete_change_set(StackName=stack, ChangeSetName=name)
    except ClientError as error:
        if "does not exist" not in str(error) and "NotFound" not in str(error):
            raise


def _settled(aws: Aws, name: str, seen: set[str] | None = None, before: str = "") -> dict[str, Any] | None:
    """Return the stack once AWS has finished with it; reports its new events meanwhile.

    `before` is a status that AWS may still report although it has accepted the change.
    """
    found: list[dict[str, Any] | None] = []
    seen = _event_ids(aws, name) if seen is None else seen

    def look() -> bool:
        current = _described(aws, name)
        status = current["StackStatus"] if current else ""
        found[:] = [None if status in _GONE else current]
        _show_events(aws, name, seen)
        is_changing = status.endswith("_IN_PROGRESS") and status not in _GONE
        return not status or not (is_changing or status == before)

    aws.until(look, f"stack {name}", WITHIN_SECONDS)
    return found[0]


def _events(aws: Aws, name: str) -> list[dict[str, Any]]:
    try:
        answer = aws.client("cloudformation").describe_stack_events(StackName=name)
    except ClientError:
        return []
    return list(answer["StackEvents"])


def _event_ids(aws: Aws, name: str) -> set[str]:
    return {each["EventId"] for each in _events(aws, name)}


def _show_events(aws: Aws, name: str, seen: set[str]) -> None:
    for event in reversed(_events(aws, name)):
        if event["EventId"] not in seen:
            seen.add(event["EventId"])
            if not event["ResourceStatus"].endswith("_IN_PROGRESS"):
                aws.report(f"  {event['ResourceStatus']:<18} {event['LogicalResourceId']}")


def delete(aws: Aws, name: str, why: str) -> None:
    """Delete a stack that holds nothing, such as one whose creation failed."""
    aws.report(f"stack {name}: {why}")
    status = (describe(aws, name) or {}).get("StackStatus", "")
    aws.client("cloudformation").delete_stack(StackName=name)
    if (left := _settled(aws, name, before=status if status != "DELETE_FAILED" else "")) is not None:
        raise DeployError(
            f"stack {name} cannot be deleted ({left['StackStatus']}): {left.get('StackStatusReason', '')}; "
            "delete it in the CloudFormation console, then run this again"
        )


def _failure(aws: Aws, name: str, done: dict[str, Any]) -> str:
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


def _change(part: str, change: dict[str, Any]) -> Change:
    replaced = {"True": ", replaced", "Conditional": ", may be replaced"}.get(change.get("Replacement", ""), "")
    return Change(part, change["Action"].lower(), f"{change['LogicalResourceId']} ({change['ResourceType']}{replaced})")


@lru_cache(maxsize=4)
def _outline(template: str) -> dict[str, Any]:
    loader = _Loader(template)
    try:
        found: dict[str, Any] = loader.get_single_data()
        return found
    finally:
        loader.dispose()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def unknown_parameters(stacks: Mapping[str, Stack], given: Mapping[str, str]) -> Iterator[str]:
    """Yield the parameters that no template has."""
    known = {name for stack in stacks.values() for name in stack.declared}
    yield from (name for name in given if name not in known)
