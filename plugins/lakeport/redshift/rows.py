"""Read the rows of a query by the names of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from psycopg2.extensions import cursor

T = TypeVar("T")


def fetch_rows(current: cursor) -> list[dict[str, Any]]:
    """Return the rows of the last query, each as a dictionary from column name to value."""
    names = [column.name for column in current.description or ()]
    return [dict(zip(names, row, strict=True)) for row in current.fetchall()]


def fetch_as(current: cursor, kind: type[T]) -> list[T]:
    """Return the rows of the last query as instances of a dataclass."""
    return [from_row(kind, row) for row in fetch_rows(current)]


def from_row(kind: type[T], row: Mapping[str, Any]) -> T:
    """Make a dataclass from the columns that have the names of its fields.

    Raises KeyError for a field that the row has no column for.
    """
    return kind(**{each.name: row[each.name] for each in fields(kind)})  # type: ignore[arg-type]


def fetch_value(current: cursor) -> Any:
    """Return the single value of the last query.

    Raises ValueError unless the query returned one row of one column.
    """
    ((value,),) = current.fetchall()
    return value
