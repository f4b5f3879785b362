"""Infer a schema from a sample file, as a person would write it after reading every row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from lakeport.errors import SampleError
from lakeport.inference import avro, choosing, delimited, fixed_width, json_documents, parquet, workbook
from lakeport.inference.draft import Draft, DraftColumn
from lakeport.inference.layout import layout
from lakeport.inference.moments import DEFAULT_DATE, DEFAULT_TIME
from lakeport.inference.naming import pattern, type_name
from lakeport.inference.opening import Sample, opened
from lakeport.inference.reading import Reading
from lakeport.inference.text import text_of
from lakeport.schema.file_format import ARCHIVES

DEFAULT_ROWS = 200_000
_PARQUET = b"PAR1"
_ORC = b"ORC"
_WORKBOOK = b"PK\x03\x04"
_AVRO = b"Obj\x01"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"

__all__ = ["DEFAULT_ROWS", "Draft", "infer"]


def infer(
    path: Path, *, name: str | None = None, most_rows: int | None = DEFAULT_ROWS, has_header: bool | None = None
) -> Draft:
    """Return the schema of a sample; None as `most_rows` reads all of it.

    Raises SampleError with what to do if the file cannot be loaded unchanged.
    """
    reading, file_name, compression = _read(path, most_rows, has_header)
    found = choosing.options(reading.profiles)
    found.timeformat = str(reading.format["timeformat"]) if "timeformat" in reading.format else found.timeformat
    type_ = reading.format["type"]
    keys = {"type": type_}
    keys |= {"compression": compression} if compression != "none" else {}
    keys |= {key: value for key, value in reading.format.items() if key != "type"}
    keys |= _options(found, reading)
    columns = tuple(_column(column, reading, found) for column in reading.profiles)
    if _has_empty_text(reading, columns):
        keys |= {"emptyasnull": True} | ({"blanksasnull": True} if type_ == "fixed_width" else {})
    if type_ == "fixed_width" and any(c.type.startswith("varchar") for c in columns):
        keys["trimblanks"] = True
    name = name or type_name(file_name)
    if file_name != path.name:
        reading.notes.append(
            f"the content is {compression}, so the name must have its ending: send the file as {file_name}"
        )
    return Draft(
        name,
        path.name,
        pattern(file_name, name),
        reading.rows,
        reading.is_whole,
        format=keys,
        columns=columns,
        format_notes=found.notes,
        notes=tuple(reading.notes),
    )


def _read(path: Path, most_rows: int | None, has_header: bool | None) -> tuple[Reading, str, str]:
    try:
        with opened(path) as sample:
            start = sample.peek()
            if start.startswith(_OLD_EXCEL):
                raise SampleError(f"{path}: an old Excel file, which Lakeport cannot read; ask the sender for .xlsx")
            if sample.compression == "none" and start.startswith(_PARQUET):
                return parquet.read(path, most_rows), sample.name, "none"
            if sample.compression == "none" and start.startswith(_ORC):
                return parquet.read(path, most_rows, "orc"), sample.name, "none"
            if sample.compression == "none" and start.startswith(_WORKBOOK):
                return workbook.read(path, most_rows, has_header=has_header), sample.name, "none"
            if sample.compression in ("none", *ARCHIVES) and start.startswith(_AVRO):
                return avro.read(sample, most_rows), sample.name, sample.compression
            if start.startswith(_AVRO):
                raise SampleError(
                    f"{path}: COPY cannot read Avro in {sample.compression}; ask the sender for Avro's codec deflate"
                )
            if start.startswith((_PARQUET, _ORC, _WORKBOOK)):
                raise SampleError(
                    f"{path}: unpack the file, infer from the content, and set format.compression in the schema"
                )
            return _read_text(sample, start, most_rows, has_header), sample.name, sample.compression
    except UnicodeError as error:
        raise SampleError(f"{path}: not valid UTF-8 text: {error}") from error


def _read_text(sample: Sample, start: bytes, most_rows: int | None, has_header: bool | None) -> Reading:
    is_named_json = re.search(r"\.(json|jsonl|ndjson)(\.|$)", sample.path.name.lower())
    if is_named_json or start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[{")):
        return json_documents.read(sample, most_rows)
    text = text_of(sample)
    is_named_delimited = re.search(r"\.(csv|tsv|psv)(\.|$)", sample.path.name.lower())
    if not is_named_delimited and (found := layout(text.start, has_header=has_header)):
        return fixed_width.read(found, text, most_rows)
    return delimited.read(text, most_rows, has_header=has_header)


def _options(found: choosing.Options, reading: Reading) -> dict[str, object]:
    """Return the conversion options that the format accepts and whose values are not its defaults."""
    keys: dict[str, object] = {}
    if found.null_as is not None and found.null_as != "\\N":
        keys["null_as"] = found.null_as
    if found.dateformat not in (None, DEFAULT_DATE):
        keys["dateformat"] = found.dateformat
    if found.timeformat not in (None, DEFAULT_TIME):
        keys["timeformat"] = found.timeformat
    if reading.format.get("type") == "xlsx":
        keys |= {key: "auto" for key in ("dateformat", "timeformat") if key in keys}  # its dates are not text
    if reading.encoding != "utf-8":
        keys |= _encoding(reading, found)
    return keys


def _encoding(reading: Reading, found: choosing.Options) -> dict[str, object]:
    """Return the encoding of a file that is not UTF-8."""
    if reading.encoding == "utf16":
        return {"encoding": "utf16"}
    found.notes["encoding"] = "a guess: the file is not valid UTF-8"
    return {"encoding": "cp1252"}


def _column(name: str, reading: Reading, found: choosing.Options) -> DraftColumn:
    profile = reading.profiles[name]
    remark = reading.remarks.get(name, "")
    if reading.types.get(name):
        is_required = reading.rows > 0 and not profile.empty and name not in reading.nullable
        return DraftColumn(name, reading.types[name], is_required, note=remark)
    choice = choosing.choose(name, profile, found, reading.rows)
    is_required = choice.is_required and name not in reading.nullable
    note = choice.note or remark
    return DraftColumn(name, choice.type, is_required, reading.headers.get(name), note, reading.widths.get(name))


def _has_empty_text(reading: Reading, columns: Sequence[DraftColumn]) -> bool:
    """Return whether a column of text has empty values; without emptyasnull COPY loads them as empty texts."""
    is_text = reading.format.get("type") not in ("parquet", "orc", "xlsx")
    return is_text and any(c.type.startswith("varchar") and reading.profiles[c.name].blank for c in columns)
