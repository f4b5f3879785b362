"""Check the headers of a .tar before tarfile uses them."""

from __future__ import annotations

import tarfile
from typing import Any, NoReturn

from lakeport.errors import UnloadableFile

_MAX_HEADER_BYTES = 1 << 20
_EXTENDED = {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE}
_EXTENDED |= {tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK}


class CheckedTarInfo(tarfile.TarInfo):
    """A header; each archive has a separate subclass, which records whether the end mark was read."""

    has_ended = False
    uri = ""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> CheckedTarInfo:
        """Read one header; raises UnloadableFile if tarfile would read without a limit."""
        cls.has_ended = cls.has_ended or (len(buf) == tarfile.BLOCKSIZE and not any(buf))
        info = super().frombuf(buf, encoding, errors)
        if info.type in _EXTENDED and info.size > _MAX_HEADER_BYTES:
            most = f"{_MAX_HEADER_BYTES:,} bytes, the maximum"
            raise UnloadableFile(f"{cls.uri} has a header of more than {most}; ask the sender to pack it again")
        if info.type == tarfile.GNUTYPE_SPARSE:
            cls._refuse_sparse()
        return info

    @classmethod
    def _refuse_sparse(cls, *_: Any) -> NoReturn:
        raise UnloadableFile(f"{cls.uri} contains a sparse file; ask the sender to pack it without --sparse")

    # The three ways in which a pax header declares a sparse file.
    _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _refuse_sparse


def checked_tar_info(uri: str) -> type[CheckedTarInfo]:
    """Return the class of one archive's headers."""
    return type("CheckedTarInfo", (CheckedTarInfo,), {"uri": uri, "has_ended": False})
