"""Read a sample as the kind of file that it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lakeport.errors import SampleError
from lakeport.inference import avro, delimited, fixed_width, json_documents, parquet, record_types, xml_sample
from lakeport.inference.layout import layout
from lakeport.inference.opening import Sample, opened
from lakeport.inference.reading import Reading
from lakeport.inference.text import text_of
from lakeport.schema.file_format import ARCHIVES

BY_RECORD_TYPE = -1
"""The way to read a sample in which only lines of one type are rows."""
_PARQUET = b"PAR1"
_ORC = b"ORC"
_WORKBOOK = b"PK\x03\x04"
_AVRO = b"Obj\x01"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_NOT_TEXT = (_OLD_EXCEL, _PARQUET, _ORC, _WORKBOOK, _AVRO)
_PGP = b"-----BEGIN PGP MESSAGE"
_NAMED = {
    ".parquet": (_PARQUET, "Parquet"),
    ".orc": (_ORC, "ORC"),
    ".avro": (_AVRO, "Avro"),
    ".xlsx": (_WORKBOOK, "Excel"),
}


@dataclass(frozen=True)
class Read:
    """What was read of a sample, the name that its compression needs, and the compression."""

    reading: Reading
    file_name: str
    compression: str


def read(path: Path, most_rows: int | None, has_header: bool | None, way: int) -> Read | None:
    """Read a sample in one of the ways in which it can be read: BY_RECORD_TYPE, 0, 1 and so on.

    Return None if there are fewer ways. Raises SampleError if COPY cannot load such a file, with what to do.
    """
    try:
        with opened(path) as sample:
            start = sample.peek()
            _check_name(path, start)
            _check_encryption(path, start)
            is_text = not start.startswith(_NOT_TEXT) and not xml_sample.is_xml(path, start)
            if not is_text:
                reading = None if way else _read_document(sample, start, most_rows, has_header)
            else:
                reading = _read_text(sample, start, most_rows, has_header, way)
            return Read(reading, sample.name, sample.compression) if reading else None
    except UnicodeError as error:
        raise SampleError(f"{path}: not valid UTF-8 text: {error}") from error


def _check_name(path: Path, start: bytes) -> None:
    """Raise SampleError if the name is that of a format that the content does not have."""
    for ending, (mark, format_) in _NAMED.items():
        if path.name.lower().endswith(ending) and not start.startswith((mark, _OLD_EXCEL)):
            raise SampleError(
                f"{path}: not a readable {format_} file: it does not begin like one; ask the sender for it again"
            )


def _check_encryption(path: Path, start: bytes) -> None:
    """Raise SampleError for an encrypted file, with the way to write its schema."""
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_PGP) or path.name.lower().endswith((".pgp", ".gpg")):
        raise SampleError(
            f"{path}: an encrypted file; infer from a plain sample, and set format.encryption in the schema"
        )


def _read_document(sample: Sample, start: bytes, most_rows: int | None, has_header: bool | None) -> Reading:
    """Read a file that is not rows of text: XML, Parquet, ORC, Avro or a workbook."""
    path = sample.path
    if not start.startswith(_NOT_TEXT):
        return xml_sample.read(path, most_rows)
    if start.startswith(_OLD_EXCEL):
        raise SampleError(f"{path}: an old Excel file, which Lakeport cannot read; ask the sender for .xlsx")
    if start.startswith(_AVRO):
        if sample.compression not in ("none", *ARCHIVES):
            raise SampleError(
                f"{path}: COPY cannot read Avro in {sample.compression}; ask the sender for Avro's codec deflate"
            )
        return avro.read(sample, most_rows)
    if sample.compression != "none":
        raise SampleError(f"{path}: unpack the file, infer from the content, and set format.compression in the schema")
    if start.startswith(_WORKBOOK):
        from lakeport.inference import workbook  # noqa: PLC0415 - commands start without openpyxl

        return workbook.read(path, most_rows, has_header=has_header)
    return parquet.read(path, most_rows, "orc" if start.startswith(_ORC) else "parquet")


def _read_text(
    sample: Sample, start: bytes, most_rows: int | None, has_header: bool | None, way: int
) -> Reading | None:
    is_named_json = re.search(r"\.(json|jsonl|ndjson)(\.|$)", sample.path.name.lower())
    if is_named_json or start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[{")):
        return None if way else json_documents.read(sample, most_rows)
    text = text_of(sample)
    if way == BY_RECORD_TYPE:
        return record_types.read(text, most_rows)
    is_named_delimited = re.search(r"\.(csv|tsv|psv)(\.|$)", sample.path.name.lower())
    if not is_named_delimited and (found := layout(text.start, has_header=has_header)):
        return None if way else fixed_width.read(found, text, most_rows)
    return delimited.read(text, most_rows, has_header=has_header, variant=way)
