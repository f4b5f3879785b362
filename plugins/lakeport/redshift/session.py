"""A Redshift session: short transactions that are tried again where that is safe."""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable
from typing import TypeVar

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection, cursor

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[cursor], T]

_TRIES = 5
_FIRST_PAUSE_SECONDS = 0.2
# 40001 and 40P01 are PostgreSQL's words for what Redshift reports as message 1023 under SQLSTATE XX000.
# 23505 is of two sessions that make the same schema or table at once: only the catalog enforces unique names;
# 42701 is of two that add the same column: who comes second waits for the first, then finds it there.
_CONFLICT_SQLSTATES = {"40001", "40P01", "23505", "42701"}
# Of psycopg2's OperationalErrors: refused authorization, limits of the program, a statement that was cancelled.
_LASTING_CLASSES = ("28", "54", "57014")
_LASTING = re.compile(r"FATAL: .*(does not exist|no pg_hba\.conf entry|permission denied)")
# COPY passes on what S3 told it: "S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown".
_S3_PASSES = re.compile(r"S3ServiceException:(?s:.*)(Status 5\d\d|Error (SlowDown|RequestTimeout))|S3CurlException")


class Warehouse:
    """Run work in transactions over one connection, opened when first needed.

    `connect` gives a psycopg2 connection that is not in autocommit.
    """

    def __init__(self, connect: Callable[[], connection]) -> None:
        self._connect = connect
        self._connection: connection | None = None

    def transaction(self, work: Work[T]) -> T:
        """Run `work` in one transaction and commit it.

        Conflicts and lost connections are tried again, five times in all, with growing pauses.  `work` may therefore
        run more than once, and may run again although its COMMIT succeeded and only the answer was lost: it must
        begin by looking at what is there.
        """
        return self._tried(lambda: self._once(work))

    def alone(self, statement: str | sql.Composable) -> None:
        """Run one statement outside any transaction block, as Redshift demands of some.

        It is tried again as a transaction is: it must do no harm when it runs twice.
        """
        self._tried(lambda: self._once_alone(statement))

    def _tried(self, work: Callable[[], T]) -> T:
        for attempt in range(1, _TRIES + 1):
            try:
                return work()
            except psycopg2.Error as error:
                self._after(error)
                if attempt == _TRIES or not is_passing(error):
                    raise
                pause = _FIRST_PAUSE_SECONDS * 2 ** (attempt - 1) * (0.5 + random.random())  # nosec B311 - no secret
                log.warning("attempt %d of %d failed, trying again in %.1f s: %s", attempt, _TRIES, pause, error)
                time.sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _once(self, work: Work[T]) -> T:
        if self._connection is None:
            self._connection = self._connect()
        with self._connection, self._connection.cursor() as current:
            return work(current)

    def _once_alone(self, statement: str | sql.Composable) -> None:
        if self._connection is None:
            self._connection = self._connect()
        self._connection.autocommit = True
        try:
            with self._connection.cursor() as current:
                current.execute(statement)
        finally:
            if not self._connection.closed:
                self._connection.autocommit = False

    def _after(self, error: psycopg2.Error) -> None:
        if self._connection is not None and (self._connection.closed or isinstance(error, psycopg2.OperationalError)):
            self.close()


def is_passing(error: psycopg2.Error) -> bool:
    """Say whether the same work may succeed if it is simply run again: now, and without anybody's help."""
    if isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
        is_lasting = (error.pgcode or "").startswith(_LASTING_CLASSES) or _LASTING.search(str(error))
        return not (is_lasting or is_wrong_password(error))
    lines = str(error).splitlines()
    is_conflict = error.pgcode == "XX000" and bool(lines) and "1023" in lines[0]
    return error.pgcode in _CONFLICT_SQLSTATES or is_conflict or bool(_S3_PASSES.search(str(error)))


def is_wrong_password(error: psycopg2.Error) -> bool:
    """Say whether Redshift refused the user's password, which a rotation may explain."""
    return error.pgcode == "28P01" or "password authentication failed" in str(error)
