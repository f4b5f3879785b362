"""`make bench`: measure what docs/performance.md shows, each row beside its peer or limit in the same run.

`--json` prints the rows as JSON, `--only TEXT` runs the benchmarks whose name contains the text, `--write` writes
docs/performance.md and its picture.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module

import psutil
from rich.console import Console
from rich.table import Table

from bench.table import TITLES, Row, write_page

BENCHES = (
    *("task start", "parse", "function", "queues", "statements", "idle", "mng rows", "batch", "large file", "redshift"),
    *("snapshots", "way of a file"),
)
"""The benchmarks in their order: each is a module with this name and a function `rows`."""
console = Console(stderr=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=sys.modules[__name__].__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--only", nargs="+", default=[], help="run the benchmarks whose name contains this text")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and its picture")
    options = parser.parse_args()
    only = " ".join(options.only)
    if only and options.write:
        parser.error("--write writes the whole page, so it excludes --only")
    if not any(only in name for name in BENCHES):
        parser.error(f"--only {only!r}: no benchmark has this in its name; the names are {', '.join(BENCHES)}")
    logging.getLogger("botocore").setLevel(logging.WARNING)  # Airflow's logging shows each client that is made
    rows = list(measured(only))
    if options.json:
        print(json.dumps([dict(zip(TITLES, row.cells, strict=True)) for row in rows], indent=1))
    else:
        table = Table(*TITLES, title="Performance")
        for row in rows:
            table.add_row(*row.cells)
        Console().print(table)
    if options.write:
        day, load = datetime.now(UTC).date(), os.getloadavg()[0]
        write_page(rows, f"{day}, with {psutil.cpu_count()} cores and a load of {load:.1f} from all processes")


def measured(only: str) -> Iterator[Row]:
    """Yield the rows of each benchmark; one that fails is a row, too."""
    for name in BENCHES:
        if only not in name:
            continue
        started = time.monotonic()
        try:
            yield from import_module(f"bench.{name.replace(' ', '_')}").rows()  # the help is shown without Airflow
        except Exception as error:  # noqa: BLE001 - it is printed, and the other benchmarks still run
            console.print_exception()
            yield Row(name, f"failed: {error}", "", "")
        console.print(f"{name}: {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
