"""The names in an archive: which of them are loaded, and which are only what systems and people add."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from lakeport.schema.key_pattern import captured

Entry = tuple[str, Callable[[], IO[bytes]] | None]
"""The name of an entry, and what opens it; None for a folder."""
NOT_REGULAR = "is a link or a device, not a regular file; ask the sender for archives of plain files"
_OF_SYSTEMS = (".ds_store", "thumbs.db", "desktop.ini")
_READMES = ("readme", "readme.txt", "readme.md", "readme.html", "readme.pdf")


def plain_name(name: str) -> str:
    """Return a name with single slashes, whichever slashes the archive has."""
    return "/".join(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def is_clutter(name: str) -> bool:
    """Return whether a member is one that operating systems add, or a README."""
    return is_of_a_system(name) or name.lower().rpartition("/")[2] in _READMES


def is_of_a_system(name: str) -> bool:
    """Return whether a member is one that operating systems add."""
    *folders, last = name.lower().split("/")
    return "__macosx" in folders or last.startswith("._") or last in _OF_SYSTEMS


def is_wanted(name: str, pattern: str | None) -> bool:
    """Return whether a member is loaded: by format.member, or without it all but clutter."""
    if pattern is None:
        return not is_clutter(name)
    return not is_of_a_system(name) and captured(pattern, name) is not None
