"""A local stack on free ports and in its own directory, so that a running stack is left alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from local import postgres_files, prepared
from local import stack as local_stack
from local.config import Config, Ports
from local.forking import Forker
from tests.support.session import folder

Start = Callable[..., Config]
WITH_POSTGRES = {"postgres", "redshift", "tables", "function"}
# An idle Airflow takes time from the other workers.  The end of a task wakes it, and new DAG files are read at once.
LESS_OFTEN = (("scheduler__scheduler_idle_sleep_time", "1"), ("dag_processor__min_file_process_interval", "300"))


@contextmanager
def stack_of_its_own(*, keeps_objects: bool = True) -> Iterator[Start]:
    """Give what starts the named parts and what they need, or the whole stack; all of it is stopped at the end."""
    directory = Path(folder("stack-"))
    config = Config(directory / "state", Ports.free(), directory / "dags", LESS_OFTEN, keeps_objects)
    (directory / "dags").mkdir()

    def start(*parts: str, forker: Forker | None = None) -> Config:
        if not parts or WITH_POSTGRES & set(parts):
            prepared.make(with_airflow=not parts)
        local_stack.up(config, report=lambda _: None, only=frozenset(parts) or None, forker=forker)
        return config

    try:
        yield start
    finally:
        local_stack.down(config, report=lambda _: None)
        postgres_files.remove(config)
        shutil.rmtree(directory)
