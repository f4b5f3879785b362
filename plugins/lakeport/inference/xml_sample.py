"""Infer a schema from an XML document: which element is a row, and where its values are."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lakeport.errors import SampleError, UnloadableFile
from lakeport.inference.naming import column_names
from lakeport.inference.opening import opened
from lakeport.inference.profile import Profile
from lakeport.inference.reading import Reading
from lakeport.inference.xml_shape import Shape
from lakeport.preparing.xml_documents import XSI, Document, is_nil, local

_MAX_PLACES = 10_000
_ROWS_AT_ONCE = 5_000
_UTF16 = (codecs.BOM_UTF16_LE + b"<\0", codecs.BOM_UTF16_BE + b"\0<")


def is_xml(path: Path, start: bytes) -> bool:
    """Return whether a sample is an XML document, by its name and its first bytes."""
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    is_named = ".xml" in [suffix.lower() for suffix in path.suffixes]
    return text.startswith(b"<?xml") or (is_named and (text.startswith(b"<") or start.startswith(_UTF16)))


def read(path: Path, most_rows: int | None) -> Reading:
    """Read an XML sample twice: for the element that is a row, then for the values of the rows."""
    try:
        shape = Shape(Document(str(path)))
        shape.read(path)
        row = shape.row()
        values = _Values(row.name, Document(str(path)), most_rows)
        values.read(path)
    except UnloadableFile as error:
        raise SampleError(str(error)) from error
    places = values.places()
    if not places:
        raise SampleError(f"{path}: no value of the element {row.name} can be a column: {'; '.join(values.notes())}")
    names = _names(places, row.name)
    profiles = {name: values.profiles[place] for name, place in zip(names, places, strict=True)}
    reading = Reading({"type": "xml", "row": row.name}, profiles, values.rows, not values.has_more)
    reading.places = {name: place for name, place in zip(names, places, strict=True) if name != place}
    reading.notes = [*shape.notes(row), *values.notes()]
    return reading


def _names(places: Sequence[str], row: str) -> list[str]:
    """Return the columns' names: the last part of each place, or all of it where several end with the same part."""
    last = [row if place == "." else place.rpartition("/")[2].lstrip("@") for place in places]
    times = Counter(word.lower() for word in last)
    pairs = zip(last, places, strict=True)
    return column_names(word if times[word.lower()] == 1 else place.replace("@", "") for word, place in pairs)


@dataclass(slots=True)
class _Element:
    """An open element of a row."""

    place: str
    is_nil: bool
    has_parts: bool = False
    texts: list[str] = field(default_factory=list)


class _Values:
    """The values of the rows by their places, as `columns[].at` names them."""

    def __init__(self, row: str, document: Document, most_rows: int | None) -> None:
        self._row, self._document, self._most_rows = row, document, most_rows
        self._open: list[_Element] = []
        self._found: dict[str, str | None] = {}
        self._counts: Counter[str] = Counter()
        self._block: list[dict[str, str | None]] = []
        self._times: dict[str, int] = {}
        self.profiles: dict[str, Profile] = {}
        self.rows = 0
        self.has_more = False

    def read(self, path: Path) -> None:
        """Read the rows, until there are enough."""
        with opened(path) as sample:
            for _ in self._document.read(sample.stream, self._start, self._end, self._text):
                if len(self._block) >= _ROWS_AT_ONCE:
                    self._take()
                if self.has_more:
                    break
        self._take()
        for profile in self.profiles.values():
            profile.add_nothing(self.rows - profile.rows)

    def places(self) -> list[str]:
        """Return the places that can be columns: a row has them at most once, and they are not mere containers."""
        repeated = [f"{place}/" for place in self._times]
        once = [each for each in self.profiles if not f"{each}/".startswith(tuple(repeated))]
        return [each for each in once if not (self._is_empty(each) and any(o.startswith(f"{each}/") for o in once))]

    def notes(self) -> Iterator[str]:
        """Yield what is left out."""
        outermost = [place for place in self._times if not any(place.startswith(f"{each}/") for each in self._times)]
        for place in outermost:
            name = place.rpartition("/")[2]
            remedy = "" if name.startswith("@") else f"; another file type can load it, with format.row: {name}"
            yield f"{place} is left out: a row has up to {self._times[place]:,} of it{remedy}"

    def _is_empty(self, place: str) -> bool:
        return self.profiles[place].empty == self.profiles[place].rows

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._open:
            self._open[-1].has_parts = True
            above = self._open[-1].place
            place = f"{above}/{local(name)}" if above else local(name)
            self._counts[place] += 1
        elif local(name) != self._row:
            return
        elif self._most_rows is not None and self.rows >= self._most_rows:
            self.has_more = True
            return
        else:
            place = ""
        self._open.append(_Element(place, is_nil(attributes)))
        for attribute, value in attributes.items():
            if not attribute.startswith(XSI):
                self._open[-1].has_parts = True
                of_element = f"{place}/@{local(attribute)}" if place else f"@{local(attribute)}"
                self._counts[of_element] += 1
                self._found[of_element] = value

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1].texts.append(text)

    def _end(self, _: str) -> None:
        if not self._open:
            return
        element = self._open.pop()
        text = "".join(element.texts)
        if element.is_nil or text.strip() or not element.has_parts:
            self._found[element.place or "."] = None if element.is_nil else text
        if not self._open:
            self._times |= {place: max(n, self._times.get(place, 0)) for place, n in self._counts.items() if n > 1}
            self._block.append(self._found)
            self._found, self._counts = {}, Counter()
            self.rows += 1

    def _take(self) -> None:
        """Add the rows since the last call to the profiles."""
        texts: dict[str, Counter[str | None]] = {}
        for found in self._block:
            for place, text in found.items():
                texts.setdefault(place, Counter())[text] += 1
        self._block.clear()
        for place, counted in texts.items():
            profile = self.profiles.setdefault(place, Profile())
            profile.add_nothing(counted.pop(None, 0))
            profile.add(Counter({text: times for text, times in counted.items() if text is not None}))
        if len(self.profiles) > _MAX_PLACES:
            raise self._document.refused(f"is in a row of a document with more than {_MAX_PLACES:,} places of values")
