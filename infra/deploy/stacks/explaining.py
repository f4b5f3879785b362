"""Explain what CloudFormation refuses, with the next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws, code_of
from infra.deploy.errors import DeployError


@contextmanager
def explaining(aws: Aws, stack: str) -> Iterator[None]:
    """Raise DeployError with the next step if CloudFormation refuses a request about the stack."""
    try:
        yield
    except ClientError as error:
        if code_of(error) == "ValidationError":
            reason = error.response["Error"]["Message"]
            raise DeployError(f"stack {stack}: {reason}; fix the deployment's YAML or the template") from error
        if code_of(error) not in ("AccessDenied", "AccessDeniedException"):
            raise
        who = f"stack {stack} needs a change that {aws.caller['Arn']} is not allowed to make"
        remedy = "ask someone with more permissions to run ./lakeport deploy, then run this again"
        raise DeployError(f"{who}: {error}; {remedy}") from error
