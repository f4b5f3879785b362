"""Infer a schema from a sample file, as a person would write it after reading every row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, count, takewhile
from pathlib import Path

from pydantic import ValidationError

from lakeport.errors import SampleError
from lakeport.inference import avro, choosing, delimited, fixed_width, json_documents, parquet, record_types, xml_sample
from lakeport.inference.draft import Draft, DraftColumn
from lakeport.inference.layout import layout
from lakeport.inference.moments import DEFAULT_DATE, DEFAULT_TIME
from lakeport.inference.naming import pattern, type_name
from lakeport.inference.opening import Sample, opened
from lakeport.inference.reading import Reading
from lakeport.inference.rehearsal import Trial, rehearse
from lakeport.inference.text import text_of
from lakeport.schema.file_format import ARCHIVES

DEFAULT_ROWS = 200_000
_DIGITS_OF_EXCEL = 15
_PARQUET = b"PAR1"
_ORC = b"ORC"
_WORKBOOK = b"PK\x03\x04"
_AVRO = b"Obj\x01"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_NAMED = {
    ".parquet": (_PARQUET, "Parquet"),
    ".orc": (_ORC, "ORC"),
    ".avro": (_AVRO, "Avro"),
    ".xlsx": (_WORKBOOK, "Excel"),
}
_MAX_COLUMNS = 1599  # of the 1,600 columns that a table takes, one is _loaded_at
_ROUNDS = 3
_BY_RECORD_TYPE = -1
"""The first way to read a sample, if it is of that kind: only lines of one type are rows."""

__all__ = ["DEFAULT_ROWS", "Draft", "infer"]


def infer(
    path: Path, *, name: str | None = None, most_rows: int | None = DEFAULT_ROWS, has_header: bool | None = None
) -> Draft:
    """Return the schema of a sample; None as `most_rows` reads all of it.

    The sample is read again by its schema, as a load reads it: `unsolved` of the draft is what would not be loaded.
    Raises SampleError with what to do if the file cannot be loaded unchanged.
    """
    best: tuple[int, Draft] | None = None
    ways = takewhile(bool, (_read(path, most_rows, has_header, variant) for variant in count()))
    first = (_read(path, most_rows, has_header, variant) for variant in [_BY_RECORD_TYPE])
    for read in filter(None, chain(first, ways)):
        draft, trial = _solved(path, *read, name)
        if trial.is_complete:
            return replace(draft, unsolved=(*read[0].problems, *_too_long(draft, read[0])))
        rejected = trial.rows + 1 if trial.refusal else trial.rejected
        if best is None or rejected < best[0]:
            best = rejected, replace(draft, unsolved=tuple(trial.problems()))
    if best is None:
        raise SampleError(f"{path}: the file has no rows; use a sample that has some")
    return best[1]


def _too_long(draft: Draft, reading: Reading) -> Iterator[str]:
    """Yield the texts that no varchar takes, of formats whose values a rehearsal does not read."""
    most = choosing.MAX_VARCHAR_BYTES
    for column in draft.columns:
        longest = reading.profiles[column.name].longest_bytes
        if longest > most and column.type.startswith("varchar"):
            yield f"column {column.name}: a text has {longest:,} bytes, a varchar takes at most {most:,}"


def _solved(path: Path, reading: Reading, file_name: str, compression: str, name: str | None) -> tuple[Draft, Trial]:
    """Return a draft and what a load would do with the sample; columns whose values do not fit become text."""
    for _ in range(_ROUNDS):
        draft = _draft(path, reading, file_name, compression, name)
        try:
            trial = rehearse(draft.file_type(), path)
        except ValidationError as error:
            problems = "; ".join(each["msg"] for each in error.errors())
            raise SampleError(f"{path}: no valid schema describes the file: {problems}") from error
        found = {column: reason for column, reason in trial.columns.items() if column not in reading.texts}
        if not found:
            break
        for column, reason in found.items():
            if "required" in reason:
                reading.nullable.add(column)
            else:
                reading.texts[column] = reason
                profile = reading.profiles[column]
                profile.longest_bytes = max(profile.longest_bytes, trial.longest_bytes[column])
    return draft, trial


def _draft(path: Path, reading: Reading, file_name: str, compression: str, name: str | None) -> Draft:
    if len(reading.profiles) > _MAX_COLUMNS:
        raise SampleError(
            f"{path}: {len(reading.profiles):,} columns; a table has at most {_MAX_COLUMNS:,} beside _loaded_at: "
            "ask the sender for fewer, or unpivot them"
        )
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
    notes = [*reading.notes]
    if file_name != path.name:
        notes.append(f"the content is {compression}, so the name must have its extension: send the file as {file_name}")
    if any(column.type.startswith("decimal") and type_ not in ("parquet", "orc", "avro") for column in columns):
        notes.append("decimals have room for two more digits than the sample on either side of the point")
    return Draft(
        name,
        path.name,
        pattern(file_name, name),
        reading.rows,
        reading.is_whole,
        format=keys,
        columns=columns,
        format_notes=found.notes,
        notes=tuple(notes),
        ignores_fields=reading.ignores_fields,
    )


def _read(path: Path, most_rows: int | None, has_header: bool | None, variant: int) -> tuple[Reading, str, str] | None:
    """Return what the sample holds, its name and its compression; None if it cannot be read in so many ways."""
    try:
        with opened(path) as sample:
            start = sample.peek()
            is_xml = xml_sample.is_xml(path, start)
            is_text = not is_xml and not start.startswith((_OLD_EXCEL, _PARQUET, _ORC, _WORKBOOK, _AVRO))
            if variant and not is_text:
                return None
            _check_name(path, start)
            _refuse_unread(path, start)
            if is_xml:
                return xml_sample.read(path, most_rows), sample.name, sample.compression
            if start.startswith(_OLD_EXCEL):
                raise SampleError(f"{path}: an old Excel file, which Lakeport cannot read; ask the sender for .xlsx")
            if sample.compression == "none" and start.startswith((_PARQUET, _ORC)):
                type_ = "orc" if start.startswith(_ORC) else "parquet"
                return parquet.read(path, most_rows, type_), sample.name, "none"
            if sample.compression == "none" and start.startswith(_WORKBOOK):
                from lakeport.inference import workbook  # noqa: PLC0415 - commands start without openpyxl

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
            reading = _read_text(sample, start, most_rows, has_header, variant)
            return (reading, sample.name, sample.compression) if reading else None
    except UnicodeError as error:
        raise SampleError(f"{path}: not valid UTF-8 text: {error}") from error


def _refuse_unread(path: Path, start: bytes) -> None:
    """Raise SampleError for files whose schema a person must write, with the way to do it."""
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"-----BEGIN PGP MESSAGE") or path.name.lower().endswith((".pgp", ".gpg")):
        raise SampleError(
            f"{path}: an encrypted file; infer from a plain sample, and set format.encryption in the schema"
        )


def _check_name(path: Path, start: bytes) -> None:
    """Raise SampleError if the name is that of a format that the content does not have."""
    for ending, (mark, format_) in _NAMED.items():
        if path.name.lower().endswith(ending) and not start.startswith((mark, _OLD_EXCEL)):
            raise SampleError(
                f"{path}: not a readable {format_} file: it does not begin like one; ask the sender for it again"
            )


def _read_text(
    sample: Sample, start: bytes, most_rows: int | None, has_header: bool | None, variant: int
) -> Reading | None:
    is_named_json = re.search(r"\.(json|jsonl|ndjson)(\.|$)", sample.path.name.lower())
    if is_named_json or start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[{")):
        return None if variant else json_documents.read(sample, most_rows)
    text = text_of(sample)
    if variant == _BY_RECORD_TYPE:
        return record_types.read(text, most_rows)
    is_named_delimited = re.search(r"\.(csv|tsv|psv)(\.|$)", sample.path.name.lower())
    if not is_named_delimited and (found := layout(text.start, has_header=has_header)):
        return None if variant else fixed_width.read(found, text, most_rows)
    return delimited.read(text, most_rows, has_header=has_header, variant=variant)


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
    if reading.encoding.name != "utf-8":
        keys |= _encoding(reading, found)
    return keys


def _encoding(reading: Reading, found: choosing.Options) -> dict[str, object]:
    """Return the encoding of a file that is not UTF-8."""
    if reading.encoding.name == "utf-8-sig":
        found.notes["encoding"] = "a byte order mark is not part of the first value"
    elif reading.encoding.example:
        found.notes["encoding"] = f"a guess: the file is not valid UTF-8; a value reads {reading.encoding.example!r}"
    return {"encoding": reading.encoding.name}


def _column(name: str, reading: Reading, found: choosing.Options) -> DraftColumn:
    profile, remark, at = reading.profiles[name], reading.remarks.get(name, ""), reading.places.get(name)
    if reading.types.get(name):
        is_required = reading.rows > 0 and not profile.empty and name not in reading.nullable
        return DraftColumn(name, reading.types[name], is_required, reading.headers.get(name), remark)
    choice = choosing.choose(name, profile, found, reading.rows)
    if name in reading.texts:
        choice = choosing.as_text(choice, profile, reading.texts[name])
    is_required = choice.is_required and name not in reading.nullable
    changes = reading.notations.get(name, "") if choice.type.startswith("varchar") else ""
    notes = [choice.note or remark, f"COPY may write {changes} in another form" if changes else ""]
    is_number = profile.numbers.is_number and not choice.type.startswith("varchar")
    if is_number and reading.format["type"] == "xlsx" and profile.numbers.whole_digits > _DIGITS_OF_EXCEL:
        notes.append("if these are codes, Excel has cut their digits: ask for texts")
    header, width, loss = reading.headers.get(name), reading.widths.get(name), "allow" if changes else None
    return DraftColumn(name, choice.type, is_required, header, "; ".join(filter(None, notes)), width, loss, at)


def _has_empty_text(reading: Reading, columns: Sequence[DraftColumn]) -> bool:
    """Return whether a column of text has empty values; without emptyasnull COPY loads them as empty texts."""
    is_text = reading.format.get("type") not in ("parquet", "orc", "xlsx")
    return is_text and any(c.type.startswith("varchar") and reading.profiles[c.name].blank for c in columns)
