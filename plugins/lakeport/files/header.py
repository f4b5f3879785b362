"""What becomes of a header that is not the schema's: `drift` in a schema."""

from __future__ import annotations

import re
from dataclasses import dataclass

from psycopg2.extensions import cursor

from lakeport.errors import UnloadableFile
from lakeport.files.lines import columns_in_header, words_of_header
from lakeport.redshift import ddl
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


def add_columns(current: cursor, file_type: FileType) -> list[str]:
    """Add to the live table what it lacks of the type's columns, and return their names.

    Safe to repeat: it looks at the table first.  It is a transaction of its own before the load, since readers wait
    from an ALTER TABLE to its commit; if the load fails, the columns stay and are empty.
    """
    table = file_type.table
    current.execute(ddl.live_columns_query(), {"schema_name": table.schema_name, "table_name": table.table_name})
    missing = ddl.missing_columns(file_type, dict(current.fetchall()))
    for column in missing:
        current.execute(ddl.add_column(table, column))
    return [column.name for column in missing]


def _name(file_type: FileType, word: str) -> str:
    if not re.fullmatch(IDENTIFIER, word) or word == LOADED_AT:
        raise UnloadableFile(
            f"the header has {word!r}, which can be no column's name, so that drift: add cannot add it to "
            f"{file_type.table.name}; have it renamed, or write drift: ignore in schemas/{file_type.name}.yaml"
        )
    return word
