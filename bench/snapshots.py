"""`python -m bench.snapshots`: what a snapshot and the page's views take while `mng.files` grows.

The files are of 20 types over two years.  It starts a separate stack on free ports, without Airflow.  PostgreSQL has no
sort keys: an index on the time of registration, which is mng.files' sort key in Redshift, stands for it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.table import Table

from bench.redshift import console, started
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.snapshots", description=sys.modules[__name__].__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=[10_000, 1_000_000])
    options = parser.parse_args(arguments)
    table = Table("files in mng.files", "what", "milliseconds, median", "slowest", "KB", title="Snapshots and views")
    with started() as config:
        os.environ.update(stack.shell_environment(config))
        for count in options.files:
            fill(config, count)
            for what, milliseconds, size in measured():
                worst, middle = max(milliseconds), statistics.median(milliseconds)
                table.add_row(f"{count:,}", what, f"{middle:.0f}", f"{worst:.0f}", f"{size / 1000:.0f}")
    console.print(table)


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


def measured() -> Iterator[tuple[str, list[float], int]]:
    """Yield what was done, the milliseconds of each round, and the bytes that were written or shown."""
    s3 = s3_client()
    with Warehouse(connect_to_redshift) as warehouse:
        for number in range(TYPES):
            write_snapshot(warehouse, s3, f"type_{number}")
        write = rounds(lambda: write_snapshot(warehouse, s3, "type_7"))
    yield "write a type's snapshots, in a session that is open", write, 0
    summaries = Summaries(s3_client)
    readings: dict[str, Callable[[], Any]] = {
        "view Overview": lambda: views.overview(summaries.read()),
        "view Files of one type, A file, A type": lambda: objects.read(s3, objects.type_key("type_7")),
    }
    for what, show in readings.items():
        yield what, rounds(show), len(json.dumps(show(), default=str))


def rounds(work: Callable[[], Any]) -> list[float]:
    """Return the milliseconds of each round."""
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        found.append((time.perf_counter() - began) * 1000)
    return found


if __name__ == "__main__":
    main()
