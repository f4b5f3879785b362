"""The values of columns that a file's object fills, as defaults of the table that COPY fills: one file, one value."""

from __future__ import annotations

from datetime import UTC, datetime

from psycopg2 import sql

from lakeport.errors import UnloadableFile
from lakeport.redshift.statements import keywords
from lakeport.schema.column import Column
from lakeport.schema.facts import FileFacts
from lakeport.schema.file_facts import CAPTURED
from lakeport.schema.file_type import FileType

_BITS = {"smallint": 15, "integer": 31, "bigint": 63}


def filled_columns(file_type: FileType, facts: FileFacts) -> list[sql.Composed]:
    """Return the definitions of the columns with their values; raises UnloadableFile if a value does not fit."""
    return [_definition(column, fact_of(column, facts)) for column in file_type.fact_columns]


def _definition(column: Column, value: str | int | datetime) -> sql.Composed:
    literal = sql.Literal(value if isinstance(value, int) else str(value))
    parts = (sql.Identifier(column.name), keywords(str(column.type)), literal)
    return sql.SQL("{} {} DEFAULT {}").format(*parts)


def fact_of(column: Column, facts: FileFacts) -> str | int | datetime:
    """Return the value of a column with `from`; raises UnloadableFile if it does not fit the column."""
    source = column.from_ or ""
    name = source.removeprefix(CAPTURED)
    if source.startswith(CAPTURED) and name not in facts.captured:
        raise UnloadableFile(
            f"{facts.key} does not match landing.pattern, so {{{name}}} for the column {column.name} is unknown; "
            "change the pattern, or send the file under a name that it matches"
        )
    value: str | int | datetime = facts.captured[name] if source.startswith(CAPTURED) else getattr(facts, source)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if column.type.name == "timestamptz" else _day_or_moment(value, column)
    if column.type.name in _BITS:
        return _whole_number(value, column, facts)
    if len(str(value).encode()) > column.type.arguments[0]:
        raise _misfit(value, column, facts)
    return value


def _day_or_moment(value: datetime, column: Column) -> str | datetime:
    return f"{value:%Y-%m-%d}" if column.type.name == "date" else value


def _whole_number(value: object, column: Column, facts: FileFacts) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit()) or int(text) >= 1 << _BITS[column.type.name]:
        raise _misfit(value, column, facts)
    return int(text)


def _misfit(value: object, column: Column, facts: FileFacts) -> UnloadableFile:
    return UnloadableFile(
        f"{facts.key}: {column.from_} is {str(value)!r:.200}, which does not fit the column {column.name} of type "
        f"{column.type}; change the column, and replay the file"
    )
