"""Read the rows of an XML document as a stream: each element of one name is a row.

A document may be harmful: document types and entities are refused, and depth and lengths are limited.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.parsers import expat  # nosec B406 - document types and entities are refused below

from lakeport.errors import UnloadableFile
from lakeport.files.streams import Readable
from lakeport.preparing.rows import Record
from lakeport.schema.table import Column

_CHUNK_BYTES = 1 << 16
_MAX_DEPTH = 200
_MAX_ROW_CHARACTERS = 16 << 20  # COPY takes rows of at most 4 MB
_TEXTS = ("varchar", "char", "super")
_NAMESPACE = "|"
_encode = json.JSONEncoder(ensure_ascii=False).encode
_NIL = "http://www.w3.org/2001/XMLSchema-instance|nil"


def xml_records(stream: Readable, row: str, columns: Sequence[Column], name: str) -> Iterator[Record]:
    """Yield a record for each element with the name of a row, with the line where it begins.

    Raises UnloadableFile if the rest of the document cannot be read, or if it has elements, but none of that name.
    """
    rows, fed = _Rows(row, columns, name), 0
    try:
        while data := stream.read(_CHUNK_BYTES):
            rows.parser.Parse(data, False)
            fed += len(data)
            if fed - rows.parser.CurrentByteIndex > _MAX_ROW_CHARACTERS:
                raise rows.refused(f"has a tag of more than {_MAX_ROW_CHARACTERS:,} bytes, the maximum")
            yield from rows.taken()
        rows.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise UnloadableFile(f"{name} is not a readable XML document: {error}; ask the sender for it again") from error
    yield from rows.taken()
    rows.check_end()


class _Rows:
    """What the parser has found: complete rows, and the path and the values of the current one."""

    def __init__(self, row: str, columns: Sequence[Column], name: str) -> None:
        self._row, self._name = row, name
        self._columns: dict[str, list[Column]] = {}
        for column in columns:
            self._columns.setdefault(column.name if column.at is None else column.at, []).append(column)
        self._done: list[Record] = []
        self._open: list[str] = []
        self._depth_of_row = 0  # outside rows
        self._line = self._count = self._elements = self._characters = 0
        self._texts: list[list[str] | None] = []
        self._found: dict[str, str | None] = {}
        self._problem = ""
        self.parser = self._new_parser()

    def _new_parser(self) -> Any:
        parser = expat.ParserCreate(namespace_separator=_NAMESPACE)
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse_definitions
        parser.EntityDeclHandler = self._refuse_definitions
        return parser

    def taken(self) -> Iterator[Record]:
        """Yield the rows that were completed since the last call."""
        done, self._done = self._done, []
        yield from done

    def check_end(self) -> None:
        """Raise UnloadableFile if the document has elements below its root, but no rows."""
        if self._elements > 1 and not self._count:
            raise UnloadableFile(
                f"{self._name} has no element {self._row!r}; change format.row, or ask the sender for another document"
            )

    def refused(self, what: str) -> UnloadableFile:
        """Return the error for something that no document may have."""
        return UnloadableFile(f"{self._name}: line {self.parser.CurrentLineNumber} {what}")

    def _refuse_definitions(self, *_: object) -> None:
        raise self.refused("has a DOCTYPE or ENTITY definition, which is not allowed; ask the sender to omit it")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._open.append(_local(name))
        self._elements += 1
        if len(self._open) > _MAX_DEPTH:
            raise self.refused(f"is nested more than {_MAX_DEPTH} levels deep, the maximum")
        if not self._depth_of_row and self._open[-1] == self._row:
            self._begin_row()
        if not self._depth_of_row:
            return
        path = self._path()
        for attribute, value in attributes.items():
            self._add(f"{path}/@{_local(attribute)}" if path else f"@{_local(attribute)}", value)
        is_nil = attributes.get(_NIL) in ("true", "1")
        is_wanted = (path or ".") in self._columns
        self._texts.append([] if is_wanted and not is_nil else None)
        if is_wanted and is_nil:
            self._add(path or ".", None)

    def _begin_row(self) -> None:
        self._depth_of_row, self._line = len(self._open), self.parser.CurrentLineNumber
        self._found, self._problem, self._characters = {}, "", 0
        self._count += 1

    def _path(self) -> str:
        return "/".join(self._open[self._depth_of_row :])

    def _text(self, text: str) -> None:
        if self._depth_of_row and (texts := self._texts[-1]) is not None:
            self._limit(len(text))
            texts.append(text)

    def _limit(self, characters: int) -> None:
        self._characters += characters
        if self._characters > _MAX_ROW_CHARACTERS:
            raise self.refused(f"is in a row of more than {_MAX_ROW_CHARACTERS:,} characters, the maximum")

    def _add(self, path: str, value: str | None) -> None:
        if path not in self._columns:
            return
        if path in self._found:
            self._problem = self._problem or f"{path} occurs several times in the row"
        self._found[path] = value
        self._limit(len(value or ""))

    def _end(self, _: str) -> None:
        if self._depth_of_row:
            texts = self._texts.pop()
            if texts is not None:
                self._characters -= sum(map(len, texts))  # _add counts them again
                self._add(self._path() or ".", "".join(texts))
            if len(self._open) == self._depth_of_row:
                self._depth_of_row = 0
                self._done.append(Record(self._line, self._raw(), self._values(), self._problem))
        self._open.pop()

    def _raw(self) -> str:
        return _encode(self._found)

    def _values(self) -> dict[str, Any]:
        return {
            column.name: _value(self._found.get(path), column)
            for path, columns in self._columns.items()
            for column in columns
        }


def _value(text: str | None, column: Column) -> str | None:
    """Return a value as its column takes it: XML collapses blanks around everything but text."""
    return text if text is None or column.type.name in _TEXTS else text.strip()


def _local(name: str) -> str:
    return name.rpartition(_NAMESPACE)[2]
