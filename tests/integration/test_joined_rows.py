"""As many files as `landing.max_files` allows are recorded by a few statements."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg2 import sql

from lakeport.mng import claims, file_records, load_records
from lakeport.mng.load_records import Load
from lakeport.model import Arrival, Match, TaskRun
from lakeport.redshift.joined_rows import joined_rows
from lakeport.redshift.session import Warehouse
from lakeport.schema.file_type import FileType
from tests.integration.callables import Query

MOST_FILES = 10_000
TYPES = {"name": "VARCHAR(64)", "number": "BIGINT"}


ROWS = [("%s %(a)s", 1), ('it\'s \\ "q"', 2), ("{n}", None)]


@pytest.mark.parametrize("rows", [ROWS, *([row] for row in ROWS), [(None, 2**62)]])
def test_rows_arrive_unchanged_and_leave_no_table(warehouse: Warehouse, rows: list[tuple[Any, ...]]) -> None:
    """Whatever their characters; twice in one session."""

    def read(current: Any) -> list[tuple[Any, ...]]:
        with joined_rows(current, TYPES, rows) as joined:
            query = sql.SQL("SELECT name, number FROM {} joined ORDER BY number").format(joined.table)
            current.execute(query, joined.values)
            return list(current.fetchall())

    assert [warehouse.transaction(read) for _ in range(2)] == [rows, rows]


def test_loads_of_ten_thousand_files_are_recorded_together(
    warehouse: Warehouse, query: Query, file_type: FileType
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(minutes=1)
    keys = [f"{file_type.name}/{number}.csv" for number in range(MOST_FILES)]
    pairs = [(Arrival("landing", key, "v", "etag", 1, now, ""), Match(file_type.name)) for key in keys]
    by = TaskRun(file_type.dag_id, "run1", "copy_to_table")
    loads = {arrival.file_id: Load("lake.trips", 3, 2, 1, 7) for arrival, _ in pairs}

    def record(current: Any) -> None:
        file_records.register(current, pairs, now)
        claims.claim(current, list(loads), by)
        load_records.record_loads(current, loads, dict.fromkeys(loads, ()), by)

    warehouse.transaction(record)
    counted = "SELECT COUNT(loaded_at), SUM(rows_loaded) FROM mng.files WHERE file_type = %s"
    found = query(counted, (file_type.name,))
    forget = "DELETE FROM mng.files WHERE file_type = %s"
    warehouse.transaction(lambda current: current.execute(forget, (file_type.name,)))

    assert [(int(files), int(rows)) for files, rows in found] == [(MOST_FILES, 2 * MOST_FILES)]
