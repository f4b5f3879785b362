"""Infer a schema from JSON: consecutive objects, one in a line or not, or an array of objects."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from lakeport.errors import SampleError
from lakeport.files.lossy_values import is_kept_in_json, is_written_alike
from lakeport.inference.dialect import encoding
from lakeport.inference.encodings import Encoding
from lakeport.inference.naming import column_names
from lakeport.inference.opening import Sample
from lakeport.inference.profile import Profile
from lakeport.inference.reading import Reading

_PIECE = 1 << 20
_BLANK = re.compile(r"\s*")
_HALF = re.compile("[\ud800-\udfff]")  # of a character that UTF-16 writes in two
_NOT_IN_A_PATH = re.compile("['\"\0\ud800-\udfff]")
_BETWEEN = re.compile(r"[\s,\[\]]*")  # what surrounds an array's elements
_ROWS_AT_ONCE = 20_000
_MAX_KEYS = 1599


class _Number(str):
    """A number, with the digits that are in the file."""

    __slots__ = ()


def read(sample: Sample, most_rows: int | None) -> Reading:
    """Read a JSON sample."""
    has_mark = sample.peek().startswith(codecs.BOM_UTF8)
    text_encoding = encoding(sample.peek())
    start = sample.peek().decode(text_encoding, "replace").lstrip()
    is_array = start.startswith("[")
    documents = _documents(sample, text_encoding, is_array=is_array)
    profiles: dict[str, Profile] = {}
    numbers: dict[str, str] = {}
    reading = Reading({"type": "json"}, {})
    if is_array:
        reading.format["layout"] = "array"
    if text_encoding.startswith("utf-16"):
        reading.encoding = Encoding(text_encoding.replace("-", ""))
    elif has_mark and not is_array:
        reading.encoding = Encoding("utf-8-sig")
    while most_rows is None or reading.rows < most_rows:
        wanted = _ROWS_AT_ONCE if most_rows is None else min(_ROWS_AT_ONCE, most_rows - reading.rows)
        block = list(islice(documents, wanted))
        if not block:
            break
        _add(profiles, numbers, block, reading.rows)
        reading.rows += len(block)
    reading.is_whole = next(documents, None) is None
    if not reading.rows or not profiles:
        raise SampleError(f"{sample.path}: there is no JSON object; use a sample that has some")
    reading.problems = [f"key {key!r}: {problem}" for key, each in profiles.items() if (problem := _problem(each))]
    names = column_names(profiles)
    reading.notations = {name: numbers[key] for name, key in zip(names, profiles, strict=True) if key in numbers}
    reading.profiles = dict(zip(names, profiles.values(), strict=True))
    name_keys(reading, dict(zip(names, profiles, strict=True)))
    return reading


def _problem(profile: Profile) -> str:
    """Return why COPY would reject or change a value, whatever the column's type is, or nothing."""
    for value in profile.distinct:
        if "\0" in value or _HALF.search(value):
            return f"the text {value!a:.60} has a NUL or half a character, which COPY rejects; ask for texts without"
    if profile.kinds == {"number"}:
        for value in profile.distinct:
            if not is_kept_in_json(value):
                return f"COPY may change the number {value:.60}, which no double has; ask the sender for texts"
    return ""


def name_keys(reading: Reading, keys: dict[str, str]) -> None:
    """Set how COPY finds the values of keys that differ from the columns' names: in any case, or by JSONPaths."""
    for name in [name for name, key in keys.items() if not key or _NOT_IN_A_PATH.search(key)]:
        reading.notes.append(f"key {keys.pop(name)!a:.200} is left out: a JSONPath cannot contain this key")
        del reading.profiles[name]
        reading.ignores_fields = True
    if not reading.profiles:
        raise SampleError("\n".join(["the file has no key that COPY can read", *reading.notes]))
    if all(name == key for name, key in keys.items()):
        return
    if all(name == key.lower() for name, key in keys.items()):
        reading.format["ignorecase"] = True
    else:
        reading.format["jsonpaths"] = [f"$['{key}']" for key in keys.values()]
        reading.ignores_fields = False  # paths replace the names of the fields


def _documents(sample: Sample, text_encoding: str, *, is_array: bool) -> Iterator[dict[str, Any]]:
    stream = io.TextIOWrapper(sample.stream, text_encoding)
    try:
        for document in _values(sample, stream, _BETWEEN if is_array else _BLANK):
            if not isinstance(document, dict):
                raise SampleError(_not_an_object(sample, document))
            yield document
    finally:
        stream.detach()  # `opened` closes the sample


def _values(sample: Sample, stream: io.TextIOWrapper, between: re.Pattern[str]) -> Iterator[object]:
    decoder = json.JSONDecoder(parse_float=_Number, parse_int=_Number, parse_constant=_Number)
    text, at, is_over = "", 0, False
    while True:
        at = between.match(text, at).end()  # type: ignore[union-attr]  # matches even nothing
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            value, end, problem = None, -1, error
        if end in (-1, len(text)) and not is_over:  # there may be more of it
            more = stream.read(_PIECE + len(text) - at)
            text, at, is_over = text[at:] + more, 0, not more
        elif at == len(text):
            return
        elif end < 0:
            raise SampleError(f"{sample.path}: invalid JSON at {text[at : at + 40]!r}: {problem}")
        else:
            yield value
            at = end


def _not_an_object(sample: Sample, document: object) -> str:
    return f"{sample.path}: expected a JSON object, found {json.dumps(document)[:40]}"


def _add(profiles: dict[str, Profile], numbers: dict[str, str], block: list[dict[str, Any]], rows_before: int) -> None:
    """Add the values of objects to the profiles, and to `numbers` one that has several notations for each key."""
    for key in (key for document in block for key in document if key not in profiles):
        if key not in profiles:
            profiles[key] = Profile()
            profiles[key].add_nothing(rows_before)
    if len(profiles) > _MAX_KEYS:
        raise SampleError(
            f"the objects have more than {_MAX_KEYS} different keys, the most columns that a table can have"
        )
    for key, profile in profiles.items():
        kinds: dict[str, Counter[str]] = {}
        for document in block:
            kind, text = _kind_and_text(document.get(key))
            kinds.setdefault(kind, Counter())[text] += 1
        if others := [text for text in kinds.get("number", ()) if not is_written_alike(text)]:
            numbers.setdefault(key, others[0])
        for kind, texts in kinds.items():
            if kind == "nothing":
                profile.add_nothing(texts.total())
            else:
                profile.add(texts, kind)


def _kind_and_text(value: object) -> tuple[str, str]:
    if value is None:
        return "nothing", ""
    if isinstance(value, bool):
        return "boolean", "true" if value else "false"
    if isinstance(value, _Number):
        return "number", str(value)
    return ("string", value) if isinstance(value, str) else ("nested", json.dumps(value))
