"""Check everything a load needs, in the place where loads run; a deployment runs this check at its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator
from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.airflow import environment
from lakeport.airflow.tasks import Context, retried_if_worth_it, warehouse_of
from lakeport.files import s3_objects
from lakeport.redshift.rows import fetch_value
from lakeport.redshift.session import Warehouse
from lakeport.redshift.statements import statement


class CheckEnvironmentOperator(BaseOperator):
    """Import every module, connect to Redshift, and list the landing, archive and work buckets.

    Safe to repeat: it changes nothing.
    """

    def __init__(self, *, redshift_conn_id: str = settings.REDSHIFT_CONNECTION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.redshift_conn_id = redshift_conn_id

    def warehouse(self) -> Warehouse:
        return warehouse_of(self.redshift_conn_id)

    def count_files(self, current: cursor) -> int:
        current.execute(statement("mng/count_files"))
        return int(fetch_value(current))

    def list_buckets(self) -> None:
        for bucket in (settings.landing_bucket(), settings.archive_bucket(), settings.work_bucket()):
            s3_objects.s3_client().list_objects_v2(Bucket=bucket, MaxKeys=1)
            self.log.info("listed bucket %s", bucket)

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002 - Airflow's signature
        with retried_if_worth_it():
            environment.check()
            modules = environment.import_all()
        self.log.info("imported %d modules; packages: %s", len(modules), environment.versions())
        self.list_buckets()
        with self.warehouse() as warehouse:
            files = warehouse.transaction(self.count_files)
        self.log.info("connected to Redshift: mng.files has %d rows", files)
        return {"code": str(Path(environment.__file__).parents[1]), "modules": len(modules), "files": files}
