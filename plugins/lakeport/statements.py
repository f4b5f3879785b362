"""SQL statements, read from `sql/` once a process."""

from __future__ import annotations

from functools import cache

from lakeport import settings


@cache
def statement(name: str) -> str:
    """Return the text of `sql/<name>.sql`."""
    return (settings.sql_folder() / f"{name}.sql").read_text()
