"""Names of 64 to 127 bytes, which PostgreSQL would cut at 63: the engine knows them by shorter ones.

A short name is the beginning of the long one and a digest of it; what the engine sends gets the long names back.
"""

import hashlib
import re

from local.redshift.protocol import wire

ENGINE_BYTES = 63
LONG: dict[str, str] = {}
"""The long name of each short one that was used since the start, or before it."""
_DIGEST_DIGITS = 20
_BEGINNING_BYTES = ENGINE_BYTES - _DIGEST_DIGITS - 1
_SHORT = re.compile(rb'[^\0"\']{1,%d}~[0-9a-f]{%d}' % (_BEGINNING_BYTES, _DIGEST_DIGITS))


def short(name: str) -> str:
    encoded = name.encode()
    beginning = encoded[:_BEGINNING_BYTES].decode(errors="ignore")
    return f"{beginning}~{hashlib.sha256(encoded).hexdigest()[:_DIGEST_DIGITS]}"


def long(name: str) -> str:
    """Return the name that clients know for one that the engine has."""
    return LONG.get(name, name)


def of_engine(name: str) -> str:
    """Return the name that the engine has for one that clients know."""
    return short(name) if len(name.encode()) > ENGINE_BYTES else name


def restored(kind: bytes, body: bytes) -> bytes:
    """Return a message of the engine with the long names back in it."""
    if not LONG or b"~" not in body:
        return body
    if kind == b"D":
        return wire.data_row([None if cell is None else _long(cell) for cell in wire.cells(body)])
    return _long(body) if kind in b"TEN" else body


def _long(text: bytes) -> bytes:
    return _SHORT.sub(_replaced, text)


def _replaced(found: re.Match[bytes]) -> bytes:
    """What precedes a name may look like its beginning, so each end of it is tried."""
    text = found.group()
    for at in range(len(text) - _DIGEST_DIGITS - 1):
        name = LONG.get(text[at:].decode(errors="ignore"))
        if name:
            return text[:at] + name.encode()
    return text
