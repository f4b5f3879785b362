"""Open connections to Redshift with the credentials of a secret."""

from __future__ import annotations

import json
from typing import Any

import psycopg2
from psycopg2.extensions import connection

from lakeport import settings
from lakeport.redshift.session import is_wrong_password
from lakeport.secrets_manager import read_secret

_CONNECT_TIMEOUT_SECONDS = 10


def connect_to_redshift() -> connection:
    """Open a Redshift connection with the credentials of the secret.

    A rotated password is met by reading the secret again, once.
    """
    try:
        return _connect()
    except psycopg2.OperationalError as error:
        if not is_wrong_password(error):
            raise
        read_secret.cache_clear()
        return _connect()


def _connect() -> connection:
    secret = read_secret(settings.redshift_secret())
    opened: connection = psycopg2.connect(
        host=secret["host"],
        port=secret["port"],
        dbname=secret["database"],
        user=secret["username"],
        password=secret["password"],
        connect_timeout=_CONNECT_TIMEOUT_SECONDS,
        application_name="lakeport",
        **_tls_options(secret),
    )
    return opened


def _tls_options(secret: dict[str, Any]) -> dict[str, Any]:
    """Return the connection's TLS options, which stand where Airflow has them: in `extra`, JSON or its text."""
    extra = secret.get("extra") or {}
    extra = json.loads(extra) if isinstance(extra, str) else extra
    return {name: value for name, value in extra.items() if name.startswith("ssl")}
