"""The names of text encodings: COPY reads five, Python converts every other one."""

from __future__ import annotations

import codecs
import re

UTF8 = "utf8"


COPYS = (UTF8, "utf16", "utf16le", "utf16be", "iso88591")


CODECS = {"utf16": "utf-16", "utf16le": "utf-16-le", "utf16be": "utf-16-be", "iso88591": "iso8859-1"}


_NAMES = {codec: name for name, codec in CODECS.items()} | {"utf-8": UTF8}


# Codecs of text, but of no files: host names, Python's string literals, and a frame for other codecs.
_NO_FILES = {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "charmap"}


def checked_encoding(name: object) -> str:
    """Return the name of an encoding that schemas use; raises ValueError if Python does not support it."""
    codec = _codec(str(name).lower())
    # bz2, hex or rot13 are codecs, too, but not between text and bytes.
    if codec is None or not codec._is_text_encoding or codec.name.replace("_", "-") in _NO_FILES:
        raise ValueError(
            f"{str(name)[:40]!r} is not a text encoding; COPY reads {', '.join(COPYS)}, "
            "and all others that Python knows are converted, as in cp1252 or shift_jis"
        )
    return _NAMES.get(codec.name, codec.name)


def _codec(name: str) -> codecs.CodecInfo | None:
    if not re.fullmatch(r"[a-z0-9_-]{1,40}", name):
        return None
    try:
        return codecs.lookup(CODECS.get(name, name))
    except LookupError:
        return None
