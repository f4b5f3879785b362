"""Open a sample as COPY will see it: decompressed, the one member of a .zip, and say how it is packed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import zstandard

from lakeport.errors import SampleError

_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip"}
_UNREADABLE = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, zstandard.ZstdError, RuntimeError, ValueError)
_ENDINGS = {"gzip": ".gz", "bzip2": ".bz2", "zstd": ".zst", "zip": ".zip"}
XLSX = b"[Content_Types].xml"


@dataclass(frozen=True)
class Sample:
    """An opened file: its bytes without compression, and the compression's name."""

    path: Path
    compression: str
    stream: IO[bytes]

    def peek(self) -> bytes:
        """Return the first bytes, or some of them, and leave them to be read."""
        peek: Any = getattr(self.stream, "peek")  # noqa: B009 - every stream here has it, IO[bytes] does not say so
        return bytes(peek(64))

    @property
    def name(self) -> str:
        """Return the file's name, with the ending that registration expects of its compression."""
        ending = _ENDINGS.get(self.compression, "")
        return self.path.name if self.path.name.lower().endswith(ending) else self.path.name + ending


@contextmanager
def opened(path: Path) -> Iterator[Sample]:
    """Open a file by what is in it, whatever its name says; raises SampleError where it cannot be read."""
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(0)
        if not start:
            raise SampleError(f"{path}: the file is empty; take one with some rows in it")
        compression = next((name for magic, name in _MAGIC.items() if start.startswith(magic)), "none")
        if compression == "zip" and _is_workbook(file):
            compression = "none"
        try:
            yield Sample(path, compression, _decompressed(path, file, compression))
        except (*_UNREADABLE, OSError) as error:
            if compression == "none" or getattr(error, "errno", None) is not None or isinstance(error, UnicodeError):
                raise
            raise SampleError(f"{path}: is no readable {compression} file: {error}") from error


def _decompressed(path: Path, file: Any, compression: str) -> IO[bytes]:
    if compression == "zip":
        return _only_member(path, file)
    streams: dict[str, Any] = {"gzip": lambda raw: gzip.GzipFile(fileobj=raw), "bzip2": bz2.BZ2File}
    if compression == "zstd":
        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True))
    stream: IO[bytes] = streams[compression](file) if compression in streams else file
    return stream


def _only_member(path: Path, file: IO[bytes]) -> IO[bytes]:
    archive = zipfile.ZipFile(file)
    names = [each for each in archive.namelist() if not each.endswith("/") and not each.startswith("__MACOSX/")]
    if len(names) != 1:
        raise SampleError(f"{path}: holds {len(names)} files; a .zip that loads holds exactly one")
    return archive.open(names[0])


def _is_workbook(file: IO[bytes]) -> bool:
    is_workbook = zipfile.is_zipfile(file) and XLSX.decode() in zipfile.ZipFile(file).namelist()
    file.seek(0)
    return is_workbook
