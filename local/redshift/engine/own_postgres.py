"""Run a PostgreSQL for the stand-in, if none is given: it starts and stops with the stand-in."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from local import postgres, processes
from local.config import Config, Ports


@contextlib.contextmanager
def started(directory: Path) -> Iterator[Config]:
    """Start it on a free port, its data below a directory that is made if it is missing."""
    config = Config(directory.resolve(), Ports.free())
    service = postgres.service(config)
    postgres.initialize(config)
    processes.start(config, service, threading.Event())
    try:
        yield config
    finally:
        processes.stop(config, [service])
