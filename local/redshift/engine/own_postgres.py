"""Run a PostgreSQL for the stand-in, if none is given: it starts and stops with the stand-in.

The data of a new one is a copy of data that was made once for these scripts, and kept in the user's cache.
"""

import asyncio
import contextlib
import importlib.metadata
import threading
from collections.abc import Iterator
from pathlib import Path

from local import cache, credentials, postgres, postgres_files, processes
from local.alone import alone
from local.config import HOST, Config, Ports
from local.redshift.engine import catalog
from local.redshift.engine.connection import connect
from local.redshift.settings import Settings


@contextlib.contextmanager
def started(directory: Path) -> Iterator[Config]:
    """Start it on a free port, its data below a directory that is made if it is missing.

    Raises StackError if another stand-in uses the directory: it would lose its PostgreSQL.
    """
    config = Config(directory.resolve(), Ports.free())
    taken = f"{config.state} is used by another stand-in: stop that one, or choose another folder with --data."
    with alone(config.state, taken):
        prepared = None
        if postgres_files.is_run_by_owner() and not postgres_files.data(config).exists():
            with contextlib.suppress(OSError):  # without a cache the data is made in place
                prepared = data_in(make_prepared())
        with _running(config, prepared):
            yield config


def make_prepared() -> Path:
    """Return the prepared data, which is made if it is missing.  Raises OSError where there is no place for it."""
    return cache.kept(prepared_name(), _make)


def prepared_name() -> str:
    """Return the name of prepared data for these scripts and this PostgreSQL."""
    engine = importlib.metadata.version(postgres_files.WHEEL)
    return f"redshift-{catalog.version(is_serverless=False)}-{engine}"


def data_in(folder: Path) -> Path:
    """Return the data of the PostgreSQL that was stopped in a folder of the cache."""
    return folder / "postgres" / "data"


@contextlib.contextmanager
def _running(config: Config, prepared: Path | None = None) -> Iterator[None]:
    service = postgres.service(config)
    postgres.initialize(config, prepared)
    try:
        processes.start(config, service, threading.Event())
        yield
    finally:
        processes.stop(config, [service])


def _make(state: Path) -> None:
    config = Config(state, Ports.free())
    with _running(config):
        asyncio.run(_prepare(config))


async def _prepare(config: Config) -> None:
    settings = Settings(
        host=HOST,
        port=0,
        postgres_host=HOST,
        postgres_port=config.ports.postgres,
        s3_endpoint="",
        database="postgres",
        user="",
        isolation="snapshot",
        superuser=postgres.SUPERUSER,
        superuser_password=credentials.load(config).postgres_password,
        user_password="",  # nosec B106 - nobody connects as this user
    )
    connection = await connect(settings, "postgres")
    try:
        await catalog.make_template(connection, settings)
        await catalog.make_spare(connection, settings)
    finally:
        await connection.close()
