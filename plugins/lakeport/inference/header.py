"""Detect whether a delimited sample has a header, and in which line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from lakeport.inference.moments import Moments
from lakeport.inference.profile import MARKERS

_MAX_PREAMBLE = 20
_FEW = 5
_VALUE = re.compile(r"[-+]?[\d.,]+([eE][-+]?\d+)?%?|[$€£].*")
_MOMENT = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|\d{1,2}:\d{2}.*")
_LONGEST_WORD = 100
_LONGEST_HEADER = 1000  # what `header` of a column takes


def width(rows: Sequence[Sequence[str]]) -> int:
    """Return the usual number of fields, without remarks; the greater one if two are about as frequent."""
    counts = Counter(len(row) for row in rows if row and not row[0].startswith("#")) or Counter(
        map(len, filter(None, rows))
    )
    most = max(counts.values(), default=0)
    return max(
        (fields for fields in counts if counts[fields] * 2 > most),
        key=lambda fields: counts[fields] * fields,
        default=0,
    )


def is_remark(row: Sequence[str], usual: int) -> bool:
    """Return whether a row is a line that begins with # and has not the fields of the table."""
    return bool(row) and row[0].startswith("#") and len(row) != usual


def header_row(rows: Sequence[Sequence[str]], usual: int) -> tuple[int, bool]:
    """Return the number of the first row that is not a title, a remark or a blank line, and whether it is the header.

    Rows above the header may have as many fields as the table, if none of them fits the columns below it.
    """
    numbers = [number for number, row in enumerate(rows[:_MAX_PREAMBLE]) if len(row) == usual]
    first = numbers[0] if numbers else 0
    is_first = is_header(rows[first], rows[first + 1 :])
    is_firm = is_first and sum(not word.strip() for word in rows[first]) * 2 < len(rows[first])
    for number in numbers[1:]:
        above = [rows[each] for each in numbers if each < number]
        is_apart = len(above) < number - first  # blank lines or shorter ones are between them
        if (is_apart or not is_firm) and _is_below(above, rows[number], rows[number + 1 :]):
            return number, True
    return first, is_first


def is_header(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a row is the header of the rows below it."""
    words = [word.strip() for word in row]
    if not any(words) or any(len(word) > _LONGEST_HEADER or word in MARKERS for word in words):
        return False
    columns = _columns(below, len(row))
    if any(word and not _kind(word) and _kind_of(column) for word, column in zip(words, columns, strict=False)):
        return True
    has_values = any(map(_kind, words)) and not _is_counted(words)
    if has_values or any(len(word) > _LONGEST_WORD for word in words):
        return False
    return not columns or _differs(words, columns)


def _differs(words: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Return whether words are unlike the texts in their columns."""
    recurring = sum(
        word in {value.strip() for value in column} for word, column in zip(words, columns, strict=True) if word
    )
    if recurring * 3 > len(words):
        return False
    values_below = any(_kind(value.strip()) for column in columns for value in column)
    return values_below or len({word.lower() for word in words}) == len(words) or len(columns[0]) < _FEW


def _is_below(above: Sequence[Sequence[str]], row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a row is a header of typed columns whose types none of the rows above it has."""
    if any(_kind(word.strip()) or not word.strip() for word in row):
        return False
    kinds = [_kind_of(column) for column in _columns(below, len(row))]
    return any(kinds) and not any(_fits(each, kinds) for each in above)


def _fits(row: Sequence[str], kinds: Sequence[str]) -> bool:
    pairs = ((word.strip(), kind) for word, kind in zip(row, kinds, strict=False) if kind)
    return all(not word or word in MARKERS or _kind(word) == kind for word, kind in pairs)


def _columns(rows: Sequence[Sequence[str]], width: int) -> list[tuple[str, ...]]:
    return list(zip(*(each for each in rows if len(each) == width), strict=True))


def _kind_of(column: Sequence[str]) -> str:
    """Return the kind that all values of a column have, or nothing."""
    kinds = {_kind(value.strip()) for value in column if value.strip() and value.strip() not in MARKERS}
    return kinds.pop() if len(kinds) == 1 else ""


@lru_cache(maxsize=100_000)
def _kind(word: str) -> str:
    """Return whether a word is a number or a date, or nothing."""
    if _VALUE.fullmatch(word):
        return "number"
    if not word or len(word) > _LONGEST_WORD:
        return ""
    moments = Moments()
    moments.add([word])
    return "date" if _MOMENT.fullmatch(word) or moments.dates or moments.times else ""


def _is_counted(words: Sequence[str]) -> bool:
    """Return whether the numbers among the words are years or counts that name columns: name, 2011, 2012."""
    numbers = [word for word in words if re.fullmatch(r"\d{1,4}", word)]
    return (
        len(numbers) < len(words)
        and len(set(numbers)) == len(numbers) > 1
        and [int(number) for number in numbers] == list(range(int(numbers[0]), int(numbers[0]) + len(numbers)))
    )
