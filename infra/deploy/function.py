"""The Lambda function's code: which zip it runs, and changing that."""

from __future__ import annotations

import base64

from infra.deploy import code
from infra.deploy.aws import Aws
from infra.deploy.code import CodeBucket, Item


def is_current(aws: Aws, name: str, zip_file: Item) -> bool:
    """Say whether the function runs this zip."""
    running = aws.client("lambda").get_function_configuration(FunctionName=name)["CodeSha256"]
    return bool(base64.b64decode(running).hex() == zip_file.sha256)


def update(aws: Aws, name: str, bucket: CodeBucket, zip_file: Item, architecture: str) -> bool:
    """Have the function run the code bucket's zip; say whether it did not yet.

    Safe to repeat: a run killed right after asking finds the zip's hash there already.
    """
    client = aws.client("lambda")
    client.get_waiter("function_updated").wait(FunctionName=name)
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
    client.get_waiter("function_updated").wait(FunctionName=name)
    return True
