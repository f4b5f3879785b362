"""Open a sample as COPY will see it: decompressed, or the only member of an archive."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import zstandard

from lakeport.errors import SampleError
from lakeport.files import lzop
from lakeport.files.streams import stream_of
from lakeport.preparing.member_names import is_clutter

_MAGIC = {b"\x89LZO": "lzop", b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip"}
_MAGIC[b"PK\x05\x06"] = "zip"  # an archive without members
_UNREADABLE: tuple[type[Exception], ...] = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError)
_UNREADABLE += (zstandard.ZstdError, RuntimeError, ValueError, OSError)
_ENDINGS: dict[str, tuple[str, ...]] = {
    "gzip": (".gz",),
    "bzip2": (".bz2",),
    "zstd": (".zst",),
    "lzop": (".lzo",),
    "zip": (".zip",),
    "tar": (".tar",),
    "tar.gz": (".tar.gz", ".tgz"),
}
_TAR_MARK = slice(257, 262)  # the mark of a .tar, in its first member's header
_TARS = {"none": "tar", "gzip": "tar.gz"}
XLSX = b"[Content_Types].xml"


@dataclass(frozen=True)
class Sample:
    """An opened file: its bytes without compression, and the compression's name."""

    path: Path
    compression: str
    stream: IO[bytes]

    def peek(self) -> bytes:
        """Return some of the first bytes without consuming them."""
        peek: Any = getattr(self.stream, "peek")  # noqa: B009 - every stream here has it, IO[bytes] does not declare it
        return bytes(peek(64))

    @property
    def name(self) -> str:
        """Return the file's name, with the ending that registration expects for its compression."""
        endings = _ENDINGS.get(self.compression, ("",))
        return self.path.name if self.path.name.lower().endswith(endings) else self.path.name + endings[0]


@contextmanager
def opened(path: Path) -> Iterator[Sample]:
    """Open a file by its content, whatever its name is; raises SampleError if it cannot be read."""
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(0)
        if not start:
            raise SampleError(f"{path}: the file is empty; use a sample that has rows")
        compression = next((name for magic, name in _MAGIC.items() if start.startswith(magic)), "none")
        if compression == "zip" and _is_workbook(file):
            compression = "none"
        if compression in _TARS and _is_tar(file, compression):
            compression = _TARS[compression]
        _check_ending(path, compression)
        try:
            yield Sample(path, compression, _decompressed(path, file, compression))
        except _UNREADABLE as error:
            if compression == "none" or getattr(error, "errno", None) is not None or isinstance(error, UnicodeError):
                raise
            raise SampleError(f"{path}: not a readable {compression} file: {error}") from error


def _check_ending(path: Path, compression: str) -> None:
    """Raise SampleError if the name is that of a compressed file, but the content is not compressed."""
    endings = [ending for each in _ENDINGS.values() for ending in each if path.name.lower().endswith(ending)]
    if compression == "none" and endings:
        raise SampleError(
            f"{path}: the name ends with {endings[0]}, but the content is not compressed, so that registration would "
            "reject it; rename the file, or compress it"
        )


def _decompressed(path: Path, file: Any, compression: str) -> IO[bytes]:
    if compression == "zip":
        return _only_member(path, file)
    if compression in _TARS.values():
        return _only_file(path, file)
    streams: dict[str, Any] = {"gzip": lambda raw: gzip.GzipFile(fileobj=raw), "bzip2": bz2.BZ2File}
    streams["lzop"] = lambda raw: stream_of(lzop.unpacked(raw))
    if compression == "zstd":
        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True))
    stream: IO[bytes] = streams[compression](file) if compression in streams else file
    return stream


def _only_member(path: Path, file: IO[bytes]) -> IO[bytes]:
    archive = zipfile.ZipFile(file)
    names = [each for each in archive.namelist() if not each.endswith("/") and not is_clutter(each)]
    _check_is_alone(path, names)
    return archive.open(names[0])


def _only_file(path: Path, file: IO[bytes]) -> IO[bytes]:
    archive = tarfile.open(fileobj=file, mode="r:*")  # noqa: SIM115 - read as long as the file is open
    members = [each for each in archive.getmembers() if each.isreg() and not is_clutter(each.name)]
    _check_is_alone(path, [each.name for each in members])
    stream = archive.extractfile(members[0])
    if stream is None:
        raise SampleError(f"{path}: {members[0].name} is not a regular file")
    return stream


def _check_is_alone(path: Path, names: list[str]) -> None:
    if len(names) != 1:
        raise SampleError(
            f"{path}: contains {len(names)} files; unpack it, infer from one of them, and set format.compression and "
            "format.member in the schema"
        )


def _is_tar(file: Any, compression: str) -> bool:
    try:
        head = (gzip.GzipFile(fileobj=file) if compression == "gzip" else file).read(_TAR_MARK.stop)
    except (OSError, EOFError, zlib.error):
        head = b""  # reading the file reports the problem
    file.seek(0)
    return bytes(head[_TAR_MARK]) == b"ustar"


def _is_workbook(file: IO[bytes]) -> bool:
    is_workbook = zipfile.is_zipfile(file) and XLSX.decode() in zipfile.ZipFile(file).namelist()
    file.seek(0)
    return is_workbook
