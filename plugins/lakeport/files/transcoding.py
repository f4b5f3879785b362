"""Convert text to UTF-8: COPY reads five encodings, Python all others.

A byte that is not valid in its encoding becomes 0xFF, which is not valid in UTF-8: COPY then rejects that row only, or
replaces the character if the schema sets `acceptinvchars`.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import IO

from lakeport.files.streams import Readable, chunks_of, stream_of
from lakeport.schema.encodings import CODECS, UTF8

_INVALID = "\udcff"


def utf8_stream(stream: IO[bytes], encoding: str) -> IO[bytes]:
    """Return a stream of the same text in UTF-8, with the same lines."""
    return stream if encoding == UTF8 else stream_of(in_utf8(stream, encoding))


def in_utf8(stream: Readable, encoding: str) -> Iterator[bytes]:
    """Yield the text in UTF-8; raises ValueError if the encoding cannot continue after an invalid byte."""
    codecs.register_error("lakeport.invalid", _as_invalid)
    decoder = codecs.getincrementaldecoder(CODECS.get(encoding, encoding))("lakeport.invalid")
    for data in chunks_of(stream):
        yield decoder.decode(data).encode("utf-8", "surrogateescape")
    yield decoder.decode(b"", final=True).encode("utf-8", "surrogateescape")


def _as_invalid(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _INVALID, error.end
