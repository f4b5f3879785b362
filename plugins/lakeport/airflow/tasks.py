"""What every operator needs of Airflow: the warehouse, the task's own name, errors not worth a retry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg2
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from lakeport.airflow.retrying import is_worth_a_retry
from lakeport.model import TaskRun
from lakeport.redshift.connecting import connect
from lakeport.redshift.session import Warehouse, is_wrong_password

if TYPE_CHECKING:
    from airflow.sdk import Connection
    from psycopg2.extensions import connection

Context = Mapping[str, Any]


def warehouse_of(conn_id: str) -> Warehouse:
    """Return the warehouse behind an Airflow connection.

    The connection is read anew each time it is opened, and once more where the password was just rotated.
    """

    def open_connection() -> connection:
        try:
            return connected(BaseHook.get_connection(conn_id))
        except psycopg2.OperationalError as error:
            if not is_wrong_password(error):
                raise
            return connected(BaseHook.get_connection(conn_id))

    return Warehouse(open_connection)


def connected(to: Connection) -> connection:
    """Open a connection to Redshift as Airflow knows it."""
    # Not by PostgresHook, which uses psycopg 3 if it is installed: Redshift does not support its server-side binding.
    return connect(
        host=to.host,
        port=to.port,
        database=to.schema,
        username=to.login,
        password=to.password,
        extra=to.extra_dejson,
    )


def task_run_of(context: Context) -> TaskRun:
    """Return what the mng tables call this task."""
    task = context["ti"]
    return TaskRun(task.dag_id, task.run_id, task.task_id, task.try_number)


@contextmanager
def retried_if_worth_it() -> Iterator[None]:
    """Fail the task at once, without its retries, on errors that another try would meet again."""
    try:
        yield
    except AirflowException:
        raise  # Airflow's own words: to skip, to fail, to defer
    except Exception as error:
        if is_worth_a_retry(error):
            raise
        raise AirflowFailException(str(error)) from error
