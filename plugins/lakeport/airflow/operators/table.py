"""Create the table of a file type, or change it to match the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from lakeport import settings
from lakeport.airflow.tasks import Context, retried_if_worth_it, warehouse_of
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from lakeport.redshift.session import Warehouse


class CreateTableOperator(BaseOperator):
    """Create the table if it is missing, add new columns, and refuse differences that need a decision.

    Safe to repeat: see fit_table.
    """

    def __init__(
        self, *, file_type: FileType, redshift_conn_id: str = settings.REDSHIFT_CONNECTION, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.file_type = file_type
        self.redshift_conn_id = redshift_conn_id

    def warehouse(self) -> Warehouse:
        return warehouse_of(self.redshift_conn_id)

    def execute(self, context: Context) -> None:  # noqa: ARG002 - Airflow's signature
        from lakeport.redshift.fitting import fit_table

        with retried_if_worth_it(self.file_type), self.warehouse() as warehouse:
            fit_table(warehouse, self.file_type)
