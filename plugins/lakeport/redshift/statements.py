"""SQL statements, read from `sql/` once a process."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from psycopg2 import sql

from lakeport import settings

_WORDS = re.compile(r"[A-Za-z0-9_(), ]+")


@cache
def statement(name: str) -> str:
    """Return the text of `sql/<name>.sql`."""
    return (settings.sql_folder() / f"{name}.sql").read_text()


def composed(name: str, /, **parts: sql.Composable) -> sql.Composed:
    """Return `sql/<name>.sql` with its {parts} in their places."""
    return sql.SQL(statement(name)).format(**parts)  # nosemgrep: sql-wrapped-unread - a file of ours


def words(text: str) -> sql.SQL:
    """Return keywords, a type or a number as SQL: what can be neither bound nor quoted.

    Raises ValueError for anything that could end them and begin something else.
    """
    if not _WORDS.fullmatch(text):
        raise ValueError(f"{text!r} are no words of SQL: letters, digits, underscores, commas, brackets and blanks")
    return sql.SQL(text)  # nosemgrep: sql-wrapped-unread - nothing in it ends a word


def rows_of_literals(types: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> sql.Composed:
    """Return a query of these rows, whose columns have the names and types given.

    Redshift takes VALUES in INSERT alone.  A literal's % stays one: execute what holds it without bound values where
    it may have any.
    """
    return sql.SQL(" UNION ALL ").join(sql.SQL("SELECT {}").format(_literals(types, row)) for row in rows)


def _literals(types: Mapping[str, str], row: Sequence[Any]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{}::{} AS {}").format(sql.Literal(value), words(type_), sql.Identifier(name))
        for (name, type_), value in zip(types.items(), row, strict=True)
    )
