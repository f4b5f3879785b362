"""Secrets Manager: credentials for what runs outside Airflow, the Lambda and the command line."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import boto3


@cache
def read_secret(name: str) -> dict[str, Any]:
    """Return a secret's JSON, read once a process; `read_secret.cache_clear()` forgets what was read."""
    text = boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    values: dict[str, Any] = json.loads(text)
    return values
