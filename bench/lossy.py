"""`python -m bench.lossy`: what `lossy` costs a worker before COPY, beside `lossy: allow`, for each mechanism.

Each file has the rows of samples/flights_2013.csv.zip.
"""

from __future__ import annotations

import csv
import io
import json
import time
import zipfile
from collections.abc import Iterator

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from bench.batch import landed, storage
from lakeport.files import s3_objects
from lakeport.files.header import FileColumns
from lakeport.loading.files_to_load import FileToLoad
from lakeport.loading.lossy import without_lossy_rows
from lakeport.schema.file_type import FileType
from local.config import REPOSITORY

SAMPLE = REPOSITORY / "samples" / "flights_2013.csv.zip"
_TYPES = {"distance": "decimal(8,2)", "air_time": "decimal(8,2)", "time_hour": "timestamp"}
_MB = 1_000_000


def main() -> None:
    """Measure and print a table."""
    table = Table("mechanism", "MB", "check, s CPU", "MB/s", "allow, s CPU")
    with storage():
        for name, kind, body, names in _files():
            rejects, allows = (_cpu_seconds(kind, body, names, lossy) for lossy in ("warn", "allow"))
            size = len(body) / _MB
            table.add_row(name, f"{size:.1f}", f"{rejects:.2f}", f"{size / rejects:.0f}", f"{allows:.2f}")
    Console().print(table)


def _files() -> Iterator[tuple[str, str, bytes, list[str]]]:
    """Yield each mechanism with a file that needs it: its format, its content and its columns."""
    with zipfile.ZipFile(SAMPLE) as archive:
        text = archive.read(archive.namelist()[0])
    names = text.partition(b"\n")[0].decode().split(",")
    yield "text, search finds nothing", "csv", text, names
    yield "text, row by row", "csv", text + b",".join([b"1e-3"] * len(names)) + b"\n", names
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in _rows(text))
    yield "JSON, search finds nothing", "json", lines, names
    yield "JSON, object by object", "json", lines + b'{"distance": 1e-3}\n', names
    yield "Avro, record by record", "avro", _avro(text, names), names
    yield "Parquet, times in INT96", "parquet", _parquet(text), ["time_hour"]


def _rows(text: bytes) -> Iterator[dict[str, str]]:
    return iter(csv.DictReader(io.StringIO(text.decode())))


def _avro(text: bytes, names: list[str]) -> bytes:
    schema = {"type": "record", "name": "flight", "fields": [{"name": name, "type": "string"} for name in names]}
    file = io.BytesIO()
    fastavro.writer(file, schema, _rows(text))
    return file.getvalue()


def _parquet(text: bytes) -> bytes:
    times = pa.array([row["time_hour"].removesuffix("Z") for row in _rows(text)]).cast(pa.timestamp("ns"))
    file = io.BytesIO()
    pq.write_table(pa.table({"time_hour": times}), file, use_deprecated_int96_timestamps=True)
    return file.getvalue()


def _cpu_seconds(kind: str, body: bytes, names: list[str], lossy: str) -> float:
    """Return the CPU seconds that a worker needs before COPY."""
    s3 = s3_objects.s3_client()
    file_type = FileType.model_validate(
        {
            "name": "bench",
            "description": "Flights.",
            "owner": "bench",
            "landing": {"pattern": "bench/*"},
            "format": {"type": kind, **({"header_lines": 1} if kind == "csv" else {})},
            "columns": [{"name": name, "type": _TYPES.get(name, "varchar(64)")} for name in names],
            "lossy": lossy,
        }
    )
    file = landed(s3, f"bench/flights.{kind}", body)
    started = time.process_time()
    without_lossy_rows(s3, file_type, FileToLoad(file, (file.source("none"),)), FileColumns(tuple(names)))
    return time.process_time() - started


if __name__ == "__main__":
    main()
