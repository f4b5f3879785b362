"""Open connections to Redshift with the credentials of a secret or of an Airflow connection."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import connection

from lakeport import settings
from lakeport.secrets_manager import read_secret

log = logging.getLogger(__name__)

# Options of libpq.  A connection that has lost its server ends after two minutes, so that a task does not hang.
_OPTIONS: dict[str, Any] = {
    "application_name": "lakeport",
    "connect_timeout": 60,  # seconds; a sleeping Serverless workgroup may take longer than 10 to wake up
    "keepalives": 1,
    "keepalives_idle": 60,  # seconds
    "keepalives_interval": 15,  # seconds
    "keepalives_count": 4,
    "tcp_user_timeout": 120_000,  # milliseconds
}
_VERIFIED = ("verify-ca", "verify-full")


def connect_to_redshift() -> connection:
    """Open a connection with the credentials of the secret, which is read again if they no longer work.

    A process of Lambda may live for hours, in which the password is rotated or the host moves.
    """
    name = settings.redshift_secret()
    secret = read_secret(name)
    try:
        return _connect_by(secret)
    except psycopg2.OperationalError:
        read_secret.cache_clear()
        if read_secret(name) == secret:
            raise
        return _connect_by(read_secret(name))


def _connect_by(secret: Mapping[str, Any]) -> connection:
    place = {"host": secret["host"], "port": secret["port"], "database": secret["database"]}
    return connect(**place, username=secret["username"], password=secret["password"], extra=secret.get("extra"))


def connect(
    *,
    host: str | None,
    port: int | None,
    database: str | None,
    username: str | None,
    password: str | None,
    extra: Mapping[str, Any] | str | None = None,
) -> connection:
    """Open a connection to Redshift.

    `extra` is the extra of an Airflow connection, as a dictionary or JSON text.  Its TLS options (ssl...) are passed
    on, and it may replace the time-outs, the TCP keepalives and the application name.  If its file of root certificates
    does not exist, the server is verified with those of this machine.
    """
    given = json.loads(extra) if isinstance(extra, str) and extra else extra or {}
    replaced = {name: value for name, value in given.items() if name in _OPTIONS or name.startswith("ssl")}
    options = _with_root_certificates(_OPTIONS | replaced)
    opened: connection = psycopg2.connect(
        host=host, port=port, dbname=database, user=username, password=password, **options
    )
    return opened


def _with_root_certificates(options: Mapping[str, Any]) -> dict[str, Any]:
    """Replace a file of root certificates that does not exist, since libpq then refuses to connect.

    AWS does not document where the images of MWAA and Lambda keep theirs.
    """
    path = options.get("sslrootcert")
    is_verified = options.get("sslmode") in _VERIFIED
    if not is_verified or path in (None, "", "system") or Path(path).is_file():
        return dict(options)
    from botocore.httpsession import get_cert_path  # noqa: PLC0415 - takes long, and is rarely needed

    found = ssl.get_default_verify_paths().cafile or get_cert_path(True)
    log.warning("sslrootcert %s does not exist; verifying Redshift with %s", path, found)
    return {**options, "sslrootcert": found}
