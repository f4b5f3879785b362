"""`python -m bench.mng_rows`: the statements of a run with a million files on record (`--files`) and with 10 thousand.

PostgreSQL reads all rows for a file's id, and Redshift the column of the ids: see docs/scale.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

from psycopg2.extensions import cursor

from bench.environment import use
from bench.redshift import started
from bench.snapshots import COUNTS, fill
from bench.table import Row
from lakeport.mng import claims, file_records
from lakeport.model import Arrival, Match, TaskRun, utc_now
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from lakeport.redshift.sql_files import statement

BATCH = 100
TIMES = 2


def measure(count: int) -> dict[str, float]:
    """Return the milliseconds of each step with so many files on record."""
    with started() as config:
        use(config)
        fill(config, count, with_moves=False)  # these statements only append to mng.status_log
        with Warehouse(connect_to_redshift) as warehouse:
            warehouse.transaction(lambda current: current.execute("SELECT 1"))
            return {step: _milliseconds(warehouse, work) for step, work in _steps().items()}


def _steps() -> dict[str, Callable[[cursor], Any]]:
    now, by = utc_now(), TaskRun("load_new", "run1", "mark_in_progress")
    arrivals = [Arrival("landing", f"new/{number}", "v", "e", 10, now, "") for number in range(BATCH)]
    ids, pairs = [each.file_id for each in arrivals], [(each, Match("new")) for each in arrivals]
    own = {"file_type": "new", "dag_id": None, "run_id": None, "limit": BATCH + 1}
    return {
        f"registration of {BATCH} files": lambda current: file_records.register(current, pairs, now),
        "query of the sensor": lambda current: current.execute(statement("mng/oldest_new_files"), own),
        f"claim of {BATCH} files": lambda current: claims.claim(current, ids, by),
        f"state of {BATCH} files": lambda current: claims.standings(current, ids),
    }


def _milliseconds(warehouse: Warehouse, work: Callable[[cursor], Any]) -> float:
    began = time.perf_counter()
    warehouse.transaction(work)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.mng_rows", description=sys.modules[__name__].__doc__)
    parser.add_argument("--files", type=int, default=COUNTS[1])
    for row in rows(parser.parse_args().files):
        print(*row.cells, sep="; ")


def rows(files: int = COUNTS[1]) -> list[Row]:
    """Return each step with so many files beside the same with ten thousand."""
    few, many = measure(COUNTS[0]), measure(files)
    return [
        Row(
            f"{step}, {files:,} files in mng.files",
            f"{many[step]:.0f} ms",
            f"{COUNTS[0]:,} files: {few[step]:.0f} ms",
            f"at most {TIMES} times",
            many[step] / few[step] / TIMES,
            "Whether loads become slower when millions of files have been loaded: registration records files that "
            "arrive, the sensor looks for New files, a run claims them, and each of its tasks reads their state.",
            "Neither the stand-in nor Redshift has an index by which to find a file. PostgreSQL reads all rows of "
            "mng.files; Redshift reads only the columns that a statement names: see [scale](scale.md#what-millions-of-"
            "files-on-record-cost).",
        )
        for step in few
    ]


if __name__ == "__main__":
    main()
