"""Read credentials from Secrets Manager, for the Lambda and the command line, which run outside Airflow."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

from lakeport import settings
from lakeport.errors import UnloadableFile


@cache
def read_secret(name: str) -> dict[str, Any]:
    """Return the JSON of a secret; it is read once, and again after `read_secret.cache_clear()`."""
    text = boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    values: dict[str, Any] = json.loads(text)
    return values


def read_key(name: str) -> bytes:
    """Return the content of a secret below the deployment's keys; it is never kept.

    Raises UnloadableFile if there is none, since a file that needs it cannot be read.
    """
    secret_id = f"{settings.keys_prefix()}/{name}"
    try:
        answer = boto3.client("secretsmanager").get_secret_value(SecretId=secret_id)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise UnloadableFile(
            f"the secret {secret_id} does not exist in Secrets Manager; create it, or change format.encryption"
        ) from error
    return answer["SecretString"].encode() if "SecretString" in answer else answer["SecretBinary"]
