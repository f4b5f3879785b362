"""`python -m bench.mng_rows`: the statements of a run against mng tables with 10 thousand and with a million files.

The stand-in has neither indexes nor sort keys, so every statement reads all rows there; Redshift skips the blocks whose
sort key a statement excludes.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from psycopg2.extensions import cursor

from bench.table import Row
from lakeport.mng import claims, file_records
from lakeport.model import Arrival, Match, TaskRun, utc_now
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from lakeport.redshift.statements import statement
from lakeport.snapshots.writing import read_content
from local import credentials, postgres, stack
from local.config import Config
from tests.support.stack import stack_of_its_own

FEW, MANY = 10_000, 1_000_000
TYPES, BATCH = 100, 100
TIMES = 2.0
FILES = """
INSERT INTO mng.files (file_id, file_type, bucket, key, version_id, etag, size_bytes, landed_at, registered_at, status,
    status_at, dag_id, run_id, table_name, rows_in_file, rows_loaded, rows_rejected, loaded_at)
SELECT md5('a' || n) || md5('b' || n), 'type_' || n %% %(types)s, 'landing', 'type/' || n || '.csv', 'v' || n,
    'e', 1000, now() - interval '1 minute' * n, now() - interval '1 minute' * n, 'Done',
    now() - interval '1 minute' * n, 'load_type', 'arrival__' || n / 100, 'lake.type', 10, 10, 0, now()
FROM generate_series(%(first)s, %(last)s) n
"""
LOG = """
INSERT INTO mng.status_log (file_id, from_status, to_status, moved_at, run_id, task_id)
SELECT file_id, 'New', unnest(ARRAY['New', 'In Progress', 'Done']), status_at, run_id, 'mark_done' FROM mng.files
WHERE file_id NOT IN (SELECT file_id FROM mng.status_log)
"""


def measure(few: int = FEW, many: int = MANY) -> dict[str, tuple[float, float]]:
    """Return the seconds of each step with few files on record, and with many."""
    found = dict[str, tuple[float, ...]]()
    with stack_of_its_own() as start:
        config = start("tables")
        os.environ.update(stack.shell_environment(config))
        for first, last in ((1, few), (few + 1, many)):
            _fill(config, first, last)
            for step, seconds in _steps(last).items():
                found[step] = (*found.get(step, ()), seconds)
    return {step: (one, other) for step, (one, other) in found.items()}


def _fill(config: Config, first: int, last: int) -> None:
    with closing(postgres.connect(config, credentials.DATABASE)) as engine, engine, engine.cursor() as current:
        current.execute(FILES, {"types": TYPES, "first": first, "last": last})
        current.execute(LOG)


def _steps(occasion: int) -> dict[str, float]:
    now, by = utc_now(), TaskRun("load_new", f"run{occasion}", "mark_in_progress")
    arrivals = [Arrival("landing", f"new/{occasion}/{n}", "v", "e", 10, now, "") for n in range(BATCH)]
    ids, pairs = [each.file_id for each in arrivals], [(each, Match("new")) for each in arrivals]
    own = {"file_type": "new", "dag_id": None, "run_id": None, "limit": BATCH + 1}
    steps: dict[str, Callable[[cursor], Any]] = {
        f"registration of {BATCH} files": lambda current: file_records.register(current, pairs, now),
        "query of the sensor": lambda current: current.execute(statement("mng/oldest_new_files"), own),
        f"claim of {BATCH} files": lambda current: claims.claim(current, ids, by),
        "state of the files of a run": lambda current: claims.standings(current, ids),
        "snapshot of a type": lambda current: read_content(current, "type_1", None),
    }
    seconds = {}
    with Warehouse(connect_to_redshift) as warehouse:
        warehouse.transaction(lambda current: current.execute("SELECT 1"))
        for step, work in steps.items():
            started = time.perf_counter()
            warehouse.transaction(work)
            seconds[step] = time.perf_counter() - started
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.mng_rows", description=sys.modules[__name__].__doc__)
    parser.add_argument("--many", type=int, default=MANY)
    for step, (few, many) in measure(many=parser.parse_args().many).items():
        print(f"{step:32} {few * 1000:8.0f} ms {many * 1000:8.0f} ms")


def rows() -> list[Row]:
    """Return each step with many files beside the same with few."""
    return [
        Row(
            f"{step}, {MANY:,} files on record, in the stand-in",
            f"{many * 1000:.0f} ms",
            f"{FEW:,} files: {few * 1000:.0f} ms",
            f"at most {TIMES:.0f} times",
            many / few / TIMES,
        )
        for step, (few, many) in measure().items()
    ]


if __name__ == "__main__":
    main()
