"""Read an archive member by member.

Only regular files are read, and their names are never used as paths: the name of a member's object is a number.
"""

from __future__ import annotations

import errno
import logging
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from lakeport.errors import UnloadableFile
from lakeport.files.streams import Readable, chunks_of, stream_of
from lakeport.preparing.limits import MAX_MEMBERS, Allowance, Counted
from lakeport.preparing.member_names import is_of_a_system, is_wanted
from lakeport.preparing.tar_entries import entries_of_tar
from lakeport.preparing.zip_entries import entries_of_zip
from lakeport.schema.file_format import Format

log = logging.getLogger(__name__)

_MAX_ENTRIES = 10 * MAX_MEMBERS  # with folders and unwanted files: tarfile keeps the entries of a .tar in memory
_MAX_NAMES_SHOWN = 5
_HEAD_BYTES = 512
_SEVERAL = "ask the sender for several archives"
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
        if not is_wanted(name, format_.member):
            others += [name] if len(others) < _MAX_NAMES_SHOWN and not is_of_a_system(name) else []
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
    entries = entries_of_zip if format_.compression == "zip" else entries_of_tar
    for number, (name, opened) in enumerate(entries(stream, format_, allowance), start=1):
        if number > _MAX_ENTRIES:
            raise UnloadableFile(
                f"{allowance.uri} has more than {_MAX_ENTRIES:,} entries, the maximum for an archive; {_SEVERAL}"
            )
        if opened is not None:
            yield name, opened


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
    return UnloadableFile(f"{uri} is not a readable .{format_.compression}: {error}; ask the sender for it again")


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


def _nothing_found(uri: str, format_: Format, others: Sequence[str]) -> str:
    if not others:
        return f"{uri} contains no files; ask the sender for an archive with files"
    if format_.member is None:
        remedy = "set format.member to load one of them, or ask the sender for an archive with data"
        return f"{uri} contains only {', '.join(others)}, which are ignored without format.member; {remedy}"
    remedy = "change format.member, or ask the sender for the missing file"
    found = f"it contains {', '.join(others)}"
    return f"{uri} contains no file that matches format.member {format_.member!r}; {found}; {remedy}"
