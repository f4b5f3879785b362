"""Check records field by field: a record becomes values for PostgreSQL, or a reject with the reason."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from local.redshift.copy import fields, utf8
from local.redshift.copy.columns import Column, Type
from local.redshift.copy.options import CopyOptions
from local.redshift.protocol.errors import FieldError

_QUOTABLE = re.compile('[",\n\r]')

INVALID_LINE = 1216
"""Names no column, wherever in the line it was found."""
MOST_REPLACEMENTS = 100
"""So many Redshift writes down for each slice."""

Values = list[str | None]


@dataclass(frozen=True, slots=True)
class Record:
    line: int
    """Number of its first physical line, from 1."""
    raw: str
    fields: Sequence[str | None]
    starts: Sequence[int] = ()
    """Where each field starts in the raw line."""

    def start(self, index: int) -> int:
        return self.starts[index] if index < len(self.starts) else 0


@dataclass(frozen=True, slots=True)
class Reject:
    line: int
    raw: str
    code: int
    reason: str
    column: Column | None = None
    position: int = 0
    value: str = ""
    read: Sequence[str | None] = field(default=())
    """The fields before the bad one, None for those that were read as NULL."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A record in which ACCEPTINVCHARS has replaced something."""

    line: int
    """-1 where the format has no lines."""
    column: Column
    raw: str


class RowChecker:
    """Converts records for one list of columns."""

    replacement_count = 0

    def __init__(self, columns: Sequence[Column], options: CopyOptions) -> None:
        self.columns = columns
        self.options = options
        self.converters = [fields.converter(column, options) for column in columns]
        self.replacements: list[Replacement] = []

    def check(self, record: Record) -> Values | Reject:
        """Return the values to store, or the first thing that is wrong."""
        values: Values = []
        for index, column in enumerate(self.columns):
            try:
                values.append(self._value(record, index, column))
            except FieldError as error:
                read = [None if stored is None else raw for stored, raw in zip(values, record.fields, strict=False)]
                return replace(self.reject(record, index, error), read=read)
        if self.options.replacement is not None:
            self._look_for_replacement(record)
        return values

    def note_replacement(self, line: int, column: Column, raw: str) -> None:
        self.replacement_count += 1
        if len(self.replacements) < MOST_REPLACEMENTS:
            self.replacements.append(Replacement(line, column, raw))

    def _look_for_replacement(self, record: Record) -> None:
        for column, value in zip(self.columns, record.fields, strict=False):
            is_replaced = column.type is Type.VARCHAR and value is not None and not value.isascii()
            if is_replaced and value != utf8.repaired(str(value), self.options.replacement):
                self.note_replacement(record.line, column, record.raw)
                return

    def reject(self, record: Record, index: int, error: FieldError) -> Reject:
        present = record.fields[index] if index < len(record.fields) else None
        return Reject(
            line=record.line,
            raw=record.raw,
            code=error.code,
            reason=error.reason,
            column=self.columns[index] if index < len(self.columns) and error.code != INVALID_LINE else None,
            position=record.start(index),
            value=(present or "") if error.value is None else error.value,
            read=record.fields[:index],
        )

    def _value(self, record: Record, index: int, column: Column) -> str | None:
        if index >= len(record.fields):
            return fields.absent(column, self.options)
        value = record.fields[index]
        return fields.null(column) if value is None else self.converters[index](value)


def accepted(checked: Iterable[Values | Reject], report: Callable[[Reject], None]) -> bytes:
    """Report the rejected rows, and write the others as CSV for PostgreSQL."""
    good = list[Values]()
    for each in checked:
        if isinstance(each, Reject):
            report(each)
        else:
            good.append(each)
    return encode(good)


def encode(rows: Iterable[Values]) -> bytes:
    """Write rows as CSV for PostgreSQL: NULL is nothing, an empty string is two quotes."""
    return "".join([",".join(map(_cell, row)) + "\n" for row in rows]).encode()


def _cell(value: str | None) -> str:
    if value is None:
        return ""
    if not value or _QUOTABLE.search(value) or value == "\\.":
        return '"' + value.replace('"', '""') + '"'
    return value
