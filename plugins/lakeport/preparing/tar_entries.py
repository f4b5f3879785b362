"""Read the entries of a .tar as a stream, once and in order."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO, cast

from lakeport.errors import UnloadableFile
from lakeport.files.streams import chunks_of
from lakeport.preparing.limits import Allowance, Counted
from lakeport.preparing.member_names import NOT_REGULAR, Entry, is_wanted, plain_name
from lakeport.preparing.tar_headers import checked_tar_info
from lakeport.schema.file_format import Format


def entries_of_tar(stream: IO[bytes], format_: Format, allowance: Allowance) -> Iterator[Entry]:
    """Yield each entry; raises UnloadableFile for one that is wanted and cannot be loaded."""
    info_class = checked_tar_info(allowance.uri)
    # Count here too: unwanted members are unpacked as well.
    counted = cast("IO[bytes]", Counted(stream, Allowance(allowance.uri, allowance.packed_bytes)))
    with tarfile.open(fileobj=counted, mode="r|", tarinfo=info_class, errors="backslashreplace") as archive:
        for info in archive:
            name = plain_name(info.name)
            if info.isdir():
                yield name, None
                continue
            if not info.isreg() and is_wanted(name, format_.member):
                raise UnloadableFile(f"{allowance.uri}: {name} {NOT_REGULAR}")
            yield name, lambda info=info: cast("IO[bytes]", archive.extractfile(info))  # type: ignore[misc]
    if not info_class.has_ended:
        raise UnloadableFile(
            f"{allowance.uri} is not a readable .tar: it is truncated or damaged; ask the sender for it again"
        )
    for _ in chunks_of(counted):
        pass  # reads gzip's checksum, which is at the end
