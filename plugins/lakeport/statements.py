"""SQL statements, read from `sql/` once a process."""

from __future__ import annotations

from functools import cache

from psycopg2 import sql

from lakeport import settings


@cache
def statement(name: str) -> str:
    """Return the text of `sql/<name>.sql`."""
    return (settings.sql_folder() / f"{name}.sql").read_text()


def composed(name: str, /, **parts: sql.Composable) -> sql.Composed:
    """Return `sql/<name>.sql` with its {parts} in their places."""
    return sql.SQL(statement(name)).format(**parts)
