"""Folders that are made once and kept in the user's cache, below XDG_CACHE_HOME."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

_UNUSED_SECONDS = 30 * 24 * 3600


def place(name: str) -> Path:
    """Return where the folder of this name is, if it was made."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lakeport" / name


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of this name; it is made first if it is missing, by one process however many ask.

    Folders that were not used for 30 days, such as those of earlier versions, are removed when another one is made.
    Raises OSError where there is no place for it.
    """
    folder = place(name)
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_name(f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                _remove_unused(folder.parent)
                _make(folder, make)
    os.utime(folder)
    return folder


def _make(folder: Path, make: Callable[[Path], None]) -> None:
    # Ctrl-C must not become the error of a clean-up, while initdb still writes: a start would go on without the cache.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="making-", ignore_cleanup_errors=True) as directory:
        draft = Path(directory) / folder.name
        make(draft)
        draft.rename(folder)


def _remove_unused(directory: Path) -> None:
    for each in directory.iterdir():
        if time.time() - each.stat().st_mtime > _UNUSED_SECONDS:
            shutil.rmtree(each, ignore_errors=True) if each.is_dir() else each.unlink(missing_ok=True)
