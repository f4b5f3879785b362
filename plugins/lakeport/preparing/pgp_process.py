"""The process that decrypts one OpenPGP message; lakeport.preparing.pgp starts it.

It reads a line of JSON with the keys and then the message from its standard input, and writes the plain text to its
standard output.  If that fails, it writes a line of JSON with the reason to its standard error and ends with status 1.
pysequoia keeps Python's lock until the message is read, and a message may unpack to any size: so this is a process,
which can be stopped.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pysequoia

_INPUT, _OUTPUT = "/proc/self/fd/0", "/proc/self/fd/1"


def main() -> int:
    """Decrypt the message; return the exit status."""
    step, issuers = "key", list[str]()
    try:
        given = _first_line()
        decryptor = pysequoia.Tsk.from_bytes(given["key"].encode()).decryptor(given["passphrase"])
        step = "signer"
        signers = pysequoia.Cert.split_bytes(given["signer"].encode()) if given["signer"] else []

        def store(key_ids: list[str]) -> list[Any]:
            issuers.extend(key_ids)
            return signers

        step = "message"
        pysequoia.decrypt_file(_INPUT, _OUTPUT, decryptor, store=store if signers else None)
    except BaseException as error:  # noqa: BLE001 - a panic of the library is not an Exception
        reason = str(error).partition("\n")[0]  # what follows is a trace of the library
        print(json.dumps({"step": step, "reason": reason, "is_signed": bool(issuers)}), file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _first_line() -> Any:
    """Read the line byte by byte, so that the library reads what follows."""
    line = bytearray()
    while (byte := os.read(0, 1)) not in (b"\n", b""):
        line += byte
    return json.loads(line)


if __name__ == "__main__":
    sys.exit(main())
