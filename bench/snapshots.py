"""`python -m bench.snapshots`: what a snapshot and the page's views take while `mng.files` grows.

The files are of 20 types over two years.  Before each snapshot a run loads one more file.  It starts a separate stack
on free ports, without Airflow.  PostgreSQL has no sort keys: an index on the time of registration, which is mng.files'
sort key in Redshift, stands for it.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import yaml

from bench.environment import use
from bench.redshift import started
from bench.table import Row
from lakeport.airflow.files_page import views
from lakeport.files.s3_objects import s3_client
from lakeport.mng.tables import make_tables
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from lakeport.snapshots import objects
from lakeport.snapshots.reading import Summaries, read_type
from lakeport.snapshots.writing import write_snapshot
from local import credentials, postgres
from local.config import Config

TYPES, DAYS, ROUNDS = 20, 730, 9
COUNTS = 10_000, 1_000_000
NAME = "type_7"
WRITE, AGAIN = "snapshot written by a run", "snapshot read again by reconcile"
OVERVIEW, FILES, FILE, TYPE = "view Overview", "view Files", "view A file", "view A type"
LIMITS_MILLISECONDS = {WRITE: 50, AGAIN: 1_000, OVERVIEW: 1_000, FILES: 1_000, FILE: 1_000, TYPE: 1_000}
LOOKING = "connections to Redshift, each view opened once"
_FILES = """
INSERT INTO mng.files (file_id, file_type, bucket, key, version_id, etag, size_bytes, landed_at, registered_at, status,
                       status_reason, status_at, dag_id, run_id, table_name, rows_in_file, rows_loaded, rows_rejected,
                       loaded_at)
SELECT md5(n::text) || md5((-n)::text), t, 'lakeport-landing', t || '/' || n || '.csv', 'v' || n, 'e', 1000 + n %% 9999,
       at, at, CASE WHEN n %% 50 = 0 THEN 'Fail' ELSE 'Done' END, CASE WHEN n %% 50 = 0 THEN 'copy_to_table: bad' END,
       at + interval '9 s', 'load_' || t, 'run' || n, 'lake.' || t, 1000, 1000, 0, at
FROM (SELECT n, 'type_' || n %% %(types)s AS t,
             (now() AT TIME ZONE 'UTC') - (%(days)s * (%(last)s - n)::float / %(last)s) * interval '1 day' AS at
      FROM generate_series(1, %(last)s) AS n) made
"""
_MOVES = """
INSERT INTO mng.status_log (file_id, from_status, to_status, moved_at, run_id, task_id, reason)
SELECT f.file_id, m.from_status, m.to_status, f.registered_at + m.after, f.run_id, 'task', NULL
FROM mng.files f, (VALUES (NULL, 'New', interval '0 s'), ('New', 'In Progress', interval '3 s'),
                          ('In Progress', 'Done', interval '9 s')) AS m (from_status, to_status, after)
"""
_ONE_MORE = """
WITH made AS (
    INSERT INTO mng.files
    SELECT (jsonb_populate_record(NULL::mng.files, to_jsonb(f) || jsonb_build_object(
        'file_id', md5(random()::text), 'landed_at', now() AT TIME ZONE 'UTC',
        'registered_at', now() AT TIME ZONE 'UTC', 'status_at', now() AT TIME ZONE 'UTC'))).*
    FROM (SELECT * FROM mng.files WHERE file_type = %(name)s AND status = 'Done' LIMIT 1) f
    RETURNING file_id, registered_at, run_id
)
INSERT INTO mng.status_log (file_id, from_status, to_status, moved_at, run_id, task_id)
SELECT file_id, 'In Progress', 'Done', registered_at, run_id, 'mark_done' FROM made
"""
_SCHEMA = {
    "description": "Trips.",
    "owner": "bench@example.com",
    "landing": {"pattern": f"{NAME}/*.csv"},
    "format": {"type": "csv", "header_lines": 1},
    "columns": [{"name": f"column_{number}", "type": "varchar(20)"} for number in range(20)],
}
SHOWN = "How long a run takes to write what the page Files shows, and how long the page takes to show it."
_SORT_KEYS = ("CREATE INDEX ON mng.files (registered_at)", "CREATE INDEX ON mng.status_log (moved_at)")


def rows() -> list[Row]:
    """Return what each takes with a million files, beside the same with ten thousand."""
    few, many = (times(count) for count in COUNTS)
    found = [
        Row(
            f"{what}, 1,000,000 files in mng.files",
            f"{many[what]:.0f} ms",
            f"10,000 files: {few[what]:.0f} ms",
            f"less than {limit} ms",
            many[what] / limit,
            SHOWN,
            "PostgreSQL reads the rows of 30 days to find the newest of a type, and here all files are so new.",
        )
        for what, limit in LIMITS_MILLISECONDS.items()
    ]
    return [*found, Row(LOOKING, f"{many[LOOKING]:.0f}", "", "0", 2 * many[LOOKING], SHOWN)]


def main() -> None:
    """Measure and print."""
    for row in rows():
        print(*row.cells, sep="; ")


def times(count: int) -> dict[str, float]:
    """Return the median milliseconds by LIMITS_MILLISECONDS with this many files, and the connections by looking."""
    with started() as config, tempfile.TemporaryDirectory(prefix="lakeport-bench-") as folder:
        use(config, LAKEPORT_SCHEMAS=folder)
        (Path(folder) / f"{NAME}.yaml").write_text(yaml.safe_dump(_SCHEMA))
        fill(config, count)
        return written(config) | looked()


def fill(config: Config, count: int, *, with_moves: bool = True) -> None:
    """Put this many files into the mng tables, also their status changes if `with_moves`."""
    with Warehouse(connect_to_redshift) as warehouse:
        make_tables(warehouse)
    connection = postgres.connect(config, credentials.DATABASE)
    connection.autocommit = True
    with connection.cursor() as current:
        current.execute("TRUNCATE mng.files, mng.status_log")
        current.execute(_FILES, {"types": TYPES, "days": DAYS, "last": count})
        if with_moves:
            current.execute(_MOVES)
        for statement in (*_SORT_KEYS, "ANALYZE mng.files, mng.status_log"):
            current.execute(statement)
    connection.close()


def written(config: Config) -> dict[str, float]:
    """Return the median milliseconds of a snapshot, by a run and read again."""
    s3, connection = s3_client(), postgres.connect(config, credentials.DATABASE)
    connection.autocommit = True
    with Warehouse(connect_to_redshift) as warehouse, connection.cursor() as current:
        for number in range(TYPES):
            write_snapshot(warehouse, s3, f"type_{number}")

        def load_one_more() -> None:
            current.execute(_ONE_MORE, {"name": NAME})

        write = partial(write_snapshot, warehouse, s3, NAME)
        return {
            WRITE: median_of(write, load_one_more),
            AGAIN: median_of(partial(write, is_complete=True), load_one_more),
        }


def looked() -> dict[str, float]:
    """Return the median milliseconds of what the page's server does for each view, and the connections to Redshift."""
    summaries = Summaries(s3_client)
    s3 = s3_client()
    found = read_type(s3, NAME) or {}
    rejected = objects.rejected_rows_key(NAME, found["files"][0]["file_id"], found["files"][0]["run_id"])
    overview, type_ = (lambda: views.overview(summaries.read())), partial(read_type, s3, NAME)
    asks: dict[str, list[Callable[[], Any]]] = {
        OVERVIEW: [overview],
        FILES: [overview, type_],
        FILE: [type_, partial(objects.read, s3, rejected)],
        TYPE: [type_],
    }
    with counted_connections() as connections:
        times = {view: median_of(partial(_answer, each)) for view, each in asks.items()}
    return times | {LOOKING: len(connections)}


def _answer(asks: list[Callable[[], Any]]) -> None:
    for ask in asks:
        json.dumps(ask())


@contextmanager
def counted_connections() -> Iterator[list[str]]:
    """Collect the arguments of every connection that is opened by psycopg2 meanwhile."""
    opened, connect = list[str](), psycopg2.connect

    def counted(*arguments: Any, **options: Any) -> Any:
        opened.append(repr(sorted(options)))
        return connect(*arguments, **options)

    psycopg2.connect = counted
    try:
        yield opened
    finally:
        psycopg2.connect = connect


def median_of(work: Callable[[], Any], before: Callable[[], Any] = lambda: None) -> float:
    """Return the median milliseconds of some rounds, each after other work that does not count."""
    found = []
    for _ in range(ROUNDS):
        before()
        began = time.perf_counter()
        work()
        found.append((time.perf_counter() - began) * 1000)
    return statistics.median(found)


if __name__ == "__main__":
    main()
