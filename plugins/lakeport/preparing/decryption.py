"""Decrypt a file while it is read, by the keys that its schema names in Secrets Manager."""

from __future__ import annotations

from functools import partial

from lakeport.files.object_content import Decrypt
from lakeport.preparing.client_side import client_side_decrypted
from lakeport.preparing.pgp import pgp_decrypted
from lakeport.schema.encryption import AnyEncryption, Pgp


def decryption(encryption: AnyEncryption | None, uri: str) -> Decrypt | None:
    """Return what decrypts a file, or None if its type is not encrypted."""
    if encryption is None:
        return None
    if isinstance(encryption, Pgp):
        return partial(pgp_decrypted, encryption=encryption, uri=uri)
    return partial(client_side_decrypted, encryption=encryption, uri=uri)
