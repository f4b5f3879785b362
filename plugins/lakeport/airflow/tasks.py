"""What every operator needs from Airflow: the warehouse, the task run, and errors that skip the retries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from lakeport.errors import UnloadableFile
from lakeport.model import TaskRun, as_utc

if TYPE_CHECKING:
    from airflow.sdk import Connection
    from psycopg2.extensions import connection

    from lakeport.redshift.session import Warehouse
    from lakeport.schema.file_type import FileType

Context = Mapping[str, Any]


def warehouse_of(conn_id: str) -> Warehouse:
    """Return the warehouse of an Airflow connection.

    The Airflow connection is read each time a session is opened, and again if the password was just rotated.
    """
    import psycopg2

    from lakeport.redshift.session import Warehouse, is_wrong_password

    def open_connection() -> connection:
        try:
            return open_session(BaseHook.get_connection(conn_id))
        except psycopg2.OperationalError as error:
            if not is_wrong_password(error):
                raise
            return open_session(BaseHook.get_connection(conn_id))

    return Warehouse(open_connection)


def open_session(airflow_connection: Connection) -> connection:
    """Open a Redshift session with the values of an Airflow connection."""
    from lakeport.redshift.connecting import connect

    # Not by PostgresHook, which uses psycopg 3 if it is installed: Redshift does not support its server-side binding.
    return connect(
        host=airflow_connection.host,
        port=airflow_connection.port,
        database=airflow_connection.schema,
        username=airflow_connection.login,
        password=airflow_connection.password,
        extra=airflow_connection.extra_dejson,
    )


def cleared_at(context: Context) -> datetime | None:
    """Return when the run began again because somebody cleared it or one of its tasks, or None."""
    run = context["dag_run"]
    return as_utc(run.start_date) if run.clear_number and run.start_date else None


def task_run_of(context: Context) -> TaskRun:
    """Return the task run as the mng tables record it."""
    task = context["ti"]
    return TaskRun(task.dag_id, task.run_id, task.task_id, task.try_number)


@contextmanager
def retried_if_worth_it(file_type: FileType | None = None) -> Iterator[None]:
    """Fail the task without retries on errors that a retry cannot fix.

    If the file type hides values of rows, the log of the task gets neither them nor the errors that may name them.
    """
    try:
        yield
    except AirflowException:
        raise  # Airflow's own signals: skip, fail, defer
    except Exception as error:
        from lakeport.airflow.retrying import is_worth_a_retry

        failure = AirflowException if is_worth_a_retry(error) else AirflowFailException
        if file_type and not file_type.rejects.show:
            from lakeport.redshift.error_texts import text_of

            raise failure(text_of(error, file_type)) from None
        if failure is AirflowException:
            raise
        raise failure(str(error)) from error


@contextmanager
def reported_of(key: str) -> Iterator[None]:
    """Raise UnloadableFile if S3 refuses an object, such as one that is encrypted with a key that we may not use."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        from lakeport.airflow.retrying import is_worth_a_retry

        if is_worth_a_retry(error):
            raise
        raise UnloadableFile(f"{key}: S3 refused a request about the file: {error}") from error
