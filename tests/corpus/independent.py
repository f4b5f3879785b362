"""Read a file without Lakeport's readers: with pyarrow, openpyxl, fastavro and the standard library."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import fastavro
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from pyarrow import orc

CODECS = {"utf16": "utf-16", "utf16le": "utf-16-le", "utf16be": "utf-16-be"}


class WrittenNumber(str):
    """A number of a JSON document, with its digits."""

    __slots__ = ()


Row = Mapping[str, Any] | list[Any]


def rows_of(path: Path, schema: Mapping[str, Any]) -> list[list[Any]]:
    """Return the file's rows, each with its values in the order of the schema's columns; texts are as in the file."""
    format_, columns = schema["format"], schema["columns"]
    names = [str(column.get("header", column["name"])) for column in columns]
    kind = format_["type"]
    if kind in ("parquet", "orc"):
        table = pq.ParquetFile(path).read() if kind == "parquet" else orc.ORCFile(path).read()
        counts = [column.cast("int64") if pa.types.is_duration(column.type) else column for column in table.columns]
        values = [column.to_pylist(maps_as_pydicts="strict") for column in counts]
        return [list(row) for row in zip(*values, strict=True)]
    if kind == "xlsx":
        return _sheet(path, format_)
    data = content_of(path)
    if kind == "avro":
        return _by_key(fastavro.reader(io.BytesIO(data)), names, format_)
    if kind == "json":
        return _by_key(_documents(data.decode(CODECS.get(format_.get("encoding", ""), "utf-8-sig"))), names, format_)
    text = data.decode(CODECS.get(format_.get("encoding", ""), format_.get("encoding", "utf-8-sig")))
    if kind == "fixed_width":
        return [line.split() for line in text.splitlines()[format_.get("header_lines", 0) :] if line.strip()]
    return list(_delimited(text, format_, names))


def content_of(path: Path) -> bytes:
    data = path.read_bytes()
    for mark, unpack in ((b"\x1f\x8b", gzip.decompress), (b"BZh", bz2.decompress)):
        if data.startswith(mark):
            return unpack(data)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return zstandard.ZstdDecompressor().stream_reader(data).read()
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.read(next(name for name in archive.namelist() if not name.startswith("__MACOSX")))
    return data


def _documents(text: str) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(parse_float=WrittenNumber), 0
    while at < len(text):
        if text[at] in " \t\r\n":
            at += 1
            continue
        value, at = decoder.raw_decode(text, at)
        yield from value if isinstance(value, list) else [value]


def _by_key(documents: Any, names: list[str], format_: Mapping[str, Any]) -> list[list[Any]]:
    keys = [path[3:-2] for path in format_["jsonpaths"]] if "jsonpaths" in format_ else names
    ignores_case = format_.get("ignorecase", False)
    found = []
    for document in documents:
        row = {key.lower(): value for key, value in document.items()} if ignores_case else document
        found.append([row.get(key.lower() if ignores_case else key) for key in keys])
    return found


def _sheet(path: Path, format_: Mapping[str, Any]) -> list[list[Any]]:
    book = openpyxl.load_workbook(path, data_only=True)
    sheet = book[format_["sheet"]] if "sheet" in format_ else book.worksheets[0]
    rows = [list(map(_cell, row)) for row in sheet.iter_rows()][format_.get("header_lines", 0) :]
    return [row for row in rows if any(cell not in (None, "") for cell in row)]


def _cell(cell: Any) -> Any:
    """Return a cell's value, a number with the leading zeros that its format shows."""
    zeros = len(cell.number_format) if re.fullmatch("0+", cell.number_format or "") else 0
    return f"{cell.value:0{zeros}}" if zeros and isinstance(cell.value, int) else cell.value


def _delimited(text: str, format_: Mapping[str, Any], names: list[str]) -> Iterator[list[str]]:
    """Yield the rows of a delimited text, with the delimiter of the schema."""
    delimiter = {"\\t": "\t", "\\001": "\x01"}.get(format_.get("delimiter", ""), format_.get("delimiter"))
    lines = list(io.StringIO(text, newline="\n"))
    body = io.StringIO("".join(lines[: len(lines) - format_.get("trailer_lines", 0)]), newline="")
    for _ in range(format_.get("header_lines", 0)):
        body.readline()
    if format_["type"] == "csv":
        mark, quote = delimiter or ",", format_.get("quote", '"')
        has_blanks = f"{mark} {quote}" in text  # before a quote, which then begins the field
        rows: Iterator[list[str]] = csv.reader(body, delimiter=mark, quotechar=quote, skipinitialspace=has_blanks)
    elif format_.get("removequotes"):
        escape = "\\" if format_.get("escape") else None
        body = io.StringIO(re.sub(r"(?<![^,|\n])\\N(?![^,|\n])", r"\\\\N", body.read())) if escape else body
        rows = csv.reader(body, delimiter=delimiter or "|", escapechar=escape)
    else:
        rows = (line.rstrip("\r\n").split(delimiter or "|") if line.strip("\r\n") else [] for line in body)
    for row in rows:
        if row:
            is_trailing = format_["type"] == "delimited" and len(row) == len(names) + 1 and not row[-1]
            yield row[:-1] if is_trailing else row + [""] * (len(names) - len(row))
