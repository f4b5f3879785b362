"""Draft a schema from what was read of a sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lakeport.errors import SampleError
from lakeport.inference import choosing, copy_options
from lakeport.inference.copy_options import Options
from lakeport.inference.draft import Draft, DraftColumn
from lakeport.inference.moments import DEFAULT_DATE, DEFAULT_TIME
from lakeport.inference.naming import pattern, type_name
from lakeport.inference.reading import Reading
from lakeport.inference.sample_kinds import Read

_DIGITS_OF_EXCEL = 15
_MAX_COLUMNS = 1599  # of the 1,600 columns that a table takes, one is _loaded_at
_COLUMNAR = ("parquet", "orc", "avro")


def draft(path: Path, read: Read, name: str | None) -> Draft:
    """Return the schema by which the sample's values fit; `name` replaces the name from the file's.

    Raises SampleError if the sample has more columns than a table takes.
    """
    reading = read.reading
    if len(reading.profiles) > _MAX_COLUMNS:
        raise SampleError(
            f"{path}: {len(reading.profiles):,} columns; a table has at most {_MAX_COLUMNS:,} beside _loaded_at: "
            "ask the sender for fewer, or unpivot them"
        )
    found = copy_options.options(reading.profiles)
    found.timeformat = str(reading.format["timeformat"]) if "timeformat" in reading.format else found.timeformat
    columns = tuple(_column(column, reading, found) for column in reading.profiles)
    name = name or type_name(read.file_name)
    return Draft(
        name,
        path.name,
        pattern(read.file_name, name),
        reading.rows,
        reading.is_whole,
        format=_format_keys(read, found, columns),
        columns=columns,
        format_notes=found.notes,
        notes=(*reading.notes, *_notes(path, read, columns)),
        ignores_fields=reading.ignores_fields,
    )


def _format_keys(read: Read, found: Options, columns: Sequence[DraftColumn]) -> dict[str, object]:
    reading, type_ = read.reading, read.reading.format["type"]
    keys: dict[str, object] = {"type": type_}
    if read.compression != "none":
        keys["compression"] = read.compression
    keys |= {key: value for key, value in reading.format.items() if key != "type"} | _options(found, reading)
    if _has_empty_text(reading, columns):
        keys |= {"emptyasnull": True} | ({"blanksasnull": True} if type_ == "fixed_width" else {})
    if type_ == "fixed_width" and any(column.type.startswith("varchar") for column in columns):
        keys["trimblanks"] = True
    return keys


def _notes(path: Path, read: Read, columns: Sequence[DraftColumn]) -> Iterator[str]:
    if read.file_name != path.name:
        yield (
            f"the content is {read.compression}, so the name must have its extension: send the file as {read.file_name}"
        )
    if read.reading.format["type"] not in _COLUMNAR and any(each.type.startswith("decimal") for each in columns):
        yield "decimals have room for two more digits than the sample on either side of the point"


def _options(found: Options, reading: Reading) -> dict[str, object]:
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


def _encoding(reading: Reading, found: Options) -> dict[str, object]:
    """Return the encoding of a file that is not UTF-8."""
    if reading.encoding.name == "utf-8-sig":
        found.notes["encoding"] = "a byte order mark is not part of the first value"
    elif reading.encoding.example:
        found.notes["encoding"] = f"a guess: the file is not valid UTF-8; a value reads {reading.encoding.example!r}"
    return {"encoding": reading.encoding.name}


def _column(name: str, reading: Reading, found: Options) -> DraftColumn:
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
