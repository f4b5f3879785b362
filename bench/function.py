"""`python -m bench.function`: the cold start and the size of the Lambda function, from the zip that is deployed.

A cold start is a new interpreter that imports the handler; AWS adds the start of its sandbox, which is not measured.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import tempfile
import zipfile
from pathlib import Path

from bench.table import Row
from infra import package
from local.aws import server

STARTS = 5
MOST_SECONDS, MOST_BYTES = 0.4, 10_000_000


def measure() -> tuple[float, float, int]:
    """Return the CPU seconds of a start, those of an interpreter that imports boto3 only, and the zip's bytes."""
    with tempfile.TemporaryDirectory(prefix="lakeport-bench-") as place:
        archive, code = Path(place) / "function.zip", Path(place) / "code"
        package.build(archive, package.Runtime.of(server.PYTHON))
        zipfile.ZipFile(archive).extractall(code)
        _cpu_seconds(code, "import handler")  # compiles
        pairs = [(_cpu_seconds(code, "import handler"), _cpu_seconds(code, "import boto3")) for _ in range(STARTS)]
        own, least = (statistics.median(each) for each in zip(*pairs, strict=True))
        return own, least, archive.stat().st_size


def main() -> None:
    """Measure and print."""
    own, least, size = measure()
    print(f"cold start {own * 1000:.0f} ms of CPU; boto3 alone {least * 1000:.0f} ms; zip {size / 1e6:.1f} MB")


def rows() -> list[Row]:
    """Return the start and the size."""
    own, least, size = measure()
    start, beside = f"{own * 1000:.0f} ms of CPU", f"boto3 alone: {least * 1000:.0f} ms"
    return [
        Row("cold start of the Lambda function", start, beside, "less than 400 ms", own / MOST_SECONDS, MEANING, WHERE),
        Row("zip of the Lambda function", f"{size / 1e6:.1f} MB", "", "less than 10 MB", size / MOST_BYTES, MEANING),
    ]


MEANING = "After a pause, AWS starts a new process of the function that registers files; the first file waits for it."
WHERE = "The import of boto3 is nearly all of it."


def _cpu_seconds(code: Path, statement: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"PYTHONPATH": str(code), "AWS_DEFAULT_REGION": "us-east-1"}
    subprocess.run([server.PYTHON, "-c", statement], env=environment, cwd=code, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
