"""Read an archive member by member: a .zip from the disk, a .tar as a stream.

Only regular files are read, and their names are never used as paths: the name of a member's object is a number.
"""

from __future__ import annotations

import errno
import logging
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, cast

from lakeport.errors import UnloadableFile
from lakeport.files.streams import Readable, chunks_of, stream_of
from lakeport.preparing.limits import MAX_MEMBERS, Allowance, Counted
from lakeport.preparing.tar_headers import checked_tar_info
from lakeport.preparing.transfer import spooled
from lakeport.schema.file_format import Format
from lakeport.schema.key_pattern import captured

log = logging.getLogger(__name__)

_ENCRYPTED = 0x1
_MAX_DIRECTORY_BYTES = 8 << 20  # a .zip's list of its members, which is read at once
_MAX_ENTRIES = 10 * MAX_MEMBERS  # with folders and unwanted files: tarfile keeps the entries of a .tar in memory
_MAX_NAMES_SHOWN = 5
_HEAD_BYTES = 512
_SEVERAL = "ask the sender for several archives"
_AGAIN = "ask the sender for it again"
_NOT_REGULAR = "is a link or a device, not a regular file; ask the sender for archives of plain files"
_OF_SYSTEMS = (".ds_store", "thumbs.db", "desktop.ini")
_READMES = ("readme", "readme.txt", "readme.md", "readme.html", "readme.pdf")
# What zipfile, tarfile and their decompressors raise on damaged archives.
DAMAGED: tuple[type[Exception], ...] = (zipfile.BadZipFile, tarfile.TarError, EOFError, RuntimeError, ValueError)
DAMAGED += (lzma.LZMAError, struct.error, zlib.error, OSError)
_PACKED: dict[str, Callable[[bytes], bool]] = {
    "a .zip": lambda head: head.startswith((b"PK\3\4", b"PK\5\6")),
    "a .tar": lambda head: head[257:263] in (b"ustar\0", b"ustar "),
    "gzip": lambda head: head.startswith(b"\x1f\x8b\x08"),
    "bzip2": lambda head: head.startswith(b"BZh") and head[4:10] == b"1AY&SY",
    "zstd": lambda head: head.startswith(b"\x28\xb5\x2f\xfd"),
    "lzop": lambda head: head.startswith(b"\x89LZO\0"),
    "xz": lambda head: head.startswith(b"\xfd7zXZ\0"),
    "a .7z": lambda head: head.startswith(b"7z\xbc\xaf\x27\x1c"),
    "a .rar": lambda head: head.startswith(b"Rar!\x1a\x07"),
}


@dataclass(frozen=True)
class Member:
    """One file of an archive, or a file that is not an archive; read it before you take the next one."""

    name: str
    stream: Readable


def members_of(stream: IO[bytes], format_: Format, allowance: Allowance) -> Iterator[Member]:
    """Yield the members to load; raises UnloadableFile if there are none or the archive is harmful."""
    found, others = 0, list[str]()
    for name, opened in _with_damage_reported(_entries(stream, format_, allowance), format_, allowance.uri):
        if not _is_wanted(name, format_.member):
            others += [name] if len(others) < _MAX_NAMES_SHOWN and not _is_of_a_system(name) else []
            log.info("ignored %s in %s", name, allowance.uri)
            continue
        found += 1
        if found > MAX_MEMBERS:
            raise UnloadableFile(
                f"{allowance.uri} contains more than {MAX_MEMBERS:,} files, the maximum for an archive; {_SEVERAL}"
            )
        if ".." in name.split("/"):
            raise UnloadableFile(f"{allowance.uri}: {name} is outside the archive; ask the sender for names without ..")
        yield Member(name, _checked(opened, name, format_, allowance))
    if not found:
        raise UnloadableFile(_nothing_found(allowance.uri, format_, others))


def _entries(stream: IO[bytes], format_: Format, allowance: Allowance) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    entries = _in_zip if format_.compression == "zip" else _in_tar
    for number, (name, opened) in enumerate(entries(stream, format_, allowance), start=1):
        if number > _MAX_ENTRIES:
            raise UnloadableFile(
                f"{allowance.uri} has more than {_MAX_ENTRIES:,} entries, the maximum for an archive; {_SEVERAL}"
            )
        if opened is not None:
            yield name, opened


_Entry = tuple[str, "Callable[[], IO[bytes]] | None"]


def _in_zip(stream: IO[bytes], format_: Format, allowance: Allowance) -> Iterator[_Entry]:
    with (
        spooled(stream, allowance.uri) as file,
        zipfile.ZipFile(cast("IO[bytes]", CarefulFile(file, allowance.uri))) as archive,
    ):
        for info in archive.infolist():
            name = _plain(info.filename)
            if info.is_dir():
                yield name, None
                continue
            if _is_wanted(name, format_.member):
                _refuse_in_zip(info, name, allowance.uri)
            yield name, lambda info=info: archive.open(info)  # type: ignore[misc]


def _refuse_in_zip(info: zipfile.ZipInfo, name: str, uri: str) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise UnloadableFile(f"{uri}: {name} is encrypted; ask the sender for an archive without a password")
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise UnloadableFile(f"{uri}: {name} {_NOT_REGULAR}")


class CarefulFile:
    """A file that refuses large reads: zipfile reads the list of members at once, whatever size the file declares."""

    def __init__(self, file: IO[bytes], uri: str) -> None:
        self._file, self._uri = file, uri
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(_MAX_DIRECTORY_BYTES + 1 if size < 0 else min(size, _MAX_DIRECTORY_BYTES + 1))
        if len(data) > _MAX_DIRECTORY_BYTES:
            raise UnloadableFile(
                f"{self._uri}: the .zip's list of members is longer than {_MAX_DIRECTORY_BYTES:,} bytes, the maximum; "
                + _SEVERAL
            )
        return data


def _in_tar(stream: IO[bytes], format_: Format, allowance: Allowance) -> Iterator[_Entry]:
    info_class = checked_tar_info(allowance.uri)
    # Count here too: unwanted members are unpacked as well.
    counted = cast("IO[bytes]", Counted(stream, Allowance(allowance.uri, allowance.packed_bytes)))
    with tarfile.open(fileobj=counted, mode="r|", tarinfo=info_class, errors="backslashreplace") as archive:
        for info in archive:
            name = _plain(info.name)
            if info.isdir():
                yield name, None
                continue
            if not info.isreg() and _is_wanted(name, format_.member):
                raise UnloadableFile(f"{allowance.uri}: {name} {_NOT_REGULAR}")
            yield name, lambda info=info: cast("IO[bytes]", archive.extractfile(info))  # type: ignore[misc]
    if not info_class.has_ended:
        raise UnloadableFile(f"{allowance.uri} is not a readable .tar: it is truncated or damaged; {_AGAIN}")
    for _ in chunks_of(counted):
        pass  # reads gzip's checksum, which is at the end


def _with_damage_reported(
    entries: Iterator[tuple[str, Callable[[], IO[bytes]]]], format_: Format, uri: str
) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    """Raise UnloadableFile for damage in the archive; errors of S3 are raised unchanged."""
    try:
        yield from entries
    except DAMAGED as error:
        raise _damaged(error, format_, uri) from error


def _damaged(error: BaseException, format_: Format, uri: str) -> BaseException:
    # An error of a decompressor has no errno; EINVAL comes from seeking to an offset in a damaged list of members.
    if getattr(error, "errno", None) not in (None, errno.EINVAL):
        return error  # an error of the disk or the network
    return UnloadableFile(f"{uri} is not a readable .{format_.compression}: {error}; {_AGAIN}")


def _checked(opened: Callable[[], IO[bytes]], name: str, format_: Format, allowance: Allowance) -> IO[bytes]:
    def pieces() -> Iterator[bytes]:
        is_first = True
        try:
            for data in chunks_of(Counted(opened(), allowance)):
                if is_first:
                    _refuse_packed(data[:_HEAD_BYTES], f"{allowance.uri}: {name}", is_workbook=format_.is_workbook)
                is_first = False
                yield data
        except DAMAGED as error:
            raise _damaged(error, format_, allowance.uri) from error

    return stream_of(pieces())


def _refuse_packed(head: bytes, name: str, *, is_workbook: bool) -> None:
    packed = next((what for what, is_it in _PACKED.items() if is_it(head)), None)
    if packed and not (packed == "a .zip" and is_workbook):
        raise UnloadableFile(f"{name} is itself packed ({packed}); ask the sender for archives of plain files")


def _plain(name: str) -> str:
    return "/".join(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def is_clutter(name: str) -> bool:
    """Return whether a member is one that operating systems add, or a README."""
    return _is_of_a_system(name) or name.lower().rpartition("/")[2] in _READMES


def _is_of_a_system(name: str) -> bool:
    *folders, last = name.lower().split("/")
    return "__macosx" in folders or last.startswith("._") or last in _OF_SYSTEMS


def _is_wanted(name: str, pattern: str | None) -> bool:
    if pattern is None:
        return not is_clutter(name)
    return not _is_of_a_system(name) and captured(pattern, name) is not None


def _nothing_found(uri: str, format_: Format, others: Sequence[str]) -> str:
    if not others:
        return f"{uri} contains no files; ask the sender for an archive with files"
    if format_.member is None:
        remedy = "set format.member to load one of them, or ask the sender for an archive with data"
        return f"{uri} contains only {', '.join(others)}, which are ignored without format.member; {remedy}"
    remedy = "change format.member, or ask the sender for the missing file"
    found = f"it contains {', '.join(others)}"
    return f"{uri} contains no file that matches format.member {format_.member!r}; {found}; {remedy}"
