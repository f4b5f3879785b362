"""Read the entries of a .zip from the disk."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from typing import IO, cast

from lakeport.errors import UnloadableFile
from lakeport.preparing.limits import Allowance
from lakeport.preparing.member_names import NOT_REGULAR, Entry, is_wanted, plain_name
from lakeport.preparing.transfer import spooled
from lakeport.schema.file_format import Format

_ENCRYPTED = 0x1
_MAX_DIRECTORY_BYTES = 8 << 20  # a .zip's list of its members, which is read at once


def entries_of_zip(stream: IO[bytes], format_: Format, allowance: Allowance) -> Iterator[Entry]:
    """Yield each entry; raises UnloadableFile for one that is wanted and cannot be loaded."""
    with (
        spooled(stream, allowance.uri) as file,
        zipfile.ZipFile(cast("IO[bytes]", CarefulFile(file, allowance.uri))) as archive,
    ):
        for info in archive.infolist():
            name = plain_name(info.filename)
            if info.is_dir():
                yield name, None
                continue
            if is_wanted(name, format_.member):
                _refuse_unreadable(info, name, allowance.uri)
            yield name, lambda info=info: archive.open(info)  # type: ignore[misc]


def _refuse_unreadable(info: zipfile.ZipInfo, name: str, uri: str) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise UnloadableFile(f"{uri}: {name} is encrypted; ask the sender for an archive without a password")
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise UnloadableFile(f"{uri}: {name} {NOT_REGULAR}")


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
                "ask the sender for several archives"
            )
        return data
