"""Plan and apply changes of one CloudFormation stack by change sets.

No change set is created while the stack has the wanted template and parameters.
If AWS is working on the stack, perhaps because of a killed run, the command waits first.
"""

from __future__ import annotations

import hashlib
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws
from infra.deploy.changes import Change
from infra.deploy.errors import DeployError
from infra.deploy.stacks.events import event_ids, failure, settled
from infra.deploy.stacks.stack import Stack, outline
from infra.deploy.stacks.state import NEVER_BEGUN, NEVER_MADE, describe, described, template
from lakeport.wording import amount

_MAY_CHANGE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")


_NOTHING = ("didn't contain changes", "No updates are to be performed")


def plan(aws: Aws, stack: Stack) -> list[Change]:
    """Return the changes by resource; creates and deletes a change set if there are any."""
    current = describe(aws, stack.name)
    part = f"stack {stack.name}"
    if current is None or current["StackStatus"] in NEVER_MADE:
        count = len(outline(stack.template)["Resources"])
        return [Change(part, "create", f"up to {amount(count, 'resource')}")]
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
    current = settled(aws, stack.name)
    if current is not None and current["StackStatus"] in NEVER_MADE:
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
    seen = event_ids(aws, stack.name)
    # If this change fails, what it created is deleted, buckets and keys too: they are still empty.
    aws.client("cloudformation").execute_change_set(ChangeSetName=change_set["ChangeSetId"], RetainExceptOnCreate=True)
    aws.report(f"stack {stack.name}: {'creating' if current is None else 'updating'}")
    done = settled(aws, stack.name, seen, before=NEVER_BEGUN) or {}
    if done.get("StackStatus") not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise DeployError(failure(aws, stack.name, done))
    return True


def delete(aws: Aws, name: str, why: str) -> None:
    """Delete a stack that holds nothing, such as one whose creation failed."""
    aws.report(f"stack {name}: {why}")
    status = (described(aws, name) or {}).get("StackStatus", "")
    seen = event_ids(aws, name)
    aws.client("cloudformation").delete_stack(StackName=name)
    if (left := settled(aws, name, seen, before=status if status != "DELETE_FAILED" else "")) is not None:
        raise DeployError(
            f"stack {name} cannot be deleted ({left['StackStatus']}): {left.get('StackStatusReason', '')}; "
            "delete it in the CloudFormation console, then run this again"
        )


def _is_current(aws: Aws, stack: Stack, current: dict[str, Any]) -> bool:
    has = {each["ParameterKey"]: each.get("ParameterValue", "") for each in current.get("Parameters", [])}
    wanted = stack.wanted
    if any(has.get(name) != value for name, value in wanted.items() if name not in stack.versions):
        return False
    if set(has) != set(wanted) or dict(stack.tags) != {each["Key"]: each["Value"] for each in current.get("Tags", [])}:
        return False
    return template(aws, current).strip() == stack.template.strip()


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


def _change(part: str, change: dict[str, Any]) -> Change:
    replaced = {"True": ", replaced", "Conditional": ", may be replaced"}.get(change.get("Replacement", ""), "")
    return Change(part, change["Action"].lower(), f"{change['LogicalResourceId']} ({change['ResourceType']}{replaced})")
