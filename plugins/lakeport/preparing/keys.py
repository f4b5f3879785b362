"""Read the keys of encrypted files from Secrets Manager."""

from __future__ import annotations

import boto3
from botocore.exceptions import ClientError

from lakeport import settings
from lakeport.errors import UnloadableFile


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
