"""Decrypt objects of AWS's client-side encryption with a symmetric master key, as the S3 clients' version 1 wrote them.

The object's metadata has its own key, encrypted with the master key (AES/ECB), and the initialization vector of its
content (AES/CBC): https://github.com/aws/aws-sdk-java, package com.amazonaws.services.s3.
Redshift's COPY ... ENCRYPTED read such files until 30 April 2026.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.padding import PKCS7

from lakeport import settings
from lakeport.errors import UnloadableFile
from lakeport.files.streams import Readable, chunks_of, stream_of
from lakeport.preparing.keys import read_key
from lakeport.schema.encryption import ClientSide

_KEY_BYTES = 32
_VERSION_1, _LATER = ("x-amz-key", "x-amz-iv"), "x-amz-key-v2"
_LENGTH = "x-amz-unencrypted-content-length"


@contextmanager
def client_side_decrypted(
    body: Readable, metadata: Mapping[str, str], *, encryption: ClientSide, uri: str
) -> Iterator[Readable]:
    """Return a stream of the plain text; raises UnloadableFile, while it is read, if it is not the sender's."""
    given = {name.lower(): value for name, value in metadata.items()}
    if _LATER in given:
        raise UnloadableFile(
            f"{uri} is encrypted by a later version of AWS's client-side encryption; ask the sender for version 1 with "
            "a symmetric master key, or for OpenPGP"
        )
    if missing := [name for name in _VERSION_1 if name not in given]:
        raise UnloadableFile(
            f"{uri} lacks the metadata {', '.join(missing)} of AWS's client-side encryption; ask the sender to encrypt "
            "it, and to keep the metadata if the object is copied"
        )
    secret = f"{settings.keys_prefix()}/{encryption.key}"
    cipher = _cipher(given, _master_key(encryption.key, secret), uri, secret)
    yield stream_of(_plain_text(body, cipher, given.get(_LENGTH), uri))


def _master_key(name: str, secret: str) -> bytes:
    try:
        key = base64.b64decode(read_key(name).strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise UnloadableFile(f"the secret {secret} is not a key of {_KEY_BYTES} bytes in Base64; correct the secret")
    return key


def _cipher(given: Mapping[str, str], master_key: bytes, uri: str, secret: str) -> Cipher[CBC]:
    """Return the cipher of the content; raises UnloadableFile if the master key does not open its key."""
    try:
        wrapped, vector = (base64.b64decode(given[name], validate=True) for name in _VERSION_1)
        # AES/ECB is how version 1 wraps a random key.
        opened = Cipher(AES(master_key), ECB()).decryptor()  # noqa: S305  # nosec B305 - see above
        padded = opened.update(wrapped) + opened.finalize()
        unpadder = PKCS7(AES.block_size).unpadder()
        return Cipher(AES(unpadder.update(padded) + unpadder.finalize()), CBC(vector))
    except ValueError:
        raise UnloadableFile(
            f"{uri} is not encrypted with the master key in the secret {secret}; ask the sender which key it is"
        ) from None


def _plain_text(body: Readable, cipher: Cipher[CBC], length: str | None, uri: str) -> Iterator[bytes]:
    decryptor, unpadder, size = cipher.decryptor(), PKCS7(AES.block_size).unpadder(), 0
    try:
        for data in chunks_of(body):
            plain = unpadder.update(decryptor.update(data))
            size += len(plain)
            yield plain
        plain = unpadder.update(decryptor.finalize()) + unpadder.finalize()
    except ValueError:
        raise UnloadableFile(f"{uri} is damaged: its last block is not valid; ask the sender for it again") from None
    size += len(plain)
    if length is not None and str(size) != length:
        raise UnloadableFile(f"{uri} is damaged: {size} bytes instead of {length}; ask the sender for it again")
    yield plain
