"""Folders that are made once and kept in the user's cache, below XDG_CACHE_HOME."""

import fcntl
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def place(name: str) -> Path:
    """Return where the folder of this name is, if it was made."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lakeport" / name


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of this name; it is made first if it is missing, by one process however many ask.

    Raises OSError where there is no place for it.
    """
    folder = place(name)
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_name(f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                _make(folder, make)
    return folder


def _make(folder: Path, make: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="making-") as directory:
        draft = Path(directory) / folder.name
        make(draft)
        draft.rename(folder)
