"""What a new stack begins with: PostgreSQL's data with the stand-in's functions and Airflow's tables in it.

It is made once for these versions and kept in the user's cache: to make it takes longer than much else that `up` does.
"""

import contextlib
import os
from importlib.metadata import version
from pathlib import Path

from local import airflow, cache, postgres, postgres_files
from local.config import Config
from local.redshift.engine import own_postgres


def initialize(config: Config) -> None:
    """Make PostgreSQL's data once, from prepared data if there is any."""
    folders = [cache.place(name) for name in (_name(), own_postgres.prepared_name())]
    found = next((folder for folder in folders if os.access(own_postgres.data_in(folder), os.R_OK | os.X_OK)), None)
    is_copy = postgres.initialize(config, found and own_postgres.data_in(found))
    if is_copy and found == folders[0]:
        airflow.note_migration(config)


def make(*, with_airflow: bool) -> None:
    """Make the prepared data, unless it is there, there is no place for it or another user must own the data."""
    if postgres_files.is_run_by_owner():
        with contextlib.suppress(OSError):
            cache.kept(_name(), _make) if with_airflow else own_postgres.make_prepared()


def _name() -> str:
    return f"airflow-{version('apache-airflow-core')}-{own_postgres.prepared_name()}"


def _make(state: Path) -> None:
    with own_postgres.started(state) as config:
        airflow.prepare(config)
