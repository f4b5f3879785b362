"""Tables of random values, written in every format by pyarrow, openpyxl, fastavro and csv; a seed gives one file."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import openpyxl
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from pyarrow import orc

Columns = dict[str, list[Any]]
_WORDS = (
    "Bern",
    "Zürich",
    "a, b",
    'say "hi"',
    "x;y",
    "NA",
    "null",
    "-",
    "1e5",
    "007",
    "東京",
    "it's",
    "tab\there",
    "#1",
)
_NAMES = ("id", "name", "Price (EUR)", "Größe", "order date", "select", "x.y", "A", "total_2024", "zip")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - columns without a zone
_MAX_ROWS = 40


def _text(source: random.Random) -> str:
    letters = "".join(source.choices("abcäöz 0129,;'\"_-", k=source.randint(1, 12))).strip()
    return source.choice((*_WORDS, *[letters or "x"] * len(_WORDS)))


def _moment(source: random.Random) -> datetime:
    return _EPOCH + timedelta(seconds=source.randint(0, 2_000_000_000), microseconds=source.choice((0, 0, 120_000, 7)))


_KINDS: dict[str, Callable[[random.Random], Any]] = {
    "small": lambda source: source.randint(-99, 999),
    "whole": lambda source: source.randint(-(2**40), 2**40),
    "price": lambda source: Decimal(source.randint(-99_999, 99_999)).scaleb(-2),
    "share": lambda source: source.random() * 10 ** source.randint(-12, 12),
    "text": _text,
    "day": lambda source: (_EPOCH + timedelta(days=source.randint(0, 30_000))).date(),
    "moment": _moment,
    "zoned": lambda source: _moment(source).replace(tzinfo=UTC),
    "flag": lambda source: source.random() < 0.5,
}


def write(seed: int, folder: Path) -> Path:
    """Write the file of a seed and return its path."""
    source = random.Random(seed)
    writer = WRITERS[seed % len(WRITERS)]
    return writer(_columns(source), source, folder / f"table_{seed}")


def _columns(source: random.Random) -> Columns:
    rows = source.randint(1, _MAX_ROWS)
    names = source.sample(_NAMES, source.randint(1, len(_NAMES)))
    columns = {}
    for name in names:
        make, empty = _KINDS[source.choice(list(_KINDS))], source.choice((0, 0, 0.1, 0.5))
        columns[name] = [None if source.random() < empty else make(source) for _ in range(rows)]
    columns["key"] = list(range(1, rows + 1))  # no row is blank
    return columns


def _rows(columns: Columns) -> list[tuple[Any, ...]]:
    return list(zip(*columns.values(), strict=True))


def _csv(columns: Columns, source: random.Random, path: Path) -> Path:
    text = io.StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter=source.choice(",,;\t|"),
        lineterminator=source.choice(("\n", "\r\n")),
        quoting=source.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)),
    )
    writer.writerow(columns)
    writer.writerows([["" if value is None else value for value in row] for row in _rows(columns)])
    encoding, packed = source.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16")), source.random() < 0.2
    data = text.getvalue().encode(encoding)
    path = path.with_suffix(".csv.gz" if packed else ".csv")
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


def _table(columns: Columns) -> pa.Table:
    arrays = []
    for values in columns.values():
        kinds = {type(value) for value in values if value is not None}
        zone = "UTC" if any(isinstance(value, datetime) and value.tzinfo for value in values) else None
        kind = pa.timestamp("us", zone) if kinds == {datetime} else None if kinds else pa.string()
        arrays.append(pa.array(values, kind))
    return pa.table(dict(zip(columns, arrays, strict=True)))


def _arrow_csv(columns: Columns, source: random.Random, path: Path) -> Path:
    path = path.with_suffix(".csv")
    pacsv.write_csv(_table(columns), path, pacsv.WriteOptions(quoting_style=source.choice(("needed", "all_valid"))))
    return path


def _parquet(columns: Columns, source: random.Random, path: Path) -> Path:
    path = path.with_suffix(".parquet")
    pq.write_table(_table(columns), path, compression=source.choice(("snappy", "gzip", "none")))
    return path


def _orc(columns: Columns, source: random.Random, path: Path) -> Path:
    path = path.with_suffix(".orc")
    orc.write_table(_table(columns), path)
    return path


def _xlsx(columns: Columns, source: random.Random, path: Path) -> Path:
    path, book = path.with_suffix(".xlsx"), openpyxl.Workbook()
    book.worksheets[0].append(list(columns))
    for row in _rows(columns):
        book.worksheets[0].append([_without_zone(value) for value in row])
    book.save(path)
    return path


def _without_zone(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _json(columns: Columns, source: random.Random, path: Path) -> Path:
    rows = [dict(zip(columns, map(_plain, row), strict=True)) for row in _rows(columns)]
    layout = source.choice(("lines", "array", "spread"))
    path = path.with_suffix(".json")
    texts = [json.dumps(row, ensure_ascii=False, indent=2 if layout == "spread" else None) for row in rows]
    path.write_text(f"[{', '.join(texts)}]" if layout == "array" else "\n".join(texts) + "\n")
    return path


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | datetime | time) else value


def _avro(columns: Columns, source: random.Random, path: Path) -> Path:
    kinds = {int: "long", float: "double", bool: "boolean"}
    names = [f"c{number}" for number in range(len(columns))]
    values = [[_plain(value) for value in column] for column in columns.values()]
    fields = []
    for name, column in zip(names, values, strict=True):
        kind: Any = next((kinds.get(type(value), "string") for value in column if value is not None), "string")
        fields.append({"name": name, "type": ["null", kind]})
    path = path.with_suffix(".avro")
    with path.open("wb") as file:
        records = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
        schema = {"type": "record", "name": "row", "fields": fields}
        fastavro.writer(file, schema, records, codec=source.choice(("null", "deflate")))
    return path


WRITERS: Sequence[Callable[[Columns, random.Random, Path], Path]] = (
    *(_csv, _csv, _arrow_csv),
    *(_parquet, _orc, _xlsx, _json, _avro),
)
