"""Parse XML documents as streams.

A document may be harmful: document types and entities are refused, and depth and lengths are limited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.parsers import expat  # nosec B406 - document types and entities are refused below

from lakeport.errors import UnloadableFile
from lakeport.files.streams import Readable

MAX_ROW_CHARACTERS = 16 << 20  # COPY takes rows of at most 4 MB
_MAX_DEPTH = 200
_CHUNK_BYTES = 1 << 16
_NAMESPACE = "|"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NIL = f"{XSI}|nil"


class Document:
    """A document whose elements and texts are passed to handlers, in their order."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._parser: Any = expat.ParserCreate(namespace_separator=_NAMESPACE)
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._parser.EntityDeclHandler = self._refuse_definitions

    @property
    def line(self) -> int:
        """Return the line of the current element or text."""
        return int(self._parser.CurrentLineNumber)

    def read(
        self,
        stream: Readable,
        start: Callable[[str, Mapping[str, str]], None],
        end: Callable[[str], None],
        text: Callable[[str], None],
    ) -> Iterator[None]:
        """Parse the document in pieces, and yield after each; raises UnloadableFile if the rest cannot be read."""
        parser, fed = self._parser, 0
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
        try:
            while data := stream.read(_CHUNK_BYTES):
                parser.Parse(data, False)
                fed += len(data)
                if fed - parser.CurrentByteIndex > MAX_ROW_CHARACTERS:
                    most = f"{MAX_ROW_CHARACTERS:,} bytes, the maximum"
                    raise self.refused(f"has a tag of more than {most}; ask the sender for smaller elements")
                yield
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise UnloadableFile(
                f"{self.name} is not a readable XML document: {error}; ask the sender for it again"
            ) from error
        yield

    def check_depth(self, depth: int) -> None:
        """Raise UnloadableFile if elements are nested too deep."""
        if depth > _MAX_DEPTH:
            most = f"{_MAX_DEPTH} levels deep, the maximum"
            raise self.refused(f"is nested more than {most}; ask the sender for flatter documents")

    def refused(self, what: str) -> UnloadableFile:
        """Return the error for something that no document may have."""
        return UnloadableFile(f"{self.name}: line {self.line} {what}")

    def _refuse_definitions(self, *_: object) -> None:
        raise self.refused("has a DOCTYPE or ENTITY definition, which is not allowed; ask the sender to omit it")


def local(name: str) -> str:
    """Return the name of an element or attribute without its namespace."""
    return name.rpartition(_NAMESPACE)[2]


def is_nil(attributes: Mapping[str, str]) -> bool:
    """Return whether the attributes mark an element as one without a value."""
    return attributes.get(_NIL) in ("true", "1")
