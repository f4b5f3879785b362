"""Write the rows that a transform yields as CSV for COPY."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from lakeport.schema.text_format import NULL

_PIECE_CHARACTERS = 1 << 18


def csv_of(rows: Iterable[Any], columns: Sequence[str]) -> Iterator[bytes]:
    """Yield the rows as CSV with a header; raises TypeError if a row is not a mapping or has an unknown column."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    known = set(columns)
    for row in rows:
        if not isinstance(row, Mapping):
            raise TypeError(f"it yields {_value_and_class(row)}, not a row; yield a dict of column names and values")
        if not known.issuperset(row):
            unknown = ", ".join(sorted(map(str, set(row) - known)))
            raise TypeError(f"it yields values for unknown columns: {unknown}; the columns are {', '.join(columns)}")
        writer.writerow([text_of(row.get(name)) for name in columns])
        if text.tell() > _PIECE_CHARACTERS:
            yield _taken(text)
    yield _taken(text)


_TEXTS: tuple[tuple[type[Any] | tuple[type[Any], ...], Callable[[Any], str]], ...] = (
    (str, str),
    (bool, lambda value: "true" if value else "false"),  # before int, because a bool is an int
    (datetime, lambda value: value.isoformat(" ")),
    ((date, time), lambda value: value.isoformat()),
    (Decimal, lambda value: format(value, "f")),
    ((int, float), repr),
    ((dict, list), lambda value: json.dumps(value, default=_number, ensure_ascii=False)),
)


def text_of(value: object) -> str:
    """Return a value as COPY reads it; raises TypeError if no column can store values of its class."""
    if value is None:
        return NULL
    for kinds, text in _TEXTS:
        if isinstance(value, kinds):
            return text(value)
    raise TypeError(
        f"it yields {_value_and_class(value)}, which no column can store; docs/transforms.md lists the types"
    )


def _number(value: object) -> object:
    """Return a decimal inside a JSON value as an int or float; digits beyond those of a double are lost."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"it yields {_value_and_class(value)} inside a dict or list, which JSON cannot store")


def _value_and_class(value: object) -> str:
    return f"{value!r} ({type(value).__name__})"[:200]


def _taken(text: io.StringIO) -> bytes:
    data = text.getvalue().encode("utf-8", "surrogateescape")
    text.seek(0)
    text.truncate()
    return data
