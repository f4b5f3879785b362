"""Find the element of an XML document that is a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from lakeport.inference.opening import opened
from lakeport.preparing.xml_documents import Document, local

_ELEMENTS = 200_000
_MAX_PATHS = 10_000


class Shape:
    """The elements of a document by their paths: how often one parent has them, and whether they have parts."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._open, self._children = [PurePosixPath("/")], [Counter[PurePosixPath]()]
        self._elements = 0
        self._times: dict[PurePosixPath, int] = {}
        self._with_parts: set[PurePosixPath] = set()

    def read(self, path: Path) -> None:
        """Read as many elements as show the document's shape."""
        with opened(path) as sample:
            for _ in self._document.read(sample.stream, self._start, self._end, lambda _: None):
                if self._elements > _ELEMENTS:
                    break
        while self._children:
            self._end("")

    def row(self) -> PurePosixPath:
        """Return the element that one parent has most often, among those nearest to the root.

        If no element is repeated, it is the outermost one that has several parts.
        """
        repeated = [path for path, times in self._times.items() if times > 1]
        repeated = [path for path in repeated if path in self._with_parts] or repeated
        if repeated:
            nearest = min(len(path.parts) for path in repeated)
            return max((path for path in repeated if len(path.parts) == nearest), key=self._times.__getitem__)
        (path,) = self._below(PurePosixPath("/"))
        while len(below := self._below(path)) == 1 and below[0] in self._with_parts:
            path = below[0]
        return path

    def notes(self, row: PurePosixPath) -> list[str]:
        """Return what a person has to check about the row."""
        notes = [] if self._times[row] > 1 else [f"format.row is a guess: the document has one element {row.name}"]
        others = [str(path) for path in self._times if path.name == row.name and row not in (path, *path.parents)]
        if others:
            notes.append(f"elements {row.name} are rows wherever they are: also {', '.join(others[:3])}")
        return notes

    def _below(self, path: PurePosixPath) -> list[PurePosixPath]:
        return [each for each in self._times if each.parent == path]

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        parent = self._open[-1]
        path = parent / local(name)
        self._children[-1][path] += 1
        self._open.append(path)
        self._children.append(Counter())
        self._elements += 1
        self._document.check_depth(len(self._open) - 1)
        self._with_parts |= {parent, path} if attributes else {parent}
        if len(self._with_parts) > _MAX_PATHS:
            raise self._document.refused(f"has the {_MAX_PATHS + 1:,}th different path of elements; too many to infer")

    def _end(self, _: str) -> None:
        self._open.pop()
        for path, times in self._children.pop().items():
            self._times[path] = max(times, self._times.get(path, 0))
