"""Collect the properties of a column's values, one by one, in bounded memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from lakeport.inference.moments import Moments

# Texts that may mean NULL; those that are not clear only if the column is a number or a date without them.
CLEAR_MARKERS = ("\\N", "NULL", "null", "#N/A", "N/A", "n/a", "NA", "NaN", "nan", "None")
MARKERS = frozenset((*CLEAR_MARKERS, "Null", "none", "-", "--", "?", "."))
_TRUE_OR_FALSE = ({"true", "false"}, {"t", "f"}, {"yes", "no"}, {"y", "n"})
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER = re.compile(r"([+-]?)(\d*)\.?(\d*)([eE][+-]?\d+)?", re.ASCII)
_WRONG_BYTE = re.compile("[\udc80-\udcff]")
_MANY_VALUES = 1000
_ZERO_LED = re.compile(r"[+-]?0\d")


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
    has_wrong_bytes: bool = False
    is_integer: bool = True
    is_number: bool = True
    is_zero_led: bool = False
    has_exponent: bool = False
    least: int = 0
    greatest: int = 0
    whole_digits: int = 0
    scale: int = 0
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
        return bool(self.values) and (
            (self.is_number and not self.is_zero_led) or is_moment or self.boolean_pair is not None
        )

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
        self.has_wrong_bytes = self.has_wrong_bytes or any(_WRONG_BYTE.search(text) for text in texts)
        stripped = [text.strip() for text in texts]
        for text in stripped:
            self._add_number(text)
            if not self.is_number:
                break
        self.moments.add(stripped)

    def _add_number(self, text: str) -> None:
        number = _NUMBER.fullmatch(text)
        if number is None or not (number[2] or number[3]):
            self.is_number = self.is_integer = False
            return
        self.is_zero_led = self.is_zero_led or bool(_ZERO_LED.match(text))
        self.has_exponent = self.has_exponent or bool(number[4])
        self.whole_digits = max(self.whole_digits, len(number[2].lstrip("0")))
        self.scale = max(self.scale, len(number[3]))
        if self.is_integer and _INTEGER.fullmatch(text):
            value = int(text[:400])
            self.least, self.greatest = min(self.least, value), max(self.greatest, value)
        else:
            self.is_integer = False
