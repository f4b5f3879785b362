"""`python -m bench.large_file --megabytes 1000`: one large file: COPY of it and of splits, preparing it, archiving it.

The memory of preparing is that of a child process, beside the same for a tenth of the file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from bench.environment import use
from bench.prepare_memory import MEGABYTE
from bench.table import Row
from lakeport.files import archiving, s3_objects
from lakeport.files.streams import stream_of
from lakeport.model import CopySource
from lakeport.redshift.connecting import connect_to_redshift
from local.aws import names
from local.config import REPOSITORY
from tests.support.stack import stack_of_its_own

MEGABYTES = 100
SPLITS = 4
MOST_GROWTH = 1.2
CODE = """
import resource, sys
from lakeport.files import s3_objects
from lakeport.model import CopySource
from lakeport.preparing.prepare import prepare
from lakeport.schema.file_type import FileType
file_type = FileType.model_validate({
    "name": "bench", "description": "Large.", "owner": "bench", "landing": {"pattern": "bench/*"},
    "format": {"type": "csv", "encoding": "windows-1252"}, "columns": [{"name": "id", "type": "integer"}]})
source = CopySource(sys.argv[1], sys.argv[2], None, int(sys.argv[3]), "none")
prepare(s3_objects.s3_client(), file_type, source, sys.argv[4], "prepared/bench")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@dataclass(frozen=True)
class Measured:
    """Seconds, MiB of memory, and the most calls of S3 that were in flight."""

    copy_seconds: float
    splits_seconds: float
    prepare_seconds: float
    memory: float
    memory_of_a_tenth: float
    archive_seconds: float
    calls_in_flight: int


def measure(megabytes: int = MEGABYTES) -> Measured:
    """Upload a file of so many MiB, and its parts, and measure each step."""
    with stack_of_its_own() as start:
        use(start("tables"))
        s3: Any = s3_objects.s3_client()
        sizes = {"whole": megabytes, "tenth": max(1, megabytes // 10)}
        sizes |= {f"split{number}": megabytes // SPLITS for number in range(SPLITS)}
        sources = {name: _upload(s3, name, size) for name, size in sizes.items()}
        splits = [source for name, source in sources.items() if name.startswith("split")]
        one, several = _copy_seconds(s3, [sources["whole"]]), _copy_seconds(s3, splits)
        started = time.perf_counter()
        memory = _memory(sources["whole"])
        prepared = time.perf_counter() - started
        flight = InFlight(s3)
        started = time.perf_counter()
        archiving.archive(s3, sources["whole"], names.ARCHIVE_BUCKET, "bench/whole")
        archived = time.perf_counter() - started
        return Measured(one, several, prepared, memory, _memory(sources["tenth"]), archived, flight.most)


class InFlight:
    """Counts the calls of a client that are in flight."""

    def __init__(self, client: Any) -> None:
        self.most = self._now = 0
        self._lock = threading.Lock()
        client.meta.events.register("before-send.s3", lambda **_: self._add(1))
        client.meta.events.register("response-received.s3", lambda **_: self._add(-1))

    def _add(self, number: int) -> None:
        with self._lock:
            self._now += number
            self.most = max(self.most, self._now)


def _lines(megabytes: int) -> Iterator[bytes]:
    piece = b"".join(b"%d,%032x\n" % (number, number * 7919) for number in range(MEGABYTE // 40))
    for _ in range(megabytes * MEGABYTE // len(piece) + 1):
        yield piece


def _upload(s3: Any, name: str, megabytes: int) -> CopySource:
    s3.upload_fileobj(stream_of(_lines(megabytes)), names.LANDING_BUCKET, name)
    head = s3.head_object(Bucket=names.LANDING_BUCKET, Key=name)
    return CopySource(names.LANDING_BUCKET, name, head["VersionId"], head["ContentLength"], "none")


def _copy_seconds(s3: Any, sources: list[CopySource]) -> float:
    entries = [{"url": source.uri, "mandatory": True} for source in sources]
    s3.put_object(Bucket=names.WORK_BUCKET, Key="manifest", Body=json.dumps({"entries": entries}).encode())
    with closing(connect_to_redshift()) as session, session, session.cursor() as current:
        current.execute("CREATE TEMP TABLE large (id INTEGER, value VARCHAR(40))")
        started = time.perf_counter()
        current.execute(f"COPY large FROM 's3://{names.WORK_BUCKET}/manifest' IAM_ROLE default MANIFEST CSV")
        return time.perf_counter() - started


def _memory(source: CopySource) -> float:
    """Return the peak of a process that prepares the file, in MiB."""
    arguments = [source.bucket, source.key, str(source.size_bytes), names.WORK_BUCKET]
    environment = os.environ | {"PYTHONPATH": f"{REPOSITORY}/plugins"}
    found = subprocess.run(
        [sys.executable, "-c", CODE, *arguments], env=environment, check=True, capture_output=True, text=True
    )
    return float(found.stdout)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.large_file", description=sys.modules[__name__].__doc__)
    parser.add_argument("--megabytes", type=int, default=MEGABYTES)
    options = parser.parse_args()
    print(f"{options.megabytes} MiB: {measure(options.megabytes)}")


def rows() -> list[Row]:
    """Return the memory, and the seconds of the other steps."""
    found, size = measure(), f"a file of {MEGABYTES} MiB"
    return [
        Row(
            f"memory to prepare {size}",
            f"{found.memory:.0f} MiB in {found.prepare_seconds:.0f} s",
            f"a file of a tenth of the size: {found.memory_of_a_tenth:.0f} MiB",
            f"at most {MOST_GROWTH} times",
            found.memory / found.memory_of_a_tenth / MOST_GROWTH,
            "A worker of MWAA has few gigabytes: its memory must not depend on the size of a file.",
        ),
        Row(
            f"COPY of {size} in the stand-in",
            f"{found.copy_seconds:.1f} s",
            f"the same rows in {SPLITS} files: {found.splits_seconds:.1f} s",
            "at most 1.2 times",
            found.copy_seconds / found.splits_seconds / MOST_GROWTH,
            "Whether a sender should split large files.",
            "The stand-in reads the objects of a COPY side by side, and one object by one thread.",
        ),
        Row(
            f"archive of {size}, copied in parts",
            f"{found.archive_seconds:.1f} s, {found.calls_in_flight} calls in flight",
            "one part after the other",
            "at least 8 in flight",
            8 / max(1, found.calls_in_flight),
            "A large file is copied to the archive in parts at once, so its run does not wait for one long copy.",
        ),
    ]


if __name__ == "__main__":
    main()
