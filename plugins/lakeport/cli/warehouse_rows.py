"""Query Redshift for the rows that a command shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg2.extensions import cursor

from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from lakeport.redshift.sql_files import statement


def rows_of(name: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run the query `sql/<name>.sql` and return its rows."""

    def read(current: cursor) -> list[tuple[Any, ...]]:
        current.execute(statement(name), values)
        rows: list[tuple[Any, ...]] = current.fetchall()
        return rows

    with Warehouse(connect_to_redshift) as warehouse:
        return warehouse.transaction(read)
