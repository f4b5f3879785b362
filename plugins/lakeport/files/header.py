"""Match the header of a file with the columns of its schema, as the schema's `drift` requires."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from lakeport.errors import UnloadableFile
from lakeport.files.lines import fields_in_line
from lakeport.schema.file_type import FileType
from lakeport.schema.table import Column

_ADDED_TYPE = "varchar(1024)"


@dataclass(frozen=True)
class FileColumns:
    """The columns of one file in its order, and the file type with the columns that `drift: add` adds.

    `ignored` are among `names`, but no table has them: COPY cannot skip a field, so it writes it to a temporary table.
    """

    names: tuple[str, ...]
    file_type: FileType
    ignored: tuple[str, ...] = ()


def columns_of_file(file_type: FileType, header: str) -> FileColumns:
    """Return the columns of a header as `drift` allows them.

    Raises UnloadableFile with the difference if it does not allow them.
    """
    words = words_of_header(file_type, header)
    known = {column.header_word for column in file_type.file_columns}
    unknown = [word for word in dict.fromkeys(words) if word not in known]
    if file_type.drift == "add" and unknown:
        added = tuple(_added_column(file_type, word) for word in unknown)
        file_type = file_type.model_copy(update={"columns": (*file_type.columns, *added)})
    if file_type.drift != "ignore":
        return FileColumns(columns_in_header(file_type, header), file_type)
    ignored = {word: f"lakeport_ignored_{number}" for number, word in enumerate(unknown, start=1)}
    present = [column for column in file_type.file_columns if column.required or column.header_word in words]
    expected = [*_named(present), *ignored.items()]
    return FileColumns(_names_by_word(file_type, words, expected), file_type, tuple(ignored.values()))


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
    """Return the fields of a header in lower case and without outer spaces, which is how headers are compared."""
    try:
        fields = fields_in_line(header.removeprefix("\ufeff"), file_type.format.copied)
    except csv.Error as error:
        reason = str(error).partition(" - ")[0]  # after it, Python explains its own calls
        raise UnloadableFile(f"the header is not a valid line of a {file_type.format.type} file: {reason}") from error
    return tuple(field.strip().lower() for field in fields)


def columns_in_header(file_type: FileType, header: str) -> tuple[str, ...]:
    """Return the header's columns in the order of the file, since COPY maps fields to columns by position.

    Raises UnloadableFile with the difference if they are not exactly the columns of the type.
    """
    return _names_by_word(file_type, words_of_header(file_type, header), _named(file_type.file_columns))


def _named(columns: Iterable[Column]) -> list[tuple[str, str]]:
    return [(column.header_word, column.name) for column in columns]


def _names_by_word(file_type: FileType, words: Sequence[str], expected: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return the column name of each word; `expected` has the words and the names of all columns."""
    expected_words = [word for word, _ in expected]
    found = "; ".join(f"{what}: {', '.join(named)}" for what, named in _differences(words, expected_words) if named)
    if found:
        raise UnloadableFile(
            f"the header does not match schemas/{file_type.name}.yaml ({found}); "
            f"ask the sender for the columns {', '.join(_readable(expected_words))}, or change the schema"
        )
    names: dict[str, list[str]] = {}
    for word, name in expected:
        names.setdefault(word, []).append(name)
    return tuple(names[word].pop(0) for word in words)


def _differences(words: Sequence[str], expected: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the words that a header lacks, has beyond the schema, and has more often than the schema."""
    yield "missing", _readable(word for word in expected if words.count(word) < expected.count(word))
    yield "not in the schema", _readable(word for word in words if word not in expected)
    yield "duplicate", sorted({word for word in words if words.count(word) > max(expected.count(word), 1)})


def _readable(words: Iterable[str]) -> list[str]:
    return [word or "(blank)" for word in words]
