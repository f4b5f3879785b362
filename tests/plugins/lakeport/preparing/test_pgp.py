"""OpenPGP messages are decrypted as a stream; a message that is not what its schema says is refused with the reason."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lakeport.errors import UnloadableFile
from lakeport.preparing.decryption import decryption
from lakeport.schema.encryption import Pgp
from tests.support.golden import raises_golden
from tests.support.pgp_files import Keys, put_secret

TEXT = b"id,city\n1,Bern\n" * 1000
LARGE = os.urandom(30 << 20)  # more than the library keeps until it knows the signature
URI = "s3://lakeport-landing/trips/trips.csv.pgp"


@cache
def keys() -> Keys:
    return Keys()


@pytest.fixture(autouse=True)
def _secrets(aws: None) -> None:
    keys().store()


def decrypted(message: bytes | io.BufferedIOBase, **encryption: Any) -> bytes:
    body: Any = io.BytesIO(message) if isinstance(message, bytes) else message
    decrypt = decryption(Pgp(**{"type": "pgp", "key": "receiver", **encryption}), URI)
    assert decrypt
    with decrypt(body, {}) as plain:
        return b"".join(iter(lambda: plain.read(1 << 20), b""))


def test_message_is_decrypted() -> None:
    assert decrypted(keys().encrypted(TEXT)) == TEXT
    assert decrypted(keys().encrypted(TEXT, armor=True)) == TEXT
    assert decrypted(keys().encrypted(LARGE, keys().sender), signer="sender") == LARGE


def test_message_for_another_key_is_refused() -> None:
    with raises_golden(UnloadableFile, "preparing", "pgp_wrong_key", URI, "lakeport/keys/stranger"):
        decrypted(keys().encrypted(TEXT), key="stranger")


@pytest.mark.parametrize("damage", ["changed", "cut", "more", "no_message"])
def test_damaged_message_is_refused(damage: str) -> None:
    whole = keys().encrypted(TEXT)
    changed = bytearray(whole)
    changed[-30] ^= 1
    broken = {"changed": bytes(changed), "cut": whole[:-10], "more": whole + b"more", "no_message": TEXT}[damage]
    with raises_golden(UnloadableFile, "preparing", f"pgp_{damage}", URI):
        decrypted(broken)


def test_signature_that_is_asked_for_must_be_there_and_be_the_signers() -> None:
    with raises_golden(UnloadableFile, "preparing", "pgp_unsigned", "not signed", "lakeport/keys/sender"):
        decrypted(keys().encrypted(TEXT), signer="sender")
    with raises_golden(UnloadableFile, "preparing", "pgp_signed_by_another", "no valid signature"):
        decrypted(keys().encrypted(LARGE, keys().stranger), signer="sender")


def test_keys_that_cannot_be_used_are_named() -> None:
    with raises_golden(UnloadableFile, "preparing", "pgp_no_secret", "lakeport/keys/missing"):
        decrypted(keys().encrypted(TEXT), key="missing")
    put_secret("broken", "hush-hush")
    with raises_golden(UnloadableFile, "preparing", "pgp_broken_key", "lakeport/keys/broken") as raised:
        decrypted(keys().encrypted(TEXT), key="broken")
    assert "hush-hush" not in str(raised.value)
    with raises_golden(UnloadableFile, "preparing", "pgp_broken_signer", "lakeport/keys/broken"):
        decrypted(keys().encrypted(TEXT), signer="broken")


def test_error_of_reading_the_file_is_raised_unchanged() -> None:
    class Broken(io.RawIOBase):
        def read(self, _size: int = -1) -> bytes:
            raise ConnectionError("lost")

    with pytest.raises(ConnectionError, match="lost"):
        decrypted(Broken())  # type: ignore[arg-type]


def test_process_ends_when_the_reader_stops() -> None:
    decrypt = decryption(Pgp(type="pgp", key="receiver"), URI)
    assert decrypt
    before = _children()
    with pytest.raises(KeyError), decrypt(io.BytesIO(keys().encrypted(LARGE)), {}) as plain:
        assert plain.read(100) == LARGE[:100]
        raise KeyError
    assert _children() == before


def _children() -> list[str]:
    return sorted(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


class Gpg:
    """GnuPG with its own folder of keys."""

    def __init__(self, home: Path) -> None:
        home.mkdir(mode=0o700)
        (home / "gpg-agent.conf").write_text("s2k-count 1024\n")  # a key that opens fast is good enough here
        self._command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--trust-model", "always"]
        self._command += ["--pinentry-mode", "loopback", "--passphrase", "open sesame"]

    def __call__(self, *options: str, given: bytes = b"") -> bytes:
        return subprocess.run([*self._command, *options], input=given, check=True, capture_output=True).stdout


@pytest.mark.skipif(not shutil.which("gpg"), reason="needs gpg")
def test_message_made_by_gpg_is_decrypted(tmp_path: Path) -> None:
    """With a key that has a passphrase, packed by gpg as it does without options; a signature needs an unpacked one."""
    gpg = Gpg(tmp_path / "keys")
    for name in ("receiver", "sender"):
        gpg("--quick-generate-key", f"{name}@example.com", "future-default", "default", "never")
    put_secret("receiver", gpg("--armor", "--export-secret-keys", "receiver").decode())
    put_secret("sender", gpg("--armor", "--export", "sender").decode())
    put_secret("passphrase", "open sesame\n")
    options = {"passphrase": "passphrase"}
    signed = ("--encrypt", "-r", "receiver@example.com", "--sign", "-u", "sender@example.com")

    assert decrypted(gpg(*signed[:3], given=TEXT), **options) == TEXT
    assert decrypted(gpg("--compress-algo", "none", *signed, given=TEXT), **options, signer="sender") == TEXT
    with raises_golden(UnloadableFile, "preparing", "pgp_signed_and_packed", "--compress-algo none"):
        decrypted(gpg(*signed, given=TEXT), **options, signer="sender")
    put_secret("passphrase", "wrong")
    with raises_golden(UnloadableFile, "preparing", "pgp_wrong_passphrase", "passphrase"):
        decrypted(gpg(*signed[:3], given=TEXT), **options)
    subprocess.run(["gpgconf", "--homedir", str(tmp_path / "keys"), "--kill", "gpg-agent"], check=False)
