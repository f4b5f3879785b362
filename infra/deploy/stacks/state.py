"""The current state of a stack, as CloudFormation describes it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws

NEVER_BEGUN = "REVIEW_IN_PROGRESS"


GONE = ("DELETE_COMPLETE", NEVER_BEGUN)


NEVER_MADE = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")


def describe(aws: Aws, name: str) -> dict[str, Any] | None:
    """Return CloudFormation's description of a stack, None if it does not exist."""
    found = described(aws, name)
    return None if found is None or found["StackStatus"] in GONE else found


def described(aws: Aws, name: str) -> dict[str, Any] | None:
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
    return None if found is None or found["StackStatus"] in NEVER_MADE else found


def parameters(aws: Aws, name: str) -> dict[str, str]:
    """Return the parameters of a stack that was created, none if there is none."""
    found = completed(aws, name) or {}
    return {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", [])}


def outputs(aws: Aws, name: str) -> dict[str, str]:
    """Return a stack's outputs, none if the stack does not exist."""
    found = describe(aws, name) or {}
    return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
