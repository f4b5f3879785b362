"""The isolation level of a database, which decides which transactions conflict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

QUERY = "mng/isolation_levels"
"""The SQL statement whose rows are (database, isolation level); users see their own database, according to AWS."""


def level_of(rows: Iterable[Sequence[str]], database: str) -> str | None:
    """Return the isolation level of the database, None if Redshift does not show it."""
    return next((level.strip() for name, level in rows if name.strip() == database), None)


def problem_with(level: str | None, database: str) -> str | None:
    """Return what is wrong with an isolation level, and the statement that fixes it; None if nothing is.

    A COPY of minutes under SERIALIZABLE conflicts with every file that is registered meanwhile: its transaction began
    before, and it ends with an update of the same table.
    """
    if level is None or level.upper().startswith("SNAPSHOT"):
        return None
    quoted = '"' + database.replace('"', '""') + '"'
    return (
        f"database {database} has isolation level {level}: a file that arrives while COPY runs makes Redshift roll the "
        "load back (error 1023), so long loads may never succeed; close the other sessions of the database and run "
        f"ALTER DATABASE {quoted} ISOLATION LEVEL SNAPSHOT"
    )
