"""A Redshift session: short transactions that are retried where a retry is safe."""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

import psycopg2
from psycopg2 import sql
from psycopg2.errors import QueryCanceled
from psycopg2.extensions import connection, cursor

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Rollback(Generic[T]):
    """The result of work whose transaction must be rolled back."""

    value: T


Work = Callable[[cursor], T | Rollback[T]]

# ALTER USER ... SET may give the user other ones, under which COPY reads other dates, SYSDATE is not in UTC, and
# rejected rows are looked up by the wrong time.
_SETTINGS = "SET timezone TO 'UTC'; SET datestyle TO 'ISO, MDY'"
_ATTEMPTS = 5
_FIRST_PAUSE_SECONDS = 0.2
# 40001 and 40P01 are PostgreSQL's codes for the conflict that Redshift reports as message 1023 under SQLSTATE XX000.
# 23505: two sessions create the same schema or table at the same time; only the catalog enforces unique names.
# 42701: two sessions add the same column; the second waits for the first and then finds the column.
_CONFLICT_SQLSTATES = {"40001", "40P01", "23505", "42701"}
# Among psycopg2's OperationalErrors: refused authorization, program limits, a cancelled statement.
_LASTING_CLASSES = ("28", "54", "57014")
# Documented for SERIALIZABLE is 1023; reported for SNAPSHOT is "could not complete because of conflict with concurrent
# transaction" (redshift-jdbc-driver #147, dbt-core #2967), both under SQLSTATE XX000.
_CONFLICT = re.compile(r"\A.*\b1023\b|\bconflict with concurrent transaction|\bconcurrent (update|transaction)")
_LASTING = re.compile(r"FATAL: .*(does not exist|no pg_hba\.conf entry|permission denied)")
# COPY repeats the error of S3: "S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown".
_S3_PASSES = re.compile(r"S3ServiceException:(?s:.*)(Status 5\d\d|Error (SlowDown|RequestTimeout))|S3CurlException")


class Warehouse:
    """Run work in transactions on one connection, which is opened at first use.

    `connect` returns a psycopg2 connection that is not in autocommit mode.
    """

    def __init__(self, connect: Callable[[], connection]) -> None:
        self._connect = connect
        self._connection: connection | None = None
        self._is_resuming = False
        """Whether no work of this session has succeeded: Redshift Serverless may cancel the first statement after a
        workgroup has resumed (57014, amazon-redshift-python-driver #150)."""

    def transaction(self, work: Work[T]) -> T:
        """Run `work` in one transaction; commit it, or roll it back if `work` returns a Rollback.

        Conflicts and lost connections are retried with growing pauses, up to five attempts in all, and once what is
        cancelled at the beginning of a session.  `work` may therefore run more than once, even after a COMMIT that
        succeeded but whose reply was lost: it must begin by checking the current state.
        """
        return self._retried(lambda: self._once(work))

    def read(self, query: Callable[[cursor], T]) -> T:
        """Return what `query` reads by one statement, which needs neither BEGIN nor COMMIT.

        It is retried like a transaction.
        """
        return self._retried(lambda: self._once_alone(query))

    def alone(self, statement: str | sql.Composable) -> None:
        """Run one statement outside any transaction block, as Redshift requires for some.

        It is retried like a transaction, so it must be safe to run twice, if only by an error that the caller examines.
        """
        self._retried(lambda: self._once_alone(lambda current: current.execute(statement)))

    def _retried(self, work: Callable[[], T]) -> T:
        attempt, is_resumed = 0, False
        while True:
            attempt += 1
            try:
                return work()
            except psycopg2.Error as error:
                is_resuming = self._is_resuming and isinstance(error, QueryCanceled) and not is_resumed
                is_resumed |= is_resuming
                self._after(error)
                if attempt == _ATTEMPTS or not (is_resuming or is_passing(error)):
                    raise
                pause = _FIRST_PAUSE_SECONDS * 2 ** (attempt - 1) * (0.5 + random.random())  # nosec B311 - no secret
                log.warning("attempt %d of %d failed, retrying in %.1f s: %s", attempt, _ATTEMPTS, pause, error)
                time.sleep(pause)

    def close(self) -> None:
        """Close the connection if it is open."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _once(self, work: Work[T]) -> T:
        opened = self._opened()
        try:
            with opened.cursor() as current:
                result = work(current)
            self._is_resuming = False
            if not isinstance(result, Rollback):
                opened.commit()
                return result
        except BaseException:
            # Not by `with opened`: on a lost connection, its rollback would raise another error instead of this one.
            if not opened.closed:
                opened.rollback()
            raise
        opened.rollback()
        return result.value

    def _opened(self) -> connection:
        """Return the connection, and open it if it is not open."""
        if self._connection is None:
            self._is_resuming = True
            self._connection = self._open()
        return self._connection

    def _open(self) -> connection:
        opened = self._connect()
        try:
            opened.autocommit = True
            with opened.cursor() as current:
                current.execute(_SETTINGS)
            opened.autocommit = False
        except BaseException:
            opened.close()
            raise
        return opened

    def _once_alone(self, work: Callable[[cursor], T]) -> T:
        opened = self._opened()
        opened.autocommit = True
        try:
            with opened.cursor() as current:
                result = work(current)
            self._is_resuming = False
            return result
        finally:
            if not opened.closed:
                opened.autocommit = False

    def _after(self, error: psycopg2.Error) -> None:
        if self._connection is not None and (self._connection.closed or isinstance(error, psycopg2.OperationalError)):
            self.close()


def is_passing(error: psycopg2.Error) -> bool:
    """Return whether the same work may succeed if it is repeated now, without a change by anybody."""
    if isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
        is_lasting = (error.pgcode or "").startswith(_LASTING_CLASSES) or _LASTING.search(str(error))
        return not (is_lasting or is_wrong_password(error))
    is_conflict = error.pgcode == "XX000" and bool(_CONFLICT.search(str(error)))
    return error.pgcode in _CONFLICT_SQLSTATES or is_conflict or bool(_S3_PASSES.search(str(error)))


def is_wrong_password(error: psycopg2.Error) -> bool:
    """Return whether Redshift refused the password, which may be in rotation."""
    return error.pgcode == "28P01" or "password authentication failed" in str(error)
