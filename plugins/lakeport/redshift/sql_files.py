"""The texts of `sql/`.

DAGs need no more, so that a parse does not import psycopg2.
"""

from __future__ import annotations

from functools import cache

from lakeport import settings


@cache
def statement(name: str) -> str:
    """Return the text of `sql/<name>.sql`, read once in a process."""
    return (settings.sql_folder() / f"{name}.sql").read_text()
