"""A warehouse whose session is ended by the server before a statement of one's choice."""

from __future__ import annotations

import time
from typing import Any

import psutil
import psycopg2
from psycopg2.extensions import connection, cursor

from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from local import credentials, postgres
from local.config import HOST, Config


class KilledWarehouse(Warehouse):
    """End the session before its n-th statement, once; `was_killed` shows whether it did."""

    def __init__(self, config: Config, before_statement: int) -> None:
        super().__init__(self._connect_to_die)
        self.config = config
        self.left = before_statement
        self.was_killed = False

    def _connect_to_die(self) -> connection:
        opened = connect_to_redshift()
        with opened.cursor() as current:
            current.execute("SELECT pg_backend_pid()")
            (process_id,) = current.fetchone() or (0,)
        opened.rollback()
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


def terminate(config: Config, process_id: int) -> None:
    """Have PostgreSQL, behind the stand-in, end a session and wait until it is gone."""
    superuser = psycopg2.connect(
        host=HOST,
        port=config.ports.postgres,
        user=postgres.SUPERUSER,
        password=credentials.load(config).postgres_password,
        dbname=credentials.DATABASE,
    )
    try:
        with superuser.cursor() as current:
            current.execute("SELECT pg_terminate_backend(%s)", (process_id,))
        while psutil.pid_exists(process_id):  # PostgreSQL itself looks only ten times a second
            time.sleep(0.001)
    finally:
        superuser.close()
