"""SQL statements made of parts: identifiers, keywords and the texts of `sql/`."""

from __future__ import annotations

import re

from psycopg2 import sql
from psycopg2.extensions import QuotedString

from lakeport.redshift.sql_files import statement

_KEYWORDS = re.compile(r"[A-Za-z0-9_(), ]+")


def composed(name: str, /, **parts: sql.Composable) -> sql.Composed:
    """Return `sql/<name>.sql` with its {placeholders} replaced by `parts`."""
    return sql.SQL(statement(name)).format(**parts)  # nosemgrep: sql-wrapped-unread - a file of ours


def keywords(text: str) -> sql.SQL:
    """Return keywords, a type or a number as SQL, which can be neither bound nor quoted.

    Raises ValueError for a character that could end them.
    """
    if not _KEYWORDS.fullmatch(text):
        raise ValueError(
            f"{text!r} is not SQL keywords; allowed: letters, digits, underscores, commas, parentheses, spaces"
        )
    return sql.SQL(text)  # nosemgrep: sql-wrapped-unread - nothing in it ends a keyword


def as_text(statement: sql.Composable) -> str:
    """Return the text of a statement, quoted as psycopg2 quotes it on a connection."""
    if isinstance(statement, sql.Composed):
        return "".join(map(as_text, statement.seq))
    if isinstance(statement, sql.SQL):
        return statement.string
    if isinstance(statement, sql.Identifier):
        return ".".join('"' + name.replace('"', '""') + '"' for name in statement.strings)
    if isinstance(statement, sql.Placeholder):
        return f"%({statement.name})s"
    if isinstance(statement, sql.Literal) and isinstance(statement.wrapped, str):
        quoted = QuotedString(statement.wrapped)
        quoted.encoding = "utf8"
        return quoted.getquoted().decode()
    return str(statement)
