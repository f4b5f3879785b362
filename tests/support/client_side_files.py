"""Objects as version 1 of AWS's client-side encryption wrote them, and as UNLOAD ... ENCRYPTED did."""

from __future__ import annotations

import base64
import os
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.padding import PKCS7

MASTER = bytes(range(32))
MASTER_TEXT = base64.b64encode(MASTER).decode()


def envelope(text: bytes) -> tuple[bytes, dict[str, str]]:
    """Return the body and the metadata: a random key encrypts the content, and the master key encrypts that key."""
    key, vector = os.urandom(32), os.urandom(16)
    wrapped = base64.b64encode(_ciphered(key, MASTER, ECB())).decode()  # noqa: S305 - as version 1 does
    metadata = {"x-amz-key": wrapped, "x-amz-iv": base64.b64encode(vector).decode(), "x-amz-matdesc": "{}"}
    return _ciphered(text, key, CBC(vector)), metadata | {"x-amz-unencrypted-content-length": str(len(text))}


def _ciphered(text: bytes, key: bytes, mode: CBC | ECB) -> bytes:
    cipher: Any = Cipher(AES(key), mode)
    padder, encryptor = PKCS7(128).padder(), cipher.encryptor()
    done: bytes = encryptor.update(padder.update(text) + padder.finalize()) + encryptor.finalize()
    return done
