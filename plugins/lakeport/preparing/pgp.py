"""Decrypt OpenPGP messages as a stream, and verify who signed them.

The signature is at the end, so the plain text is passed on before it is verified: do not use it before the stream has
ended without an error.
"""

from __future__ import annotations

import errno
import json
import subprocess  # nosec B404 - a module of this package is started, see pgp_process
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import IO, Any

from lakeport import settings
from lakeport.errors import UnloadableFile
from lakeport.files.streams import CHUNK_BYTES, Readable, chunks_of, stream_of
from lakeport.preparing.keys import read_key
from lakeport.schema.encryption import Pgp

_PROGRAM = Path(__file__).with_name("pgp_process.py")
_NO_KEY = "No key to decrypt message"
_UNEXPECTED = "Unexpected message structure"
_NOT_VERIFIED = "Signature verification failed"


@contextmanager
def pgp_decrypted(body: Readable, _metadata: Mapping[str, str], *, encryption: Pgp, uri: str) -> Iterator[Readable]:
    """Return a stream of the plain text.

    Reading it raises UnloadableFile, at its end at the latest, if the message is damaged, is not for this key, or lacks
    the valid signature of the signer.
    """
    keys = {name: _text_of(secret) for name, secret in _secrets(encryption).items()}
    # The command has no argument of a user, and the keys go by the pipe.
    process = subprocess.Popen(  # noqa: S603  # nosec B603 - see above
        [sys.executable, str(_PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    feeder = _Feeder(process, keys, body)
    feeder.start()
    try:
        yield stream_of(_plain_text(process, feeder, encryption, uri))
    finally:
        process.kill()
        feeder.join()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                with suppress(BrokenPipeError):  # the end of what the process did not read
                    pipe.close()
        process.wait()


def _secrets(encryption: Pgp) -> dict[str, str | None]:
    return {"key": encryption.key, "passphrase": encryption.passphrase, "signer": encryption.signer}


def _text_of(secret: str | None) -> str | None:
    return None if secret is None else read_key(secret).decode("utf-8", "replace").strip()


class _Feeder(Thread):
    """Writes the keys and the message to the process; `failure` is an error of reading the message."""

    def __init__(self, process: subprocess.Popen[bytes], keys: Mapping[str, str | None], body: Readable) -> None:
        super().__init__(daemon=True)
        self._process, self._first, self._body = process, json.dumps(keys).encode() + b"\n", body
        self.failure: Exception | None = None

    def run(self) -> None:
        to = self._process.stdin
        if to is None:
            return
        try:
            for data in self._pieces():
                to.write(data)
            to.close()
        except BrokenPipeError:
            pass  # the process has ended, and reports why
        except Exception as error:  # noqa: BLE001 - the reader of the plain text raises it
            self.failure = error
            self._process.kill()

    def _pieces(self) -> Iterator[bytes]:
        yield self._first
        yield from chunks_of(self._body)


def _plain_text(process: subprocess.Popen[bytes], feeder: _Feeder, encryption: Pgp, uri: str) -> Iterator[bytes]:
    yield from _read(process.stdout)
    report = b"".join(_read(process.stderr))
    status = process.wait()
    feeder.join()
    if feeder.failure:
        raise feeder.failure
    if status < 0:
        raise ChildProcessError(errno.ECHILD, f"the process that decrypts {uri} was ended by signal {-status}")
    if status:
        raise UnloadableFile(f"{uri}: {_reason(report, encryption)}")


def _read(pipe: IO[bytes] | None) -> Iterator[bytes]:
    while pipe and (data := pipe.read(CHUNK_BYTES)):
        yield data


def _reason(report: bytes, encryption: Pgp) -> str:
    """Return why the process failed, and what to do."""
    try:
        found: dict[str, Any] = json.loads(report.splitlines()[-1])
    except (ValueError, IndexError):
        return "the decryption failed without a reason; ask the sender for the file again"
    step, reason, prefix = found["step"], found["reason"], settings.keys_prefix()
    if step == "key":
        return (
            f"the private key in the secret {prefix}/{encryption.key} cannot be used: {reason}; "
            "check the secret, and format.encryption.passphrase"
        )
    if step == "signer":
        return f"the public key in the secret {prefix}/{encryption.signer} cannot be used: {reason}; check the secret"
    if reason.startswith(_NO_KEY):
        return (
            f"it is not encrypted for the key in the secret {prefix}/{encryption.key}; "
            "ask the sender to encrypt for its public key"
        )
    if encryption.signer and reason.startswith((_UNEXPECTED, _NOT_VERIFIED)):
        return _unsigned(reason, found["is_signed"], f"{prefix}/{encryption.signer}")
    return f"it is not a readable OpenPGP message: {reason}; ask the sender for the file again"


def _unsigned(reason: str, is_signed: bool, signer: str) -> str:
    if not is_signed:
        return f"it is not signed, and format.encryption.signer is {signer}; ask the sender to sign it"
    if reason.startswith(_NOT_VERIFIED):
        return f"it has no valid signature of the key in the secret {signer}; ask the sender who signed it"
    return (
        "its signature cannot be verified, because OpenPGP compressed the signed data; "
        "ask the sender for gpg --compress-algo none, and for compression before gpg"
    )
