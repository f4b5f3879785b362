"""Read credentials from Secrets Manager, for the Lambda and the command line, which run outside Airflow."""

from __future__ import annotations

import json
from functools import cache
from typing import Any


@cache
def read_secret(name: str) -> dict[str, Any]:
    """Return the JSON of a secret; it is read once, and again after `read_secret.cache_clear()`."""
    import boto3  # noqa: PLC0415 - takes long, and most tasks read no secret here

    text = boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    values: dict[str, Any] = json.loads(text)
    return values
