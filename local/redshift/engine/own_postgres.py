"""Run a PostgreSQL for the stand-in, if none is given: it starts and stops with the stand-in.

The data of a new one is a copy of data that was made once for these scripts, and kept in the user's cache.
"""

import asyncio
import contextlib
import importlib.metadata
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from local import credentials, postgres, postgres_files, processes
from local.config import HOST, Config, Ports
from local.redshift.engine import catalog
from local.redshift.engine.connection import connect
from local.redshift.settings import Settings


@contextlib.contextmanager
def started(directory: Path) -> Iterator[Config]:
    """Start it on a free port, its data below a directory that is made if it is missing."""
    config = Config(directory.resolve(), Ports.free())
    if not postgres_files.data(config).exists() and not (config.state / "credentials.json").exists():
        _copy_prepared(config)
    with _running(config):
        yield config


@contextlib.contextmanager
def _running(config: Config) -> Iterator[None]:
    service = postgres.service(config)
    postgres.initialize(config)
    processes.start(config, service, threading.Event())
    try:
        yield
    finally:
        processes.stop(config, [service])


def cache() -> Path:
    """Return where prepared data is kept: below XDG_CACHE_HOME, for these scripts and this PostgreSQL."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    engine = importlib.metadata.version(postgres_files.WHEEL)
    return base / "lakeport" / f"redshift-{catalog.version(is_serverless=False)}-{engine}"


def _copy_prepared(config: Config) -> None:
    """Copy prepared data, which is made first if it is missing; without a cache the data is made in place."""
    if postgres_files.home(config) != config.state / "postgres":
        return  # another user runs PostgreSQL, and must own its data
    prepared = cache()
    if not prepared.exists():
        try:
            prepared.parent.mkdir(parents=True, exist_ok=True)
            _make_prepared(prepared)
        except OSError:
            return
    shutil.copytree(prepared, config.state, symlinks=True, dirs_exist_ok=True)


def _make_prepared(prepared: Path) -> None:
    with tempfile.TemporaryDirectory(dir=prepared.parent, prefix="making-") as place:
        config = Config(Path(place) / "state", Ports.free())
        with _running(config):
            asyncio.run(_prepare(config))
        shutil.rmtree(config.logs, ignore_errors=True)
        with contextlib.suppress(FileExistsError, OSError):  # another start was faster
            config.state.rename(prepared)


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
