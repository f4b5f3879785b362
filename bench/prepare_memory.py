"""`python -m bench.prepare_memory`: measure the memory and the time that preparing a .zip of 2 GB takes.

The .zip is made by streaming and served by the local AWS server; preparing runs in a separate child process, whose
peak of resident memory is printed.
"""

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from local import stack
from local.config import REPOSITORY, Config, Ports

MEGABYTE = 1 << 20
KEY = "bench/prepare_memory.csv.zip"
COLUMNS = [{"name": "id", "type": "integer"}, {"name": "value", "type": "varchar(100)"}]
FILE_TYPE = {
    "name": "bench",
    "description": "A large .zip.",
    "owner": "bench",
    "landing": {"pattern": "bench/*"},
    "format": {"type": "csv", "compression": "zip"},
    "columns": COLUMNS,
}


def main() -> None:
    """Make the .zip, prepare it in a child process, and print memory and time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=2048, help="size of the one member")
    parser.add_argument("--key", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.key:
        prepare(given.key)
        return
    directory = Path(tempfile.mkdtemp(prefix="lakeport-bench-")).resolve()
    config = Config(directory / "state", Ports.free())
    try:
        stack.up(config, lambda _: None, only=frozenset({"aws-resources"}))
        measure(config, directory, given.megabytes)
    finally:
        stack.down(config, lambda _: None)
        shutil.rmtree(directory)


def measure(config: Config, directory: Path, megabytes: int) -> None:
    """Upload the .zip and prepare it in a child process."""
    environment = {**os.environ, **stack.shell_environment(config), "PYTHONPATH": f"{REPOSITORY}/plugins"}
    path = directory / "large.zip"
    write_zip(path, megabytes)
    print(f"member {megabytes} MiB, .zip {path.stat().st_size / MEGABYTE:.0f} MiB")
    upload = (
        "import sys; from lakeport import settings; from lakeport.files import s3_objects; "
        "s3_objects.s3_client().upload_file(sys.argv[1], settings.landing_bucket(), sys.argv[2])"
    )
    subprocess.run([sys.executable, "-c", upload, path, KEY], env=environment, cwd=REPOSITORY, check=True)
    path.unlink()
    child = [sys.executable, "-m", "bench.prepare_memory", "--key", KEY]
    subprocess.run(child, env=environment, cwd=REPOSITORY, check=True)


def write_zip(path: Path, megabytes: int) -> None:
    """Write lines that compress as real ones do, a mebibyte at a time."""
    chance, number = random.Random(1), 0
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("large.csv", "w", force_zip64=True) as member,
    ):
        for _ in range(megabytes):
            lines = bytearray()
            while len(lines) < MEGABYTE:
                lines += b"%d,%032x\n" % (number, chance.getrandbits(128))
                number += 1
            member.write(lines[:MEGABYTE])


def prepare(key: str) -> None:
    """Prepare the object and print memory and time; this runs in a separate process."""
    from lakeport import settings  # noqa: PLC0415 - the parent has no use for them
    from lakeport.files import s3_objects  # noqa: PLC0415 - the parent has no use for them
    from lakeport.model import CopySource  # noqa: PLC0415
    from lakeport.preparing.prepare import listed, prepare  # noqa: PLC0415 - the parent has no use for them
    from lakeport.schema.file_type import FileType  # noqa: PLC0415

    s3 = s3_objects.s3_client()
    size = s3.head_object(Bucket=settings.landing_bucket(), Key=key)["ContentLength"]
    before, started = peak_megabytes(), time.monotonic()
    source = CopySource(settings.landing_bucket(), key, None, size, "zip")
    made = prepare(s3, FileType.model_validate(FILE_TYPE), source, settings.work_bucket(), "prepared/bench")
    seconds = time.monotonic() - started
    (prepared,) = listed(s3, settings.work_bucket(), made)
    print(f"prepared {prepared.size_bytes / MEGABYTE:.0f} MiB in {seconds:.0f} s")
    print(f"peak memory {peak_megabytes():.0f} MiB, of which {before:.0f} MiB before it began")


def peak_megabytes() -> float:
    """Return this process's peak of resident memory."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (MEGABYTE if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
