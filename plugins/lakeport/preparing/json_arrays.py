"""A JSON array becomes what COPY reads: its elements one after the other, each a line, so the n-th is line n."""

from __future__ import annotations

from collections.abc import Iterator
from json.encoder import encode_basestring
from textwrap import shorten
from typing import Any

import ijson

from lakeport.errors import UnloadableFile
from lakeport.streams import Readable

_PIECE_CHARACTERS = 1 << 18
_MAX_DEPTH = 1000
_MAX_VALUE_BYTES = 16 << 20  # COPY takes objects of at most 4 MB
_MARK = b"\xef\xbb\xbf"
_OPENING = {"start_map": "{", "start_array": "["}
_CLOSING = {"end_map": "}", "end_array": "]"}
_WORDS = {True: "true", False: "false", None: "null"}


def objects_of(stream: Readable, name: str) -> Iterator[bytes]:
    """Yield the array's elements as lines; numbers keep every digit.

    Raises UnloadableFile where the text is no array of objects (or of arrays, which jsonpaths can read).
    """
    try:
        for text in _pieces(_Text(stream, name).events(), name):
            yield text.encode()
    except (ijson.JSONError, ValueError, SystemError) as error:  # the last for a number of thousands of digits
        raise UnloadableFile(f"{name} is no readable JSON array: {shorten(str(error), 200)}") from error


def _pieces(events: Iterator[tuple[str, Any]], name: str) -> Iterator[str]:
    kind, _ = next(events, ("nothing", None))
    if kind != "start_array":
        raise UnloadableFile(f"{name} is no JSON array; for objects one after the other write layout: objects")
    parts, characters = list[str](), 0
    for text in _texts(events, name):
        parts.append(text)
        characters += len(text)
        if characters > _PIECE_CHARACTERS:
            yield "".join(parts)
            parts, characters = [], 0
    yield "".join(parts)


def _texts(events: Iterator[tuple[str, Any]], name: str) -> Iterator[str]:
    """Yield the text of each event behind the array's own bracket."""
    depth, elements, before = 0, 0, ""
    for kind, value in events:
        if kind in _CLOSING:
            depth -= 1
            yield _CLOSING[kind] if depth >= 0 else ""
            before = ","
        else:
            elements += depth == 0
            if depth == 0 and kind not in _OPENING:
                raise UnloadableFile(f"{name}: element {elements} of the array is {kind}, no object")
            yield before if depth else ""
            yield _text(kind, value)
            before = "" if kind in _OPENING or kind == "map_key" else ","
            depth += kind in _OPENING
        if depth > _MAX_DEPTH:
            raise UnloadableFile(f"{name}: element {elements} is nested more than {_MAX_DEPTH:,} deep")
        if depth == 0:
            yield "\n"


def _text(kind: str, value: Any) -> str:
    if kind in _OPENING:
        return _OPENING[kind]
    if kind in ("map_key", "string"):
        return encode_basestring(value) + ":" * (kind == "map_key")
    return _WORDS[value] if kind in ("boolean", "null") else str(value)


class _Text:
    """The stream, without the mark that some programs write before UTF-8, and never a long way without an event."""

    def __init__(self, stream: Readable, name: str) -> None:
        self._stream = stream
        self._name = name
        self._is_start = True
        self._bytes = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._bytes += len(data)
        if self._bytes > _MAX_VALUE_BYTES:
            raise UnloadableFile(f"{self._name} holds a value of more than {_MAX_VALUE_BYTES:,} bytes")
        if self._is_start and size >= len(_MARK):
            self._is_start = False
            return data.removeprefix(_MARK) or self._stream.read(size)
        return data

    def events(self) -> Iterator[tuple[str, Any]]:
        for event in ijson.basic_parse(self):
            self._bytes = 0
            yield event
