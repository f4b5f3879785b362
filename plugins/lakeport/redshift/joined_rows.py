"""Rows of values for a statement to join: a single row as a part of it, several in a temporary table.

Redshift takes VALUES in INSERT only.  A query of as many literals would have a branch for each row, and thousands of
branches exceed what a parser takes (PostgreSQL: 54001, about 7,800 of them).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor
from psycopg2.extras import execute_values

from lakeport.redshift.statements import composed, keywords

_TABLE = sql.Identifier("lakeport_joined_rows")
_ROWS_A_STATEMENT = 1_000


@dataclass(frozen=True)
class JoinedRows:
    """What a FROM clause reads, under an alias, and the values to bind to the statement."""

    table: sql.Composable
    values: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def joined_rows(current: cursor, types: Mapping[str, str], rows: Collection[Sequence[Any]]) -> Iterator[JoinedRows]:
    """Give these rows to a statement, with columns of the given names and types.

    A temporary table is dropped afterwards, or rolled back with the transaction if the body raises.
    """
    if len(rows) == 1:
        (row,) = rows
        yield _single_row(types, row)
        return
    columns = [sql.SQL("{} {}").format(sql.Identifier(name), keywords(type_)) for name, type_ in types.items()]
    current.execute(
        composed("load/create_stage", stage=_TABLE, columns=sql.SQL(", ").join(columns), layout=sql.SQL(""))
    )
    execute_values(current, composed("mng/insert_joined_rows", rows=_TABLE), rows, page_size=_ROWS_A_STATEMENT)
    yield JoinedRows(_TABLE)
    current.execute(composed("load/drop_stage", stage=_TABLE))


def _single_row(types: Mapping[str, str], row: Sequence[Any]) -> JoinedRows:
    values = {f"joined_{name}": value for name, value in zip(types, row, strict=True)}
    columns = [
        sql.SQL("CAST({} AS {}) AS {}").format(sql.Placeholder(place), keywords(type_), sql.Identifier(name))
        for place, (name, type_) in zip(values, types.items(), strict=True)
    ]
    return JoinedRows(sql.SQL("(SELECT {})").format(sql.SQL(", ").join(columns)), values)
