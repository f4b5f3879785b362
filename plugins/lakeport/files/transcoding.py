"""How text is written: COPY reads five encodings, Python every other one.

What is no character in its encoding becomes the byte 0xFF, which is none in UTF-8 either: COPY then rejects that row
alone, or replaces the character where the schema says `acceptinvchars`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import IO

from lakeport.files.streams import Readable, chunks_of, stream_of

UTF8 = "utf8"
COPYS = (UTF8, "utf16", "utf16le", "utf16be", "iso88591")
_CODECS = {"utf16": "utf-16", "utf16le": "utf-16-le", "utf16be": "utf-16-be", "iso88591": "iso8859-1"}
_NAMES = {codec: name for name, codec in _CODECS.items()} | {"utf-8": UTF8}
# Codecs of text, but of no files: host names, Python's string literals, and a frame for other codecs.
_NO_FILES = {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "charmap"}
_INVALID = "\udcff"


def checked_encoding(name: object) -> str:
    """Return an encoding by the name that schemas know it by; raises ValueError where Python does not read it."""
    codec = _codec(str(name).lower())
    # bz2, hex or rot13 are codecs, too, but what they give or take is no text.
    if codec is None or not codec._is_text_encoding or codec.name.replace("_", "-") in _NO_FILES:
        raise ValueError(
            f"{str(name)[:40]!r} is no encoding of text; COPY reads {', '.join(COPYS)}, "
            "and all others that Python knows are converted, as in cp1252 or shift_jis"
        )
    return _NAMES.get(codec.name, codec.name)


def _codec(name: str) -> codecs.CodecInfo | None:
    if not re.fullmatch(r"[a-z0-9_-]{1,40}", name):
        return None
    try:
        return codecs.lookup(_CODECS.get(name, name))
    except LookupError:
        return None


def utf8_stream(stream: IO[bytes], encoding: str) -> IO[bytes]:
    """Return a stream of the same text in UTF-8, with the same lines."""
    return stream if encoding == UTF8 else stream_of(in_utf8(stream, encoding))


def in_utf8(stream: Readable, encoding: str) -> Iterator[bytes]:
    """Yield the text in UTF-8; raises ValueError where the encoding cannot go on behind a wrong byte."""
    codecs.register_error("lakeport.invalid", _as_invalid)
    decoder = codecs.getincrementaldecoder(_CODECS.get(encoding, encoding))("lakeport.invalid")
    for data in chunks_of(stream):
        yield decoder.decode(data).encode("utf-8", "surrogateescape")
    yield decoder.decode(b"", final=True).encode("utf-8", "surrogateescape")


def _as_invalid(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _INVALID, error.end
