"""Derive legal names from a sample: of its file type, its folder and pattern, its columns."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from lakeport.schema.column import LOADED_AT
from lakeport.schema.values import IDENTIFIER

_TYPE_CHARACTERS = 45
_COLUMN_CHARACTERS = 56
_ENDING = re.compile(
    r"(\.(csv|tsv|psv|txt|dat|tbl|json|jsonl|ndjson|parquet|orc|avro|xlsx|xml|tar|gz|tgz|bz2|zst|lzo|zip))+$",
    re.IGNORECASE,
)
_CHANGING = re.compile(r"[-_. ]?\d[-_.:\dTZ ]*")
# Up to three digits after a letter are a part of the name, as in sp500; dates and other numbers change.
_FIRST_CHANGING = re.compile(r"(?:[-_. ]|(?<![A-Za-z\d]))\d|(?<=[A-Za-z])\d{4}")


def type_name(file_name: str) -> str:
    """Return a file type's name for a file: its name without ending, dates and numbers that change."""
    start, rest = _split(file_name)
    name = _plain(start + _CHANGING.sub("_", rest))[:_TYPE_CHARACTERS].strip("_")
    return name if name[:1].isalpha() else (f"type_{name}"[:_TYPE_CHARACTERS].strip("_") if name else "my_files")


def pattern(file_name: str, name: str) -> str:
    """Return the pattern that matches this file and similar ones: the part that changes becomes a *."""
    stem = _stem(file_name)
    ending = file_name[len(stem) :]
    start, rest = _split(file_name)
    start += re.match(r"\D*", rest)[0]  # type: ignore[index]  # matches even nothing
    return f"{name}/{re.sub(r'[][*?]', '?', start)}*{re.sub(r'[][*?]', '?', ending)}"


def column_names(words: Iterable[str]) -> list[str]:
    """Return a legal name for each of a header's words, no two the same."""
    names: list[str] = []
    for number, word in enumerate(words, start=1):
        lower = word.strip().lower()
        name = lower if re.fullmatch(IDENTIFIER, lower) else _plain(word)[:_COLUMN_CHARACTERS].strip("_")
        name = name if name and not name[0].isdigit() else f"column_{name or number}"
        names.append(_unused(name, {*names, LOADED_AT}))
    return names


def headers_of(names: Sequence[str], words: Sequence[str]) -> dict[str, str]:
    """Return the word in the header for each column whose name differs from it or whose word is a duplicate."""
    doubled = {word for word, times in Counter(word.strip().lower() for word in words).items() if times > 1}
    pairs = zip(names, words, strict=True)
    return {name: word for name, word in pairs if word.strip().lower() != name or word.strip().lower() in doubled}


def _unused(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def _split(file_name: str) -> tuple[str, str]:
    """Return the part of a name that stays the same in other files, and the rest."""
    stem = _stem(file_name)
    changing = _FIRST_CHANGING.search(stem)
    at = changing.start() if changing else len(stem)
    return stem[:at], stem[at:]


def _stem(file_name: str) -> str:
    name = PurePath(file_name).name
    return _ENDING.sub("", name) or name


def _plain(text: str) -> str:
    """Write a text with the characters of identifiers: é becomes e, % percent, the rest an underscore."""
    text = text.replace("%", " percent ").replace("ß", "ss").replace("&", " and ")
    ascii_ = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", ascii_)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
