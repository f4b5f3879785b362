"""Secrets of one stack: made once, kept in the state directory, readable by its owner only.

Passwords that a person types (Redshift, Airflow, AWS) are fixed and public, see the table that `make up` prints;
those that only processes use are random.
"""

import base64
import fcntl
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from local.config import Config

USER = PASSWORD = DATABASE = "lakeport"
VIEWER = "viewer"
"""A user of Airflow who may look at everything and change nothing; the password is the name."""
AWS_KEY = AWS_SECRET = "test"
REGION = "us-east-1"


def _token() -> str:
    return secrets.token_urlsafe(48)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True)
class Credentials:
    """Random secrets; none of them is ever written to a log or to a command line."""

    postgres_password: str = field(default_factory=_token)
    airflow_database_password: str = field(default_factory=_token)
    jwt_secret: str = field(default_factory=_token)
    api_secret: str = field(default_factory=_token)
    fernet_key: str = field(default_factory=_fernet_key)


def load(config: Config) -> Credentials:
    """Return this stack's secrets, making them at the first call."""
    path = config.state / "credentials.json"
    if not path.exists():
        _make(path)
    return Credentials(**json.loads(path.read_text()))


def _make(path: Path) -> None:
    """Write the secrets, even if others do at the same time: parts that are started separately may all be the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            write_private(path, json.dumps(asdict(Credentials())))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
