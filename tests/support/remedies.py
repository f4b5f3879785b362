"""Run the statements of a message by hand, as its reader does."""

from __future__ import annotations

from contextlib import closing

from lakeport.redshift.connecting import connect_to_redshift


def run_statements_of(message: str, value: str = "") -> None:
    """Run the statements that rebuild a table, in a separate session; `value` is the one for existing rows."""
    statements = message.split(" with\n", 1)[1].replace("<value for existing rows>", value)
    with closing(connect_to_redshift()) as session:
        session.autocommit = True
        with session.cursor() as current:
            current.execute(statements)
