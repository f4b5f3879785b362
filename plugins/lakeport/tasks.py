"""What every operator needs of Airflow: the warehouse, the task's own name, errors not worth a retry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk.exceptions import AirflowFailException

from lakeport.mng import TaskRun
from lakeport.warehouse import Warehouse

if TYPE_CHECKING:
    from psycopg2.extensions import connection

Context = Mapping[str, Any]


def warehouse_of(conn_id: str) -> Warehouse:
    """Return the warehouse behind an Airflow connection."""
    hook = PostgresHook(postgres_conn_id=conn_id)
    return Warehouse(lambda: cast("connection", hook.get_conn()))


def task_run_of(context: Context) -> TaskRun:
    """Return what the mng tables call this task."""
    task = context["ti"]
    return TaskRun(task.dag_id, task.run_id, task.task_id, task.try_number)


@contextmanager
def no_retry_for(*errors: type[Exception]) -> Iterator[None]:
    """Fail the task at once on errors that another try would meet again."""
    try:
        yield
    except errors as error:
        raise AirflowFailException(str(error)) from error
