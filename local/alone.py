"""Keep a second process out of a directory."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from local.errors import StackError


@contextlib.contextmanager
def alone(directory: Path, if_taken: str) -> Iterator[None]:
    """Lock a directory, made if needed; the system ends the lock with the process.

    Raises StackError with the message `if_taken` if another process has the lock.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(if_taken) from None
        yield
