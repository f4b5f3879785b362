"""Detect whether a delimited sample has a header, and in which line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from lakeport.inference.profile import MARKERS

_MAX_PREAMBLE = 20
_FEW = 5
_VALUE = re.compile(r"[-+]?[\d.,]+([eE][-+]?\d+)?%?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|\d{1,2}:\d{2}.*|[$€£].*")
_LONGEST_WORD = 100


def width(rows: Sequence[Sequence[str]]) -> int:
    """Return the usual number of fields."""
    counts = Counter(len(row) for row in rows if row)
    return max(counts, key=lambda fields: (counts[fields], fields), default=0)


def preamble(rows: Sequence[Sequence[str]], usual: int) -> int:
    """Return how many rows come before the first one of the usual width: titles, remarks, blank lines."""
    return next((number for number, row in enumerate(rows[:_MAX_PREAMBLE]) if len(row) == usual), 0)


def is_header(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a row is the header of the rows below it."""
    words = [word.strip() for word in row]
    if not any(words) or any(len(word) > _LONGEST_WORD or word in MARKERS for word in words):
        return False
    columns = list(zip(*(each for each in below if len(each) == len(row)), strict=True))
    if any(_is_word_over_values(word, column) for word, column in zip(words, columns, strict=False)):
        return True
    if any(word and _VALUE.fullmatch(word) for word in words) and not _is_counted(words):
        return False
    if not columns:
        return True
    recurring = sum(
        word in {value.strip() for value in column} for word, column in zip(words, columns, strict=True) if word
    )
    values_below = any(value and _VALUE.fullmatch(value.strip()) for column in columns for value in column)
    if recurring * 3 > len(words):
        return False
    return values_below or len({word.lower() for word in words}) == len(words) or len(columns[0]) < _FEW


def _is_word_over_values(word: str, column: Sequence[str]) -> bool:
    values = [value.strip() for value in column if value.strip() and value.strip() not in MARKERS]
    return bool(word and values) and not _VALUE.fullmatch(word) and all(map(_VALUE.fullmatch, values))


def _is_counted(words: Sequence[str]) -> bool:
    """Return whether the numbers among the words are years or counts that name columns: name, 2011, 2012."""
    numbers = [word for word in words if re.fullmatch(r"\d{1,4}", word)]
    return (
        len(numbers) < len(words)
        and len(set(numbers)) == len(numbers) > 1
        and [int(number) for number in numbers] == list(range(int(numbers[0]), int(numbers[0]) + len(numbers)))
    )
