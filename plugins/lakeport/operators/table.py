"""Make a file type's table, or make it fit its schema."""

from __future__ import annotations

from typing import Any

import psycopg2
from airflow.sdk import BaseOperator
from psycopg2.extensions import cursor

from lakeport import ddl, settings
from lakeport.errors import TableMismatch
from lakeport.file_type import FileType
from lakeport.table_type import LOADED_AT
from lakeport.tasks import Context, retried_if_worth_it, warehouse_of
from lakeport.warehouse import Warehouse, is_passing


class CreateTableOperator(BaseOperator):
    """Create the table if it is missing, add columns that are new in the schema, refuse what cannot be reconciled.

    A varchar that is longer in the schema is lengthened first, by a statement of its own: Redshift demands it.
    Safe to repeat: it looks at the live table first, and what else it does is one transaction.
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
        table = self.file_type.table
        current.execute(ddl.live_columns_query(), {"schema_name": table.schema_name, "table_name": table.table_name})
        return dict(current.fetchall())

    def reconcile(self, current: cursor) -> None:
        if self.file_type.table.mode == "new_table":
            current.execute(ddl.create_schema(self.file_type.table))
            return  # each file's table is made with its rows
        live = self.live_columns(current)
        if not live:
            for statement in ddl.create_table(self.file_type):
                current.execute(statement)
            self.log.info("created %s", self.file_type.table.name)
            return
        if self.file_type.table.mode == "replace" and LOADED_AT in live:
            return  # each load makes the table anew
        found = ddl.differences(self.file_type, live)
        if found:
            raise TableMismatch(
                f"{self.file_type.table.name} does not fit schemas/{self.file_type.name}.yaml: {'; '.join(found)}; "
                "change the schema, or run\n" + "\n".join(ddl.remedies(self.file_type, live))
            )
        for column in ddl.missing_columns(self.file_type, live):
            current.execute(ddl.add_column(self.file_type.table, column))
            self.log.info("added column %s to %s", column.name, self.file_type.table.name)

    def widenings(self, current: cursor) -> list[ddl.Statement]:
        if self.file_type.table.mode in ("new_table", "replace"):
            return []
        return ddl.widenings(self.file_type, self.live_columns(current))

    def fit(self, warehouse: Warehouse) -> None:
        for statement in warehouse.transaction(self.widenings):
            try:
                warehouse.alone(statement)
            except psycopg2.Error as error:
                if is_passing(error):
                    raise
                raise TableMismatch(f"a column of {self.file_type.table.name} cannot be lengthened: {error}") from error
            self.log.info("lengthened a column of %s", self.file_type.table.name)
        warehouse.transaction(self.reconcile)

    def execute(self, context: Context) -> None:  # noqa: ARG002 - Airflow's signature
        with retried_if_worth_it(), self.warehouse() as warehouse:
            self.fit(warehouse)
