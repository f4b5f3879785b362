"""Read a delimited sample with several record types: few other lines around many that begin alike."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from lakeport.inference import delimited
from lakeport.inference.reading import Reading
from lakeport.inference.text import Text

_KIND = re.compile(r"([A-Z]{1,3}|\d{1,2})(?=[,;|\t])")
_MOST_KINDS = 6
_FEWEST_ROWS = 3


def read(text: Text, most_rows: int | None) -> Reading | None:
    """Read the data lines of a sample; None if the lines are not of several types, or too many to see all of them."""
    lines = list(io.StringIO(text.start, newline="\n"))
    types = line_types(lines)
    if types is None or len(list(islice(text.lines, len(lines) + 1))) > len(lines):
        return None
    data = next(prefix for prefix, type_ in types.items() if type_ == "data")
    rows = "".join(line for line in lines if line.startswith(data))
    stream = io.BytesIO(rows.encode(text.encoding, "surrogateescape"))
    data_lines = io.TextIOWrapper(stream, text.encoding, "surrogateescape", newline="\n")
    reading = delimited.read(replace(text, start=rows, lines=data_lines), most_rows, has_header=False)
    if reading is None:
        return None
    reading.format["lines"] = types
    reading.notes.append(f"the lines that begin with {data} are the rows: check format.lines, and name the columns")
    return reading


def line_types(lines: Sequence[str]) -> dict[str, str] | None:
    """Return data or skip for each beginning of a line, or None if most lines do not begin alike."""
    kinds = [found[1] if (found := _KIND.match(line)) else "" for line in lines if line.strip()]
    counts = Counter(kinds)
    if not 1 < len(counts) <= _MOST_KINDS or "" in counts:
        return None
    ((data, rows),) = counts.most_common(1)
    if kinds[0] == data or rows < _FEWEST_ROWS or rows * 2 < len(kinds) or not _differ(lines, data):
        return None
    return {kind: "data" if kind == data else "skip" for kind in counts}


def _differ(lines: Sequence[str], data: str) -> bool:
    """Return whether no other line has as many fields as the data lines usually have."""
    delimiter = next(line[len(data)] for line in lines if line.startswith(data))
    widths = [(line.startswith(data), line.count(delimiter)) for line in lines if line.strip()]
    ((usual, _),) = Counter(width for is_data, width in widths if is_data).most_common(1)
    return all(is_data or width != usual for is_data, width in widths)
