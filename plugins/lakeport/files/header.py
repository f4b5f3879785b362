"""What becomes of a header that is not the schema's: `drift` in a schema."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lakeport.errors import UnloadableFile
from lakeport.files.lines import fields_in_line
from lakeport.schema.column_type import ColumnType
from lakeport.schema.file_type import FileType
from lakeport.schema.table import LOADED_AT, Column
from lakeport.schema.values import IDENTIFIER

ADDED_TYPE = ColumnType("varchar", (1024,))


@dataclass(frozen=True)
class FileColumns:
    """The columns of one file in its order, and the type as this file has it.

    `ignored` are among `names`, but in no table: COPY cannot skip a field, so it needs somewhere to put it.
    """

    names: tuple[str, ...]
    file_type: FileType
    ignored: tuple[str, ...] = ()


def columns_of_file(file_type: FileType, header: str) -> FileColumns:
    """Return a header's columns as the type's `drift` takes them.

    Raises UnloadableFile with the difference where it does not take them.
    """
    known = {column.header_word for column in file_type.file_columns}
    words = words_of_header(file_type, header)
    extra = [word for word in dict.fromkeys(words) if word not in known]
    if file_type.drift == "add" and extra:
        added = tuple(Column.model_construct(name=_name(file_type, word), type=ADDED_TYPE) for word in extra)
        file_type = file_type.model_copy(update={"columns": (*file_type.columns, *added)})
    if file_type.drift != "ignore":
        return FileColumns(columns_in_header(file_type, header), file_type)
    here = [column for column in file_type.file_columns if column.required or column.header_word in words]
    spare = [Column.model_construct(name=word, type=ADDED_TYPE) for word in extra]
    names = columns_in_header(file_type.model_copy(update={"columns": (*here, *spare)}), header)
    ignored = {word: f"lakeport_ignored_{number}" for number, word in enumerate(extra, start=1)}
    return FileColumns(tuple(ignored.get(name, name) for name in names), file_type, tuple(ignored.values()))


def _name(file_type: FileType, word: str) -> str:
    if not re.fullmatch(IDENTIFIER, word) or word == LOADED_AT:
        raise UnloadableFile(
            f"the header has {word!r}, which can be no column's name, so that drift: add cannot add it to "
            f"{file_type.table.name}; have it renamed, or write drift: ignore in schemas/{file_type.name}.yaml"
        )
    return word


def words_of_header(file_type: FileType, header: str) -> tuple[str, ...]:
    """Return what stands in a header, as headers are compared: case and outer blanks do not count."""
    try:
        fields = fields_in_line(header.removeprefix("\ufeff"), file_type.format.copied)
    except csv.Error as error:
        reason = str(error).partition(" - ")[0]  # behind it Python gives a hint about its own calls
        raise UnloadableFile(f"the header is no line of a {file_type.format.type} file: {reason}") from error
    return tuple(field.strip().lower() for field in fields)


def columns_in_header(file_type: FileType, header: str) -> tuple[str, ...]:
    """Return the header's columns in the file's order, since COPY maps fields to columns by position.

    Raises UnloadableFile with the difference where they are not exactly the type's.
    """
    words = words_of_header(file_type, header)
    expected = [column.header_word for column in file_type.file_columns]
    found = "; ".join(f"{what}: {', '.join(named)}" for what, named in _differences(words, expected) if named)
    if found:
        raise UnloadableFile(
            f"the header does not fit schemas/{file_type.name}.yaml ({found}); "
            f"have the file sent with the columns {', '.join(_shown(expected))}, or change the schema"
        )
    names: dict[str, list[str]] = {}
    for column in file_type.file_columns:
        names.setdefault(column.header_word, []).append(column.name)
    return tuple(names[word].pop(0) for word in words)


def _differences(words: Sequence[str], expected: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield what a header lacks, has beyond the schema and says more often than the schema."""
    yield "missing", _shown(word for word in expected if words.count(word) < expected.count(word))
    yield "not in the schema", _shown(word for word in words if word not in expected)
    yield "there twice", sorted({word for word in words if words.count(word) > max(expected.count(word), 1)})


def _shown(words: Iterable[str]) -> list[str]:
    return [word or "(blank)" for word in words]
