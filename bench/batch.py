"""`python -m bench.batch`: the S3 calls of a run with 500 files, each 50 ms slower than the local S3 answers.

The calls are those of copy_to_table and archive_files.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.environment import use
from bench.table import Row
from lakeport.files import archiving, at_once, s3_objects
from lakeport.loading.files_to_load import FileToLoad, check_versions
from lakeport.loading.finishing import archive_key
from lakeport.loading.many_files import batches
from lakeport.model import RegisteredFile
from lakeport.schema.file_type import FileType
from local import stack
from local.aws import names
from local.config import Config, Ports

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FILES, SAMPLE = 500, 20
LATENCY_SECONDS = 0.05
TIMES_FASTER = 8
FILE_TYPE = {
    "name": "bench",
    "description": "A small file.",
    "owner": "bench",
    "landing": {"pattern": "bench/*", "select": "all"},
    "format": {"type": "csv", "header_lines": 1},
    "columns": [{"name": "id", "type": "integer"}, {"name": "value", "type": "decimal(10,2)"}],
}


class Latency:
    """Adds a latency to each call of a client, and counts the calls and those in flight."""

    def __init__(self, client: Any) -> None:
        self.calls = self.most = self._in_flight = 0
        self._lock = threading.Lock()
        client.meta.events.register("before-send.s3", self._wait)

    def _wait(self, **_: Any) -> None:
        with self._lock:
            self.calls += 1
            self._in_flight += 1
            self.most = max(self.most, self._in_flight)
        time.sleep(LATENCY_SECONDS)
        with self._lock:
            self._in_flight -= 1


@dataclass(frozen=True)
class Measured:
    """The calls, the most of them in flight, their seconds, and the seconds of as many calls one by one."""

    calls: int
    most: int
    seconds: float
    one_by_one: float


def measure(files: int = FILES, sample: int = SAMPLE) -> Measured:
    """Make the calls for all files at once, and for a sample of other files one by one."""
    with storage():
        s3 = s3_objects.s3_client()
        landed = at_once.at_once(partial(_land, s3), range(files + sample))
        latency = Latency(s3)
        one_by_one = _seconds(s3, landed[files:], 1) * files / sample
        latency.calls = latency.most = 0
        seconds = _seconds(s3, landed[:files], at_once.CALLS_AT_ONCE)
    return Measured(latency.calls, latency.most, seconds, one_by_one)


def _seconds(s3: S3Client, landed: Sequence[RegisteredFile], calls_at_once: int) -> float:
    """Return the seconds of the calls that copy_to_table and archive_files make for these files."""
    usual, at_once.CALLS_AT_ONCE = at_once.CALLS_AT_ONCE, calls_at_once
    started = time.perf_counter()
    to_load = [FileToLoad(file, (file.source("none"),)) for file in landed]
    (batch,) = batches(s3, FileType.model_validate(FILE_TYPE), to_load)
    at_once.at_once(partial(check_versions, s3), batch)
    at_once.at_once(lambda file: _archive(s3, file), landed)
    archiving.remove_versions(s3, [file.landed() for file in landed])
    at_once.CALLS_AT_ONCE = usual
    return time.perf_counter() - started


def _archive(s3: S3Client, file: RegisteredFile) -> None:
    archiving.archive(s3, file.landed(), names.ARCHIVE_BUCKET, archive_key("bench", file))


def main() -> None:
    """Measure and print."""
    print(measure())


def rows() -> list[Row]:
    """Return the time beside that of the same calls one by one."""
    found = measure()
    return [
        Row(
            f"S3 calls of a run with {FILES} files, each {LATENCY_SECONDS * 1000:.0f} ms slower",
            f"{found.seconds:.0f} s, at most {found.most} of {found.calls:,} calls in flight",
            f"one by one, reckoned from {SAMPLE} files: {found.one_by_one:.0f} s",
            f"at most 1/{TIMES_FASTER}",
            found.seconds * TIMES_FASTER / found.one_by_one,
            "A run with many small files spends its time on S3, whose answers take tens of milliseconds each.",
            "Two cores send and answer the calls; the local S3 needs more time for one than it waits.",
        )
    ]


@contextmanager
def storage() -> Iterator[None]:
    """Start the local S3 on a free port, for the clients of this process."""
    with tempfile.TemporaryDirectory(prefix="lakeport-bench-") as place:
        config = Config(Path(place).resolve() / "state", Ports.free())
        try:
            stack.up(config, lambda _: None, only=frozenset({"aws-resources"}))
            use(config)
            yield
        finally:
            stack.down(config, lambda _: None)


def _land(s3: Any, number: int) -> RegisteredFile:
    return replace(landed(s3, f"bench/{number}.csv", b"id,value\n1,2.50\n"), file_id=f"{number:064}")


def landed(s3: Any, key: str, body: bytes) -> RegisteredFile:
    """Put an object into landing and return it as a registered file."""
    version = s3.put_object(Bucket=names.LANDING_BUCKET, Key=key, Body=body)["VersionId"]
    return RegisteredFile(
        file_id="0" * 64,
        bucket=names.LANDING_BUCKET,
        key=key,
        version_id=version,
        etag="",
        size_bytes=len(body),
        landed_at=datetime.now(UTC).replace(tzinfo=None),
    )


if __name__ == "__main__":
    main()
