"""Move loaded files from landing to the archive."""

from __future__ import annotations

from functools import partial

from lakeport.airflow.operators.files import FilesOperator
from lakeport.airflow.tasks import Context, retried_if_worth_it


class ArchiveFilesOperator(FilesOperator):
    """Copy the files' registered versions to the archive, record where, then remove these versions from landing.

    Refuses files that are not loaded: then somebody marked copy_to_table by hand.  Safe to repeat: see
    lakeport.loading.finishing.
    """

    def execute(self, context: Context) -> None:  # noqa: ARG002 - Airflow's signature
        from lakeport.files import s3_objects
        from lakeport.loading.finishing import archive, check_loaded

        s3 = s3_objects.s3_client()
        with retried_if_worth_it(self.file_type), self.warehouse() as warehouse:
            files = warehouse.read(partial(check_loaded, files=self.registered_files()))
            archive(warehouse, s3, self.file_type.name, files)
