"""Convert a JSON array to lines that COPY reads: each element is a line, so the n-th element is line n."""

from __future__ import annotations

from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any

import ijson

from lakeport.errors import UnloadableFile
from lakeport.files.json_text import JsonText, reason_of
from lakeport.files.streams import Readable
from lakeport.schema.file_type import FileType

_PIECE_CHARACTERS = 1 << 18
_MAX_DEPTH = 1000
_OPENING = {"start_map": "{", "start_array": "["}
_CLOSING = {"end_map": "}", "end_array": "]"}
_WORDS = {True: "true", False: "false", None: "null"}


def objects_of(stream: Readable, file_type: FileType, name: str) -> Iterator[bytes]:
    """Yield the array's elements as lines; numbers keep every digit.

    Raises UnloadableFile if the text is not an array of objects (or of arrays, which jsonpaths can read).
    """
    try:
        for text in _pieces(_events(JsonText(stream, name)), name):
            yield text.encode()
    except (ijson.JSONError, ValueError) as error:
        reason = file_type.rejects.values_in_message(reason_of(error))
        found = f"{name} is not a readable JSON array: {reason}"
        raise UnloadableFile(f"{found}; ask the sender for valid JSON") from error


def _events(text: JsonText) -> Iterator[tuple[str, Any]]:
    for event in ijson.basic_parse(text):
        text.value_ended()
        yield event


def _pieces(events: Iterator[tuple[str, Any]], name: str) -> Iterator[str]:
    kind, _ = next(events, ("nothing", None))
    if kind != "start_array":
        raise UnloadableFile(f"{name} is not a JSON array; set format.layout to objects if it has consecutive objects")
    parts, characters = list[str](), 0
    for text in _texts(events, name):
        parts.append(text)
        characters += len(text)
        if characters > _PIECE_CHARACTERS:
            yield "".join(parts)
            parts, characters = [], 0
    yield "".join(parts)


def _texts(events: Iterator[tuple[str, Any]], name: str) -> Iterator[str]:
    """Yield the text of each event inside the outer array."""
    depth, elements, before = 0, 0, ""
    for kind, value in events:
        if kind in _CLOSING:
            depth -= 1
            yield _CLOSING[kind] if depth >= 0 else ""
            before = ","
        else:
            elements += depth == 0
            if depth == 0 and kind not in _OPENING:
                found = f"element {elements} of the array is a {kind}, not an object"
                raise UnloadableFile(f"{name}: {found}; ask the sender for an array of objects")
            yield before if depth else ""
            yield _text(kind, value)
            before = "" if kind in _OPENING or kind == "map_key" else ","
            depth += kind in _OPENING
        if depth > _MAX_DEPTH:
            found = f"element {elements} is nested more than {_MAX_DEPTH:,} levels deep, the maximum"
            raise UnloadableFile(f"{name}: {found}; ask the sender for flatter objects")
        if depth == 0:
            yield "\n"


def _text(kind: str, value: Any) -> str:
    if kind in _OPENING:
        return _OPENING[kind]
    if kind in ("map_key", "string"):
        return encode_basestring(value) + ":" * (kind == "map_key")
    return _WORDS[value] if kind in ("boolean", "null") else str(value)
