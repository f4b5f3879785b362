"""Match the columns that a file names with those of its schema, as the schema's `drift` requires."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from lakeport.errors import UnloadableFile
from lakeport.schema.column import Column
from lakeport.schema.file_type import FileType
from lakeport.schema.text_formats import Csv

_ADDED_TYPE = "varchar(1024)"
_IGNORED_TYPE = "varchar(65535)"
_MISSING = "missing"


@dataclass(frozen=True)
class FileColumns:
    """The columns of one file in its order.

    `added` are new columns for the table, and `ignored` columns are in no table: COPY cannot skip a field, so it needs
    somewhere to put it.
    """

    names: tuple[str, ...]
    added: tuple[Column, ...] = ()
    ignored: tuple[Column, ...] = ()


def columns_of_file(file_type: FileType, header: str) -> FileColumns:
    """Return the columns in a header; raises UnloadableFile with the difference if `drift` does not allow it."""
    return columns_by_name(file_type, words_of_header(file_type, header))


def columns_by_name(
    file_type: FileType,
    words: Sequence[str],
    types: Mapping[str, str] | None = None,
    *,
    subject: str = "the header",
    may_lack: bool = False,
) -> FileColumns:
    """Return the columns that a file names by these words, which are compared as those of a header.

    `types` are the column types of the words, if the file defines them.  With `may_lack` it may lack columns that are
    not required.  Raises UnloadableFile with the difference if `drift` does not allow it.
    """
    columns, types = file_type.file_columns, types or {}
    known = {column.header_word for column in columns}
    extra = [word for word in dict.fromkeys(words) if word not in known]
    added, ignored = tuple[Column, ...](), dict[str, Column]()
    may_lack = may_lack or file_type.drift == "ignore"
    optional = {column.name for column in columns if column.optional_in_file or (may_lack and not column.required)}
    columns = tuple(column for column in columns if column.name not in optional or column.header_word in words)
    if file_type.drift == "add":
        _refuse_filled(file_type, extra)
        added = tuple(added_column(file_type, word, types.get(word, _ADDED_TYPE)) for word in extra)
    elif file_type.drift == "ignore":
        ignored = {
            word: Column.model_validate({"name": f"lakeport_ignored_{number}", "type": types.get(word, _IGNORED_TYPE)})
            for number, word in enumerate(extra, start=1)
        }
    expected = [(column.header_word, column.name) for column in (*columns, *added)]
    expected += [(word, column.name) for word, column in ignored.items()]
    return FileColumns(_in_order(file_type, words, expected, subject), added, tuple(ignored.values()))


def _refuse_filled(file_type: FileType, words: Iterable[str]) -> None:
    filled = {column.name: column.from_ for column in file_type.fact_columns}
    for word in words:
        if word in filled:
            raise UnloadableFile(
                f"the file has the column {word!r}, which schemas/{file_type.name}.yaml fills from {filled[word]}; "
                "give the column another name, or remove from"
            )


def added_column(file_type: FileType, word: str, type_: str = _ADDED_TYPE) -> Column:
    """Return the column that `drift: add` adds for a word; raises UnloadableFile if it is not a valid name."""
    try:
        return Column.model_validate({"name": word, "type": type_})
    except ValidationError as error:
        raise UnloadableFile(
            f"the file has the column {file_type.rejects.values_in_message(repr(word))}, which drift: add cannot add "
            f"to {file_type.table.name}: it is not a valid column name; ask the sender for another name, or set drift "
            f"to ignore in schemas/{file_type.name}.yaml"
        ) from error


def check_line_end(line: str, what: str) -> None:
    """Raise UnloadableFile if a line, without LF or CR LF, has another CR, which would become a part of a value."""
    if "\r" in line:
        raise UnloadableFile(
            f"{what} contains a CR, which COPY does not take as a line end; ask the sender for lines that end in LF "
            "or CR LF"
        )


def words_of_header(file_type: FileType, header: str) -> tuple[str, ...]:
    """Return the fields of a header in the form in which headers are compared: lower case, without outer blanks."""
    format_ = file_type.text_format
    check_line_end(header, "the header")
    if isinstance(format_, Csv) and _is_unfinished(header, format_):
        raise UnloadableFile(
            f"the header {file_type.rejects.values_in_message(header[:80])} has a line end inside a quoted field, but "
            "COPY skips lines, not rows; ask the sender for names without line ends"
        )
    try:
        fields = format_.fields_in_line(header.removeprefix("\ufeff"), file_type.file_columns)
    except csv.Error as error:
        reason = str(error).partition(" - ")[0]  # the rest is a hint about Python's own calls
        raise UnloadableFile(f"the header is not a valid line of a {file_type.format.type} file: {reason}") from error
    return tuple(field.strip().lower() for field in fields)


def _is_unfinished(header: str, format_: Csv) -> bool:
    """Return whether a quoted field of the header continues in the next line."""
    delimiter, quote = format_.delimiter_character, format_.quote_character
    try:
        next(csv.reader([header], delimiter=delimiter, quotechar=quote, skipinitialspace=True, strict=True), [])
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def _in_order(
    file_type: FileType, words: Sequence[str], expected: Sequence[tuple[str, str]], subject: str
) -> tuple[str, ...]:
    """Return the columns in the file's order, since COPY maps fields to columns by position.

    `expected` are the words and names of the columns.  Raises UnloadableFile with the difference from them.
    """
    expected_words = [word for word, _ in expected]
    is_header = any(word in expected_words for word in words)  # if not, it may be a row
    found = "; ".join(
        f"{what}: {listed if is_header or what == _MISSING else file_type.rejects.values_in_message(listed)}"
        for what, named in _differences(words, expected_words)
        if (listed := ", ".join(named))
    )
    if found:
        raise UnloadableFile(
            f"{subject} does not match schemas/{file_type.name}.yaml ({found}); "
            f"ask the sender for the columns {', '.join(_printable(expected_words))}, "
            "or change the columns in the schema or their headers, or set drift to add or ignore"
        )
    names: dict[str, list[str]] = {}
    for word, name in expected:
        names.setdefault(word, []).append(name)
    return tuple(names[word].pop(0) for word in words)


def _differences(words: Sequence[str], expected: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield what a header lacks, the words that are not in the schema, and those it has more often than the schema."""
    given, known = Counter(words), Counter(expected)
    yield _MISSING, _printable(word for word in expected if given[word] < known[word])
    yield "not in the schema", _printable(word for word in words if word not in known)
    yield "duplicate", sorted(word for word, count in given.items() if count > max(known[word], 1))


def _printable(words: Iterable[str]) -> list[str]:
    return [word or "(blank)" for word in words]
