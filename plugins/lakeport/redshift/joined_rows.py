"""Rows of values for a statement to join, in a temporary table: Redshift takes VALUES in INSERT only.

A query of as many literals would have a branch for each row, and thousands of branches exceed what a parser takes
(PostgreSQL: 54001, about 7,800 of them).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor
from psycopg2.extras import execute_values

from lakeport.redshift.statements import composed, keywords

_TABLE = sql.Identifier("lakeport_joined_rows")
_ROWS_A_STATEMENT = 1_000


@contextmanager
def joined_rows(current: cursor, types: Mapping[str, str], rows: Collection[Sequence[Any]]) -> Iterator[sql.Identifier]:
    """Give the name of a table that holds these rows, with columns of the given names and types.

    The table is dropped afterwards, or rolled back with the transaction if the body raises.
    """
    columns = [sql.SQL("{} {}").format(sql.Identifier(name), keywords(type_)) for name, type_ in types.items()]
    current.execute(
        composed("load/create_stage", stage=_TABLE, columns=sql.SQL(", ").join(columns), layout=sql.SQL(""))
    )
    execute_values(current, composed("mng/insert_joined_rows", rows=_TABLE), rows, page_size=_ROWS_A_STATEMENT)
    yield _TABLE
    current.execute(composed("load/drop_stage", stage=_TABLE))
