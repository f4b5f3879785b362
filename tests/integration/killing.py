"""Warehouses whose sessions are ended by the server before each statement in turn, and what was before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from itertools import count
from typing import Any

import psutil
from psycopg2.extensions import connection, cursor

from lakeport.model import RegisteredFile
from lakeport.redshift import session as product_session
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from lakeport.schema.table import Table
from local import credentials, postgres
from local.config import Config

MOST_KILLS = product_session._ATTEMPTS - 1
STATEMENTS_OF_SETTING_UP = 1
LEAST_STATEMENTS = 8


class KilledWarehouse(Warehouse):
    """End the session before the n-th statement, the next session before the statement that follows, and so on.

    The last attempt that the warehouse makes is spared; `kills` counts how many sessions were ended.
    """

    def __init__(self, config: Config, before_statement: int) -> None:
        super().__init__(self._connect_to_die)
        self.config = config
        self.left = before_statement
        self.kills = 0

    def _connect_to_die(self) -> connection:
        opened = connect_to_redshift()
        process_id = opened.get_backend_pid()
        warehouse, cursors = self, count()

        class Dying(cursor):
            """Of the cursors of a session the first one sets it up; each attempt at some work has a cursor."""

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                self.is_of_work = next(cursors) > 0
                self.statements = 0

            def execute(self, query: Any, vars: Any = None) -> None:
                self.statements += 1
                warehouse.left -= 1
                if warehouse.left == 0 and warehouse.kills < MOST_KILLS:
                    warehouse.kills += 1
                    warehouse.left = STATEMENTS_OF_SETTING_UP + self.is_of_work * self.statements + 1
                    terminate(warehouse.config, process_id)
                super().execute(query, vars)

        opened.cursor_factory = Dying
        return opened


def kills_before_each_statement(config: Config, table: Table, *files: RegisteredFile) -> Iterator[KilledWarehouse]:
    """Give one warehouse after another, until each statement of what is done with them has met a kill.

    Every attempt that is killed leaves the state in which the next one begins, and the last one has to come to the same
    end as without kills.  What was changed is put back between two warehouses.
    """
    with remembering(config, table, *files) as put_back:
        first = 1
        while True:
            with KilledWarehouse(config, first) as dying:
                yield dying
            if dying.kills < MOST_KILLS:
                break
            first += dying.kills
            put_back()
    assert first + dying.kills > LEAST_STATEMENTS


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
