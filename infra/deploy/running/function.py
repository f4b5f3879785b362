"""The code of the Lambda function: which zip it runs, and updating it."""

from __future__ import annotations

import base64
from typing import Any

from infra.deploy.aws import Aws
from infra.deploy.content import code
from infra.deploy.content.code import CodeBucket, Item
from infra.deploy.errors import DeployError

WITHIN_SECONDS = 600


def is_current(aws: Aws, name: str, zip_file: Item) -> bool:
    """Return whether the function runs this zip."""
    running = aws.client("lambda").get_function_configuration(FunctionName=name)["CodeSha256"]
    return bool(base64.b64decode(running).hex() == zip_file.sha256)


def update(aws: Aws, name: str, bucket: CodeBucket, zip_file: Item, architecture: str) -> bool:
    """Update the function to the code bucket's zip; return whether that was needed.

    Safe to repeat: after a run that was killed during the update, the function has the zip's hash already.
    """
    client = aws.client("lambda")
    _at_rest(aws, name)
    if is_current(aws, name, zip_file):
        return False
    version = bucket.version(code.FUNCTION)
    client.update_function_code(
        FunctionName=name,
        S3Bucket=bucket.bucket,
        S3Key=code.FUNCTION,
        S3ObjectVersion=version,
        Architectures=[architecture],
    )
    done = _at_rest(aws, name)
    if done.get("LastUpdateStatus") == "Failed":
        raise DeployError(f"function {name}: the update failed: {done.get('LastUpdateStatusReason')}; run this again")
    return True


def _at_rest(aws: Aws, name: str) -> dict[str, Any]:
    """Return Lambda's description of the function once no update is in progress."""
    found: dict[str, Any] = {}

    def look() -> bool:
        found.update(aws.client("lambda").get_function_configuration(FunctionName=name))
        return bool(found.get("LastUpdateStatus") != "InProgress")

    aws.until(look, f"the update of function {name}", WITHIN_SECONDS)
    return found
