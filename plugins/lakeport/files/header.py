"""Match the header of a file with the columns of its schema, as the schema's `drift` requires."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from lakeport.errors import UnloadableFile
from lakeport.schema.file_type import FileType
from lakeport.schema.table import Column

_ADDED_TYPE = "varchar(1024)"


@dataclass(frozen=True)
class FileColumns:
    """The columns of one file in its order.

    `added` are new columns for the table, and `ignored` columns are in no table: COPY cannot skip a field, so it needs
    somewhere to put it.
    """

    names: tuple[str, ...]
    added: tuple[Column, ...] = ()
    ignored: tuple[str, ...] = ()


def columns_of_file(file_type: FileType, header: str) -> FileColumns:
    """Return the columns in a header; raises UnloadableFile with the difference if `drift` does not allow it."""
    words = words_of_header(file_type, header)
    columns = file_type.file_columns
    known = {column.header_word for column in columns}
    extra = [word for word in dict.fromkeys(words) if word not in known]
    added, ignored = tuple[Column, ...](), dict[str, str]()
    if file_type.drift == "add":
        added = tuple(_added_column(file_type, word) for word in extra)
    elif file_type.drift == "ignore":
        columns = tuple(column for column in columns if column.required or column.header_word in words)
        ignored = {word: f"lakeport_ignored_{number}" for number, word in enumerate(extra, start=1)}
    expected = [(column.header_word, column.name) for column in (*columns, *added)]
    names = _in_order(file_type, words, [*expected, *ignored.items()])
    return FileColumns(names, added, tuple(ignored.values()))


def _added_column(file_type: FileType, word: str) -> Column:
    try:
        return Column.model_validate({"name": word, "type": _ADDED_TYPE})
    except ValidationError as error:
        raise UnloadableFile(
            f"the header has the column {word!r}, which drift: add cannot add to {file_type.table.name}: it is not a "
            "valid column name; ask the sender for another name, or set drift to ignore in "
            f"schemas/{file_type.name}.yaml"
        ) from error


def words_of_header(file_type: FileType, header: str) -> tuple[str, ...]:
    """Return the fields of a header in the form in which headers are compared: lower case, without outer blanks."""
    try:
        fields = file_type.text_format.fields_in_line(header.removeprefix("\ufeff"), file_type.file_columns)
    except csv.Error as error:
        reason = str(error).partition(" - ")[0]  # the rest is a hint about Python's own calls
        raise UnloadableFile(f"the header is not a valid line of a {file_type.format.type} file: {reason}") from error
    return tuple(field.strip().lower() for field in fields)


def _in_order(file_type: FileType, words: Sequence[str], expected: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return the columns in the file's order, since COPY maps fields to columns by position.

    `expected` are the words and names of the columns.  Raises UnloadableFile with the difference from them.
    """
    expected_words = [word for word, _ in expected]
    found = "; ".join(f"{what}: {', '.join(named)}" for what, named in _differences(words, expected_words) if named)
    if found:
        raise UnloadableFile(
            f"the header does not match schemas/{file_type.name}.yaml ({found}); "
            f"ask the sender for the columns {', '.join(_printable(expected_words))}, or change the schema"
        )
    names: dict[str, list[str]] = {}
    for word, name in expected:
        names.setdefault(word, []).append(name)
    return tuple(names[word].pop(0) for word in words)


def _differences(words: Sequence[str], expected: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield what a header lacks, the words that are not in the schema, and those it has more often than the schema."""
    yield "missing", _printable(word for word in expected if words.count(word) < expected.count(word))
    yield "not in the schema", _printable(word for word in words if word not in expected)
    yield "duplicate", sorted({word for word in words if words.count(word) > max(expected.count(word), 1)})


def _printable(words: Iterable[str]) -> list[str]:
    return [word or "(blank)" for word in words]
