"""Read the rows of an XML document as a stream: each element of one name is a row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lakeport.errors import UnloadableFile
from lakeport.files.streams import Readable
from lakeport.preparing.rows import Record
from lakeport.preparing.xml_documents import MAX_ROW_CHARACTERS, Document, is_nil, local
from lakeport.schema.column import Column

_TEXTS = ("varchar", "char", "super")
_encode = json.JSONEncoder(ensure_ascii=False).encode


def xml_records(stream: Readable, row: str, columns: Sequence[Column], name: str) -> Iterator[Record]:
    """Yield a record for each element with the name of a row, with the line where it begins.

    Raises UnloadableFile if the rest of the document cannot be read, or if it has elements, but none of that name.
    """
    document = Document(name)
    rows = _Rows(row, columns, document)
    for _ in document.read(stream, rows.start, rows.end, rows.text):
        yield from rows.taken()
    rows.check_end()


class _Rows:
    """What the parser has found: complete rows, and the path and the values of the current one."""

    def __init__(self, row: str, columns: Sequence[Column], document: Document) -> None:
        self._row, self._document = row, document
        self._columns: dict[str, list[Column]] = {}
        for column in columns:
            self._columns.setdefault(column.name if column.at is None else column.at, []).append(column)
        self._done: list[Record] = []
        self._paths: list[str] = []  # of the open elements of the current row; outside rows there are none
        self._depth = self._line = self._count = self._elements = self._characters = 0
        self._texts: list[list[str] | None] = []
        self._found: dict[str, str | None] = {}
        self._problem = ""

    def taken(self) -> Iterator[Record]:
        """Yield the rows that were completed since the last call."""
        done, self._done = self._done, []
        yield from done

    def check_end(self) -> None:
        """Raise UnloadableFile if the document has elements below its root, but no rows."""
        if self._elements > 1 and not self._count:
            raise UnloadableFile(
                f"{self._document.name} has no element {self._row!r}; change format.row, or ask the sender for another "
                "document"
            )

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Open an element."""
        tag, path = local(name), ""
        self._depth += 1
        self._document.check_depth(self._depth)
        if self._paths:
            above = self._paths[-1]
            path = f"{above}/{tag}" if above else tag
        elif tag == self._row:
            self._begin_row()
        else:
            self._elements += 1
            return
        self._paths.append(path)
        for attribute, value in attributes.items():
            self._add(f"{path}/@{local(attribute)}" if path else f"@{local(attribute)}", value)
        is_wanted = (path or ".") in self._columns
        is_null = is_wanted and is_nil(attributes)
        self._texts.append([] if is_wanted and not is_null else None)
        if is_null:
            self._add(path or ".", None)

    def _begin_row(self) -> None:
        self._line = self._document.line
        self._found, self._problem, self._characters = {}, "", 0
        self._count += 1

    def text(self, text: str) -> None:
        """Add a text to the current element."""
        if self._texts and (texts := self._texts[-1]) is not None:
            self._limit(len(text))
            texts.append(text)

    def _limit(self, characters: int) -> None:
        self._characters += characters
        if self._characters > MAX_ROW_CHARACTERS:
            most = f"{MAX_ROW_CHARACTERS:,} characters, the maximum"
            raise self._document.refused(f"is in a row of more than {most}; ask the sender for smaller rows")

    def _add(self, path: str, value: str | None) -> None:
        if path not in self._columns:
            return
        if path in self._found:
            self._problem = self._problem or f"{path} occurs several times in the row"
        self._found[path] = value
        self._limit(len(value or ""))

    def end(self, _: str) -> None:
        """Close the current element."""
        self._depth -= 1
        if not self._paths:
            return
        path, texts = self._paths.pop(), self._texts.pop()
        if texts is not None:
            self._characters -= sum(map(len, texts))  # _add counts them again
            self._add(path or ".", "".join(texts))
        if not self._paths:
            self._done.append(Record(self._line, self._raw(), self._values(), self._problem))

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
