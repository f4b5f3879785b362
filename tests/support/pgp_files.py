"""OpenPGP keys and messages for tests, and the secrets that hold the keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import boto3
import pysequoia


def new_key(name: str) -> pysequoia.Tsk:
    """Make a key that signs and decrypts."""
    return pysequoia.Tsk.generate(f"{name}@example.com")


@dataclass(frozen=True)
class Keys:
    """The receiver's key, the sender's and a stranger's."""

    receiver: pysequoia.Tsk = field(default_factory=lambda: new_key("receiver"))
    sender: pysequoia.Tsk = field(default_factory=lambda: new_key("sender"))
    stranger: pysequoia.Tsk = field(default_factory=lambda: new_key("stranger"))

    def encrypted(self, text: bytes, signer: pysequoia.Tsk | None = None, *, armor: bool = False) -> bytes:
        """Return a message for the receiver, signed if there is a signer."""
        signing = signer.signer() if signer else None
        return pysequoia.encrypt(text, [self.receiver.extract_certificate()], signing, armor=armor)

    def store(self, client: Any = None) -> None:
        """Write the secrets `receiver`, `sender` and `stranger`: two private keys and a public one."""
        for name, text in (
            ("receiver", str(self.receiver)),
            ("stranger", str(self.stranger)),
            ("sender", str(self.sender.extract_certificate())),
        ):
            put_secret(name, text, client)


def put_secret(name: str, text: str, client: Any = None) -> None:
    """Create a secret below the keys of the deployment, or replace it."""
    client, secret_id = client or boto3.client("secretsmanager"), f"lakeport/keys/{name}"
    try:
        client.create_secret(Name=secret_id, SecretString=text)
    except client.exceptions.ResourceExistsException:
        client.put_secret_value(SecretId=secret_id, SecretString=text)
