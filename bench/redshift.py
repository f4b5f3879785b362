"""`python -m bench.redshift`: compare COPY with `psql \\copy` of the same rows into the same PostgreSQL.

The rows are TPC-H's lineitem.  It starts a separate stack on free ports.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg2
from rich.console import Console
from rich.table import Table

from bench import lineitem
from bench.lineitem import Files
from bench.table import Row
from local import credentials, postgres, postgres_files, processes, stack
from local.aws import names, resources
from local.config import HOST, Config, Ports

CONVERSIONS = "TRUNCATECOLUMNS BLANKSASNULL DATEFORMAT 'YYYY-MM-DD' ACCEPTINVCHARS"
SAMPLE_SECONDS = 0.02
TIMES_FOR_FLATNESS = 5
ROW_SCALE = 0.1
SMALL_SCALE, SMALL_REPEATS = 0.02, 3
LEAST_OF_PSQL = 0.5
console = Console()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.redshift", description=sys.modules[__name__].__doc__)
    parser.add_argument("--scale", type=float, default=1, help="TPC-H's scale factor; 1 is 6 million rows, 0.75 GB")
    parser.add_argument("--small", action="store_true", help="120,000 rows, the median of three loads: within 100 s")
    parser.add_argument("--only", help="the rows whose name holds this text")
    options = parser.parse_args(arguments)
    with started() as config, tempfile.TemporaryDirectory(prefix="lakeport-bench-") as place:
        files = lineitem.generate(Path(place), SMALL_SCALE if options.small else options.scale)
        bench = Bench(config, files)
        bench.prepare()
        bench.run(options.only or "", SMALL_REPEATS if options.small else 1)


def rows() -> list[Row]:
    """Return the loads of JSON beside those of psql, for the table of `make bench`."""
    with started() as config, tempfile.TemporaryDirectory(prefix="lakeport-bench-") as place:
        bench = Bench(config, lineitem.generate(Path(place), ROW_SCALE))
        bench.prepare()
        return [bench.row(name, *load) for name, load in bench.loads.items() if "JSON" in name]


@contextlib.contextmanager
def started() -> Iterator[Config]:
    directory = Path(tempfile.mkdtemp(prefix="lakeport-bench-")).resolve()
    config = Config(directory / "state", Ports.free())
    try:
        stack.up(config, console.print, only=frozenset({"redshift", "aws-resources"}))
        yield config
    finally:
        stack.down(config, lambda _: None)
        postgres_files.remove(config)
        shutil.rmtree(directory)


class Bench:
    def __init__(self, config: Config, files: Files) -> None:
        self.config = config
        self.files = files
        self.warehouse = psycopg2.connect(
            host=HOST,
            port=config.ports.redshift,
            dbname=credentials.DATABASE,
            user=credentials.USER,
            password=credentials.PASSWORD,
        )
        self.warehouse.autocommit = True

    def prepare(self) -> None:
        """Make the table for COPY, the plain one for psql, and upload the files."""
        self._run(f"CREATE TABLE lineitem ({lineitem.TABLE})")
        with self._engine() as cursor:
            cursor.execute(f"CREATE TABLE plain ({lineitem.TABLE})")
        s3 = resources.session().client("s3", endpoint_url=self.config.aws_endpoint)
        for file in (
            self.files.csv,
            self.files.bad,
            self.files.gzip,
            self.files.parquet,
            self.files.json,
            self.files.json_gzip,
        ):
            s3.upload_file(str(file), names.WORK_BUCKET, file.name)
        entry = {"url": f"s3://{names.WORK_BUCKET}/{self.files.csv.name}", "mandatory": True}
        manifest = json.dumps({"entries": [entry] * TIMES_FOR_FLATNESS})
        s3.put_object(Bucket=names.WORK_BUCKET, Key="manifest", Body=manifest.encode())

    @property
    def loads(self) -> dict[str, tuple[Path, str]]:
        """Return the file and the options of each load."""
        return {
            "CSV": (self.files.csv, "CSV IGNOREHEADER 1"),
            f"CSV {CONVERSIONS}": (self.files.csv, f"CSV IGNOREHEADER 1 {CONVERSIONS}"),
            f"CSV, {lineitem.BAD_ROWS} bad rows": (self.files.bad, "CSV IGNOREHEADER 1 MAXERROR 1000"),
            "gzip": (self.files.gzip, "CSV IGNOREHEADER 1 GZIP"),
            "Parquet": (self.files.parquet, "FORMAT PARQUET"),
            "JSON lines": (self.files.json, "JSON 'auto'"),
            "gzip JSON lines": (self.files.json_gzip, "JSON 'auto' GZIP"),
            f"CSV, {TIMES_FOR_FLATNESS} times": (Path("manifest"), "CSV IGNOREHEADER 1 MANIFEST"),
        }

    def row(self, name: str, file: Path, options: str) -> Row:
        """Return one load between two of psql."""
        self.copy_seconds(file.name, options)  # the first load of a table is slower
        before = self.psql_seconds()
        seconds, _ = self.copy_seconds(file.name, options)
        limit = statistics.mean([before, self.psql_seconds()])
        return Row(
            f"COPY of {name} in the stand-in, {self.files.rows:,} rows",
            f"{seconds:.1f} s, {limit / seconds:.2f} of the peer's speed",
            f"psql \\copy of the same rows as CSV: {limit:.1f} s",
            f"{LEAST_OF_PSQL} of its speed",
            LEAST_OF_PSQL * seconds / limit,
            "How long tests and trials with JSON files take on a laptop; Redshift itself is not measured.",
            "Half of it is pyarrow's read_json, which parses a line with its names; \\copy reads a CSV line without "
            "them. The rest checks values as COPY does, and PostgreSQL stores the rows.",
        )

    def run(self, only: str, repeats: int) -> None:
        table = Table("load", "seconds", "rows a second", "of \\copy", "peak MiB", title="COPY beside psql \\copy")
        limits = [self.psql_seconds()]
        for name, (file, options) in self.loads.items():
            if only not in name:
                continue
            times = TIMES_FOR_FLATNESS if file.name == "manifest" else 1
            measured, ratios = list[tuple[float, float]](), list[float]()
            for _ in range(repeats):
                measured.append(self.copy_seconds(file.name, options))
                limits.append(self.psql_seconds())
                limit = statistics.mean(limits[-2:]) * times  # the machine's speed changes from minute to minute
                ratios.append(limit / measured[-1][0])
            seconds, memory = statistics.median(each for each, _ in measured), max(each for _, each in measured)
            rate = f"{self.files.rows * times / seconds:,.0f}"
            table.add_row(name, f"{seconds:.1f}", rate, f"{statistics.median(ratios):.2f}", f"{memory:.0f}")
        each = ", ".join(f"{limit:.1f}" for limit in limits)
        console.print(table, f"{self.files.rows:,} rows, {self.files.csv.stat().st_size / 2**20:.0f} MiB as CSV")
        console.print(f"psql \\copy into a plain table, between them: {each} s")

    def copy_seconds(self, key: str, options: str) -> tuple[float, float]:
        """Return a load's seconds and the most memory the stand-in had meanwhile, in MiB."""
        self._run("TRUNCATE lineitem")
        with peak_memory(self.config) as peak:
            started_at = time.perf_counter()
            self._run(f"COPY lineitem FROM 's3://{names.WORK_BUCKET}/{key}' IAM_ROLE default {options}")
            seconds = time.perf_counter() - started_at
        return seconds, peak[0]

    def psql_seconds(self) -> float:
        with self._engine() as cursor:
            cursor.execute("TRUNCATE plain")
        copy = rf"\copy plain FROM '{self.files.csv}' (FORMAT csv, HEADER)"
        command = postgres_files.command(self.config, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", copy)
        place = {"PGHOST": HOST, "PGPORT": str(self.config.ports.postgres), "PGDATABASE": credentials.DATABASE}
        place |= {"PGUSER": postgres.SUPERUSER, "PGPASSWORD": credentials.load(self.config).postgres_password}
        started_at = time.perf_counter()
        subprocess.run(command, check=True, env=os.environ | place)
        return time.perf_counter() - started_at

    @contextlib.contextmanager
    def _engine(self) -> Iterator["psycopg2.extensions.cursor"]:
        connection = postgres.connect(self.config, credentials.DATABASE)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def _run(self, sql: str) -> None:
        with self.warehouse.cursor() as cursor:
            cursor.execute(sql)


@contextlib.contextmanager
def peak_memory(config: Config) -> Iterator[list[float]]:
    """Watch the stand-in; the list's one entry is its resident memory at its largest, in MiB."""
    process = processes.running(config, "redshift")
    peak, is_over = [0.0], threading.Event()

    def watch() -> None:
        while process and not is_over.wait(SAMPLE_SECONDS):
            peak[0] = max(peak[0], process.memory_info().rss / 2**20)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        is_over.set()
        watcher.join()


if __name__ == "__main__":
    main()
