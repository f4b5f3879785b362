"""Download the packages of the corpus and unpack the data files that they carry."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

PACKAGES = Path(__file__).with_name("packages.txt")
MAX_BYTES = 4 << 20
_DATA = re.compile(
    r"\.(csv|tsv|psv|dat|json|jsonl|ndjson|geojson|parquet|orc|avro|xlsx)(\.(gz|bz2|zst|zip))?$", re.IGNORECASE
)
_NO_DATA = re.compile(
    r"(package|tsconfig|requirements|licen[cs]e|readme|changes|manifest|sources|top_level|metadata)", re.IGNORECASE
)
_NO_FOLDER = re.compile(r"(dist-info|egg-info|openml|node_modules|/tests/(?!data|avro-files)|/descr/)")


def files(cache: Path) -> list[Path]:
    """Return the data files of all packages, downloaded if they are not in the cache."""
    found = list[Path]()
    for line in PACKAGES.read_text().splitlines():
        if line and not line.startswith("#"):
            client, package = line.split()
            folder = cache / re.sub(r"[^\w.-]+", "_", f"{client}-{package}")
            if not (folder / "done").exists():
                folder.mkdir(parents=True, exist_ok=True)
                _unpack(_download(client, package, folder / "packages"), folder)
                (folder / "done").touch()
            found += sorted(path for path in (folder / "files").rglob("*") if path.is_file())
    return found


def _download(client: str, package: str, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), package]
    commands = {
        "pip": [*pip, "--only-binary", ":all:"],
        "pip-source": [*pip, "--no-binary", ":all:"],
        "npm": ["npm", "pack", "--silent", "--pack-destination", str(folder), package],
    }
    subprocess.run(commands[client], check=True, stdout=subprocess.DEVNULL)
    return next(path for path in folder.iterdir() if path.suffix in (".whl", ".gz", ".tgz"))


def _unpack(package: Path, folder: Path) -> None:
    for name, read in _members(package):
        is_data = _DATA.search(name) and not _NO_DATA.search(PurePosixPath(name).name)
        if is_data and not _NO_FOLDER.search(name) and ".." not in name:
            target = (
                folder / "files" / re.sub(r"[^\w.-]+", "_", PurePosixPath(name).parent.name) / PurePosixPath(name).name
            )
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(read())


def _members(package: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as archive:
            for info in archive.infolist():
                if 0 < info.file_size <= MAX_BYTES:
                    yield info.filename, lambda info=info: archive.read(info)  # type: ignore[misc]
        return
    with tarfile.open(package) as archive:
        for member in archive:
            if member.isreg() and 0 < member.size <= MAX_BYTES:
                yield member.name, lambda member=member: archive.extractfile(member).read()  # type: ignore[misc, union-attr]
