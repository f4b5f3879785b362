"""Create the table of a file type, or change it to match the schema."""

from __future__ import annotations

from typing import Any

import psycopg2
from airflow.sdk import BaseOperator
from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.airflow.tasks import Context, retried_if_worth_it, warehouse_of
from lakeport.errors import TableMismatch
from lakeport.redshift import ddl, table_changes
from lakeport.redshift.session import Warehouse, is_passing
from lakeport.schema.file_type import FileType


class CreateTableOperator(BaseOperator):
    """Create the table if it is missing, add new columns, and refuse differences that need a decision.

    A varchar that is longer in the schema is widened first, by a separate statement outside a transaction, as Redshift
    requires.  Safe to repeat: it reads the live table first, and the other changes are one transaction.
    """

    def __init__(
        self, *, file_type: FileType, redshift_conn_id: str = settings.REDSHIFT_CONNECTION, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.file_type = file_type
        self.redshift_conn_id = redshift_conn_id

    def warehouse(self) -> Warehouse:
        return warehouse_of(self.redshift_conn_id)

    def live_columns(self, current: cursor) -> dict[str, str]:
        return table_changes.live_columns(current, self.file_type.table)

    def apply_changes(self, current: cursor) -> None:
        for statement in table_changes.changes(self.file_type, self.live_columns(current)):
            current.execute(statement)
            self.log.info("%s", statement.as_string(current))

    def widenings(self, current: cursor) -> list[ddl.Statement]:
        return table_changes.widenings(self.file_type, self.live_columns(current))

    def fit(self, warehouse: Warehouse) -> None:
        for statement in warehouse.transaction(self.widenings):
            try:
                warehouse.alone(statement)
            except psycopg2.Error as error:
                if is_passing(error):
                    raise
                raise TableMismatch(f"cannot widen a column of {self.file_type.table.name}: {error}") from error
            self.log.info("widened a column of %s", self.file_type.table.name)
        warehouse.transaction(self.apply_changes)

    def execute(self, context: Context) -> None:  # noqa: ARG002 - Airflow's signature
        with retried_if_worth_it(), self.warehouse() as warehouse:
            self.fit(warehouse)
