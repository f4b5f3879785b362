"""Take the columns' values out of a JSON document: by name, by JSONPath, or the document as a whole."""

import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import orjson

from local.redshift.copy import utf8
from local.redshift.copy.columns import Column, Type
from local.redshift.protocol.errors import CopyError, FieldError

Json = Any
"""Whatever a document holds: JSON has no narrower type."""
Shred = Callable[[Json], list[str | None]]
"""Returns a text for each column; raises FieldError for a document that it cannot split."""
Path = tuple[str | int, ...]

_DOTTED = re.compile(r"\$(?:\.[^.\[\]'\s]+|\[\d+\])*\Z")
_BRACKETED = re.compile(r"\$(?:\['[^']+'\]|\[\d+\])*\Z")
_STEP = re.compile(r"\.([^.\[\]]+)|\['([^']+)'\]|\[(\d+)\]")


def by_name(columns: Sequence[Column], *, ignores_case: bool) -> Shred:
    def shred(document: Json) -> list[str | None]:
        if not isinstance(document, dict):
            raise FieldError(1216, "Invalid JSONPath format: Member is not an object.")
        members = {name.lower(): value for name, value in document.items()} if ignores_case else document
        return [text(members.get(column.name), column) for column in columns]

    return shred


def by_path(columns: Sequence[Column], paths: Sequence[Path]) -> Shred:
    if len(paths) != len(columns):
        raise CopyError(
            f"Number of jsonpaths and the number of columns should match. JSONPath size: {len(paths)}, "
            f"Number of columns in table or column list: {len(columns)}"
        )

    def shred(document: Json) -> list[str | None]:
        return [text(_follow(document, path), column) for column, path in zip(columns, paths, strict=True)]

    return shred


def whole(columns: Sequence[Column]) -> Shred:
    if [column.type for column in columns] != [Type.SUPER]:
        raise CopyError("JSON 'noshred' loads into a single column of type SUPER")
    return lambda document: [orjson.dumps(document).decode()]


def read_paths(content: bytes) -> list[Path] | None:
    """Read a JSONPaths file; None if it has no such list, which makes COPY go by names."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CopyError(f"Invalid JSONPaths file: {error}") from None
    if not isinstance(document, dict):
        raise CopyError("Invalid JSONPaths file: it must hold one object")
    if "jsonpaths" not in document:
        return None
    paths = document["jsonpaths"]
    if not isinstance(paths, list) or not paths or not all(isinstance(path, str) and path for path in paths):
        raise CopyError("Invalid JSONPaths file: jsonpaths must be a list of strings")
    if not (all(map(_DOTTED.match, paths)) or all(map(_BRACKETED.match, paths))):
        raise CopyError("Invalid JSONPath format: use dot notation or bracket notation, one in all paths of a file")
    return [_steps(path) for path in paths]


def text(value: Json, column: Column) -> str | None:
    """Return a member as the text of a field; objects and arrays stay JSON, and so does all of a SUPER."""
    if value is None or (type(value) is str and column.type is not Type.SUPER):
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is bytes:  # Avro has them, JSON has not
        return utf8.decoded(value)
    if isinstance(value, int | float | Decimal):
        return str(value)
    try:
        return orjson.dumps(value, default=_plain).decode()
    except TypeError:  # a number of more than 64 bits, or bytes that are not UTF-8
        return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Json) -> Json:
    return float(value) if isinstance(value, Decimal) else utf8.decoded(value)


def _steps(path: str) -> Path:
    return tuple(int(index) if index else (dotted or quoted) for dotted, quoted, index in _STEP.findall(path))


def _follow(document: Json, path: Path) -> Json:
    """Walk a path: a missing member is NULL, a missing element is an error."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(document, list) or step >= len(document):
                raise FieldError(1216, "Invalid JSONPath format: Not an array or index out of range.")
            document = document[step]
        elif isinstance(document, dict):
            document = document.get(step)
        elif document is None:
            return None
        else:
            raise FieldError(1216, "Invalid JSONPath format: Member is not an object.")
    return document
