"""The mng tables of an earlier Lakeport become those of this one, and keep what they hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lakeport.mng_tables import make_tables
from lakeport.warehouse import Warehouse

Query = Callable[..., list[tuple[Any, ...]]]


def test_missing_columns_are_added_and_rows_kept(warehouse: Warehouse, query: Query) -> None:
    def make_old(current: Any) -> None:
        current.execute("DROP TABLE mng.alerts")
        current.execute(
            "CREATE TABLE mng.alerts (dag_id VARCHAR(250), run_id VARCHAR(250), raised_at TIMESTAMP, sent_at TIMESTAMP)"
        )
        current.execute("INSERT INTO mng.alerts VALUES ('load_trips', 'run1', SYSDATE, SYSDATE)")

    warehouse.transaction(make_old)
    for _ in range(2):
        warehouse.transaction(make_tables)
    assert query("SELECT run_id, message, held_by, held_until FROM mng.alerts") == [("run1", None, None, None)]
