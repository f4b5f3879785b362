"""The current state of a stack, as CloudFormation describes it."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws

NEVER_BEGUN = "REVIEW_IN_PROGRESS"


GONE = ("DELETE_COMPLETE", NEVER_BEGUN)


NEVER_MADE = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")


def describe(aws: Aws, name: str) -> dict[str, Any] | None:
    """Return the last description of a stack, None if it does not exist."""
    found = aws.stacks[name] if name in aws.stacks else described(aws, name)
    return None if found is None or found["StackStatus"] in GONE else found


def described(aws: Aws, name: str) -> dict[str, Any] | None:
    """Ask CloudFormation for the description of a stack, also if it only waits for its first change set."""
    try:
        found: dict[str, Any] | None = dict(aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0])
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        found = None
    aws.stacks[name] = found
    return found


def template(aws: Aws, stack: dict[str, Any]) -> str:
    """Return the template of a described stack; it is read once for each version of the stack."""
    version = f"{stack['StackId']} {stack.get('LastUpdatedTime', stack['CreationTime'])}"
    if version not in aws.templates:
        answer = aws.client("cloudformation").get_template(StackName=stack["StackName"], TemplateStage="Original")
        body = answer["TemplateBody"]
        aws.templates[version] = body if isinstance(body, str) else json.dumps(body)
    return aws.templates[version]


def completed(aws: Aws, name: str) -> dict[str, Any] | None:
    """Return the description of a stack that was created; if its creation failed, it will be created again."""
    found = describe(aws, name)
    return None if found is None or found["StackStatus"] in NEVER_MADE else found


def parameters(aws: Aws, name: str) -> dict[str, str]:
    """Return the parameters of a stack that was created, none if there is none."""
    found = completed(aws, name) or {}
    return {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", [])}


def outputs(aws: Aws, name: str) -> dict[str, str]:
    """Return a stack's outputs, none if the stack does not exist."""
    found = describe(aws, name) or {}
    return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
