"""A local stack on free ports and in a directory of its own, so that a running stack is left alone."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from local import postgres_files
from local import stack as local_stack
from local.config import Config, Ports

Start = Callable[..., Config]


@contextmanager
def stack_of_its_own() -> Iterator[Start]:
    """Give what starts the named parts and what they need, or the whole stack; all of it is stopped at the end."""
    directory = Path(tempfile.mkdtemp(prefix="lakeport-tests-")).resolve()
    config = Config(directory / "state", Ports.free(), more_dags=directory / "dags")
    (directory / "dags").mkdir()
    before = signal.signal(signal.SIGTERM, _stop_session)

    def start(*parts: str) -> Config:
        local_stack.up(config, report=lambda _: None, only=frozenset(parts) or None)
        return config

    try:
        yield start
    finally:
        local_stack.down(config, report=lambda _: None)
        signal.signal(signal.SIGTERM, before)
        postgres_files.remove(config)
        shutil.rmtree(directory)


def _stop_session(_number: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does: fixtures are torn down."""
    raise KeyboardInterrupt
