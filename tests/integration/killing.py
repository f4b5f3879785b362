"""A warehouse whose session is ended by the server before a statement of one's choice, and what was before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from typing import Any

import psutil
from psycopg2.extensions import connection, cursor

from lakeport.model import RegisteredFile
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from lakeport.schema.table import Table
from local import credentials, postgres
from local.config import Config


class KilledWarehouse(Warehouse):
    """End the session before its n-th statement, once; `was_killed` shows whether it did."""

    def __init__(self, config: Config, before_statement: int) -> None:
        super().__init__(self._connect_to_die)
        self.config = config
        self.left = before_statement
        self.was_killed = False

    def _connect_to_die(self) -> connection:
        opened = connect_to_redshift()
        process_id = opened.get_backend_pid()
        warehouse = self

        class Dying(cursor):
            def execute(self, query: Any, vars: Any = None) -> None:
                warehouse.left -= 1
                if warehouse.left == 0:
                    warehouse.was_killed = True
                    terminate(warehouse.config, process_id)
                super().execute(query, vars)

        opened.cursor_factory = Dying
        return opened


@contextmanager
def remembering(config: Config, table: Table, *files: RegisteredFile) -> Iterator[Callable[[], None]]:
    """Remember the rows of the table, of those beside it and of the files' records; give what puts them back.

    Loading them again before each kill would take longer than what is killed.
    """
    records = ("files", "status_log", "load_errors")
    with closing(_superuser(config)) as session, session.cursor() as current:

        def tables() -> set[str]:
            own = "SELECT tablename FROM pg_tables WHERE schemaname = 'lake' AND starts_with(tablename, %s)"
            current.execute(own, (table.table_name,))
            return {name for (name,) in current.fetchall()}

        def put_back() -> None:
            gone = [f"DROP TABLE lake.{name}" for name in tables() - before]
            rows = [f"DELETE FROM lake.{name}; INSERT INTO lake.{name} TABLE pg_temp.{name}" for name in before]  # noqa: S608
            of_files = "DELETE FROM mng.{0} WHERE file_id = ANY(%(ids)s); INSERT INTO mng.{0} TABLE pg_temp.{0}"
            current.execute("; ".join([*gone, *rows, *map(of_files.format, records)]), {"ids": ids})

        ids, before = [file.file_id for file in files], tables()
        for name in before:
            current.execute(f"CREATE TEMP TABLE {name} AS TABLE lake.{name}")
        for name in records:
            query = f"CREATE TEMP TABLE {name} AS SELECT * FROM mng.{name} WHERE file_id = ANY(%s)"  # noqa: S608
            current.execute(query, (ids,))
        yield put_back


def terminate(config: Config, process_id: int) -> None:
    """Have PostgreSQL, behind the stand-in, end a session and wait until it is gone."""
    with _killer(config).cursor() as current:
        current.execute("SELECT pg_terminate_backend(%s)", (process_id,))
    while psutil.pid_exists(process_id):  # PostgreSQL itself looks only ten times a second
        time.sleep(0.001)


@cache
def _killer(config: Config) -> connection:
    """Open one session for all kills: it would take longer than a kill."""
    return _superuser(config)


def _superuser(config: Config) -> connection:
    opened = postgres.connect(config, credentials.DATABASE)
    opened.autocommit = True
    return opened
