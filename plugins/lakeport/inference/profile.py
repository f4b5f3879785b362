"""Collect the properties of a column's values, one by one, in bounded memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from lakeport.inference.moments import Moments
from lakeport.inference.numbers import Numbers

# Texts that may mean NULL, if the column has a type without them.
MARKERS = frozenset(
    ("\\N", "NULL", "null", "Null", "#N/A", "N/A", "n/a", "NA", "NaN", "nan", "None", "none", "-", "--", "?", ".")
)
NOT_A_NUMBER = frozenset(("NaN", "nan"))
_TRUE_OR_FALSE = ({"true", "false"}, {"t", "f"}, {"yes", "no"}, {"y", "n"})
_WRONG_BYTE = re.compile("[\udc80-\udcff]")
_MANY_VALUES = 1000
_MANY_WRONG_TEXTS = 100


def has_wrong_bytes(text: str) -> bool:
    """Return whether a text has bytes that are not UTF-8."""
    return bool(_WRONG_BYTE.search(text))


@dataclass
class Profile:
    """One column's values: null markers, the greatest length, whether they are numbers, dates or booleans."""

    rows: int = 0
    empty: int = 0
    markers: Counter[str] = field(default_factory=Counter)
    kinds: set[str] = field(default_factory=set)
    distinct: set[str] = field(default_factory=set)
    longest_bytes: int = 0
    blank: int = 0
    wrong_texts: list[str] = field(default_factory=list)
    numbers: Numbers = field(default_factory=Numbers)
    moments: Moments = field(default_factory=Moments)

    @property
    def values(self) -> int:
        """Return how many rows have a value that is not a null marker."""
        return self.rows - self.empty - sum(self.markers.values())

    @property
    def boolean_pair(self) -> set[str] | None:
        """Return the words for true and false if the column has no other values."""
        found = {value.strip().lower() for value in self.distinct}
        pair = next((pair for pair in _TRUE_OR_FALSE if found and found <= pair), None)
        is_one_letter = len(found) == 1 and max(map(len, found)) == 1
        return None if is_one_letter or len(self.distinct) >= _MANY_VALUES else pair

    @property
    def has_type(self) -> bool:
        """Return whether the values have a type that is more specific than text."""
        moments = self.moments
        is_moment = bool(moments.dates or moments.times or moments.is_time_of_day)
        return bool(self.values) and (self.numbers.is_number or is_moment or self.boolean_pair is not None)

    @property
    def is_text(self) -> bool:
        """Return whether all values are texts, in a text file or by the type that a document gives them."""
        return self.kinds in ({"text"}, {"string"})

    def markers_kept(self, null_as: str | None) -> list[str]:
        """Return the markers that are loaded as values, because only one text can mean NULL."""
        return sorted(marker for marker in self.markers if marker != null_as)

    def add(self, texts: Counter[str], kind: str = "text") -> None:
        """Add values, each with the number of rows that have it."""
        self.rows += sum(texts.values())
        found = []
        for text, times in texts.items():
            if not text or text.isspace():
                self.empty += times
                self.blank += times
            elif text in MARKERS and kind == "text":
                self.markers[text] += times
            else:
                found.append(text)
        if found:
            self.kinds.add(kind)
            self._add(found)

    def add_nothing(self, times: int) -> None:
        """Add rows that have no value."""
        self.rows += times
        self.empty += times

    def _add(self, texts: Iterable[str]) -> None:
        texts = list(texts)
        self.longest_bytes = max(self.longest_bytes, *(len(text.encode(errors="surrogatepass")) for text in texts))
        if len(self.distinct) < _MANY_VALUES:
            self.distinct.update(texts[:_MANY_VALUES])
        if len(self.wrong_texts) < _MANY_WRONG_TEXTS:
            self.wrong_texts += [text for text in texts if has_wrong_bytes(text)][:_MANY_WRONG_TEXTS]
        stripped = [text.strip() for text in texts]
        self.numbers.add(stripped)
        self.moments.add(stripped)
