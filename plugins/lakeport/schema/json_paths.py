"""JSONPaths, as far as COPY supports them: where a document holds a column's value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_DOT = re.compile(r"\$(?:\.[^\s*.\[\]'\"]+|\[\d{1,9}\])*")
_BRACKET = re.compile(r"\$(?:\['[^'\"]+'\]|\[\d{1,9}\])*")
_STEP = re.compile(r"\.([^\s.\[\]'\"]+)|\['([^'\"]+)'\]|\[(\d+)\]")


def checked_path(path: str) -> str:
    """Return a path that COPY reads; raises ValueError for any other."""
    if not _DOT.fullmatch(path) and not _BRACKET.fullmatch(path):
        raise ValueError(
            f"{path!r} is not a path; write $.name, $.name[0].part, or all of them as $['name'][0]['part']"
        )
    return path


def checked_paths(paths: Sequence[str]) -> None:
    """Raise ValueError where the paths are of two notations, which COPY does not take together."""
    dotted = next((path for path in paths if not _BRACKET.fullmatch(path)), None)
    bracketed = next((path for path in paths if not _DOT.fullmatch(path)), None)
    if dotted and bracketed:
        raise ValueError(f"mix two notations, {dotted} and {bracketed}; COPY takes one of them in all paths")


def value_at(document: Any, path: str) -> Any:
    """Return the value at the path; raises KeyError, IndexError or TypeError if there is none."""
    for match in _STEP.finditer(path):
        document = document[int(match[3])] if match[3] else document[match[1] or match[2]]
    return document
