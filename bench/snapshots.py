"""`python -m bench.snapshots`: what a snapshot and the page's views take while `mng.files` grows.

The files are of 20 types over two years.  It starts a separate stack on free ports, without Airflow.  PostgreSQL has no
sort keys: an index on the time of registration, which is mng.files' sort key in Redshift, stands for it.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.redshift import started
from bench.table import Row
from lakeport.airflow.files_page import views
from lakeport.files.s3_objects import s3_client
from lakeport.mng.tables import make_tables
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from lakeport.snapshots import objects
from lakeport.snapshots.reading import Summaries
from lakeport.snapshots.writing import write_snapshot
from local import credentials, postgres, stack
from local.config import Config

TYPES, DAYS, ROUNDS = 20, 730, 9
COUNTS = 10_000, 1_000_000
WRITE, OVERVIEW, FILES = "snapshot written after a run", "view Overview", "views Files, A file and A type"
LIMITS_MILLISECONDS = {WRITE: 50, OVERVIEW: 1_000, FILES: 1_000}
_FILES = """
INSERT INTO mng.files (file_id, file_type, bucket, key, version_id, etag, size_bytes, landed_at, registered_at, status,
                       status_reason, status_at, dag_id, run_id, table_name, rows_in_file, rows_loaded, rows_rejected,
                       loaded_at)
SELECT md5(n::text) || md5((-n)::text), t, 'lakeport-landing', t || '/' || n || '.csv', 'v' || n, 'e', 1000 + n %% 9999,
       at, at, CASE WHEN n %% 50 = 0 THEN 'Fail' ELSE 'Done' END, CASE WHEN n %% 50 = 0 THEN 'copy_to_table: bad' END,
       at + interval '9 s', 'load_' || t, 'run' || n, 'lake.' || t, 1000, 1000, 0, at
FROM (SELECT n, 'type_' || n %% %(types)s AS t,
             (now() AT TIME ZONE 'UTC') - (%(days)s * (%(last)s - n) / %(last)s::float) * interval '1 day' AS at
      FROM generate_series(1, %(last)s) AS n) made
"""
_MOVES = """
INSERT INTO mng.status_log (file_id, from_status, to_status, moved_at, run_id, task_id, reason)
SELECT f.file_id, m.from_status, m.to_status, f.registered_at + m.after, f.run_id, 'task', NULL
FROM mng.files f, (VALUES (NULL, 'New', interval '0 s'), ('New', 'In Progress', interval '3 s'),
                          ('In Progress', 'Done', interval '9 s')) AS m (from_status, to_status, after)
"""
_SORT_KEYS = ("CREATE INDEX ON mng.files (registered_at)", "CREATE INDEX ON mng.status_log (moved_at)")


def rows() -> list[Row]:
    """Return what each takes with a million files, beside the same with ten thousand."""
    few, many = (times(count) for count in COUNTS)
    return [
        Row(
            f"{what}, 1,000,000 files in mng.files",
            f"{many[what]:.0f} ms",
            f"10,000 files: {few[what]:.0f} ms",
            f"less than {limit} ms",
            many[what] / limit,
            "How long a run takes to write what the page Files shows, and how long the page takes to show it.",
            "PostgreSQL reads the rows of 30 days to find the newest of a type, and here all files are so new.",
        )
        for what, limit in LIMITS_MILLISECONDS.items()
    ]


def main() -> None:
    """Measure and print."""
    for row in rows():
        print(*row.cells, sep="; ")


def times(count: int) -> dict[str, float]:
    """Return the median milliseconds by LIMITS_MILLISECONDS with this many files."""
    with started() as config:
        os.environ.update(stack.shell_environment(config))
        fill(config, count)
        return measured()


def fill(config: Config, count: int) -> None:
    """Put this many files with their status changes into the mng tables."""
    with Warehouse(connect_to_redshift) as warehouse:
        make_tables(warehouse)
    connection = postgres.connect(config, credentials.DATABASE)
    connection.autocommit = True
    with connection.cursor() as current:
        current.execute("TRUNCATE mng.files, mng.status_log")
        current.execute(_FILES, {"types": TYPES, "days": DAYS, "last": count})
        current.execute(_MOVES)
        for statement in (*_SORT_KEYS, "ANALYZE mng.files, mng.status_log"):
            current.execute(statement)
    connection.close()


def measured() -> dict[str, float]:
    """Return the median milliseconds of what LIMITS_MILLISECONDS names."""
    s3, summaries = s3_client(), Summaries(s3_client)
    with Warehouse(connect_to_redshift) as warehouse:
        for number in range(TYPES):
            write_snapshot(warehouse, s3, f"type_{number}")
        return {
            WRITE: median_of(lambda: write_snapshot(warehouse, s3, "type_7")),
            OVERVIEW: median_of(lambda: views.overview(summaries.read())),
            FILES: median_of(lambda: objects.read(s3, objects.type_key("type_7"))),
        }


def median_of(work: Callable[[], Any]) -> float:
    """Return the median milliseconds of some rounds."""
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        found.append((time.perf_counter() - began) * 1000)
    return statistics.median(found)


if __name__ == "__main__":
    main()
