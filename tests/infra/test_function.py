"""A failed update of the function stops the deployment, and the next deployment tries again."""

from __future__ import annotations

import boto3
from botocore.stub import Stubber

from infra.deploy.aws import Aws
from infra.deploy.content import code
from infra.deploy.content.code import CodeBucket, Item, Stored
from infra.deploy.errors import DeployError
from infra.deploy.running import function
from tests.support.golden import raises_golden

NEW = Item.of_bytes(code.FUNCTION, b"new")


def test_failed_update_is_reported_and_the_next_one_is_made() -> None:
    """Lambda reports the last update until there is another."""
    client = boto3.client("lambda", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    aws = Aws("us-east-1", wait_seconds=0)
    aws._clients["lambda"] = client
    bucket = CodeBucket.__new__(CodeBucket)
    bucket.bucket, bucket.stored = "code", {code.FUNCTION: Stored(NEW.sha256, "v2", "")}
    old, failed = {"CodeSha256": "b2xk"}, {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no such version"}
    with Stubber(client) as answers:
        for answer in (old | failed, old, None, {"LastUpdateStatus": "InProgress"}, old | failed):
            name = "get_function_configuration" if answer else "update_function_code"
            answers.add_response(name, answer or {})
        with raises_golden(DeployError, "infra", "the update of the function failed", "f", "no such version"):
            function.update(aws, "f", bucket, NEW, "arm64")
        answers.assert_no_pending_responses()
