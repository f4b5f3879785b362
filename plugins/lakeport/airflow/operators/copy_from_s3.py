"""Load files into their table by COPY and record the outcome of every row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lakeport import settings
from lakeport.airflow.links import FilesOfRunLink
from lakeport.airflow.operators.files import FilesOperator
from lakeport.airflow.operators.prepare import prepare_file
from lakeport.airflow.tasks import Context, cleared_at, retried_if_worth_it, task_run_of
from lakeport.errors import UnloadableFile
from lakeport.model import CopySource, RegisteredFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from lakeport.mng.claims import Claim
    from lakeport.redshift.session import Warehouse


class CopyFromS3Operator(FilesOperator):
    """Load each file by one COPY in one transaction, which also records the loaded rows and every rejected row.

    `prepared` are the outcomes of preparing the files, if COPY cannot read them unchanged.  In a run that was
    cleared, the earlier steps may have run with another schema: so this step claims the files, fits the table and
    prepares the files again.  What was prepared of encrypted files is removed at the end of each try, so that a retry
    prepares them again, too.  Safe to repeat and to kill: see FileLoad.
    """

    template_fields: Sequence[str] = ("files", "prepared")
    operator_extra_links = (FilesOfRunLink(),)

    def __init__(self, *, prepared: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.prepared = prepared

    def claimed(self, warehouse: Warehouse, context: Context) -> Claim:
        """Return the files that mark_in_progress claimed; in a run that was cleared, claim them and fit their table."""
        from lakeport.mng.claims import Claim
        from lakeport.redshift.fitting import fit_table

        if not cleared_at(context):
            return Claim(self.registered_files())
        claim = self.claim(warehouse, context, self.file_type.table)
        if claim.taken:
            fit_table(warehouse, self.file_type)
        return claim

    def sources(self, s3: S3Client, file: RegisteredFile, context: Context) -> tuple[CopySource, ...]:
        """Return the objects that COPY reads; raises UnloadableFile if the file could not be prepared."""
        from lakeport.preparing.prepare import listed

        if not self.file_type.is_prepared:
            return (file.source(self.file_type.format.compression),)
        by, encryption = task_run_of(context), self.file_type.format.encryption
        # An earlier try has removed what was prepared of an encrypted file.
        is_gone = cleared_at(context) or (encryption and by.try_number > 1)
        found = None if is_gone else self.outcomes.get(file.file_id)
        if found is None:
            key = prepare_file(s3, self.file_type, file, by.run_id)
        elif found["unloadable"]:
            raise UnloadableFile(found["unloadable"])
        else:
            key = found["list"]
        return listed(s3, settings.work_bucket(), key)

    @property
    def outcomes(self) -> dict[str, Any]:
        """Return the outcome of preparing each file, by its id."""
        return {each["file_id"]: each for each in self.prepared or []}

    def execute(self, context: Context) -> dict[str, int]:
        from lakeport.files import s3_objects
        from lakeport.loading.one_file import FileLoad
        from lakeport.preparing.prepare import plain_text_removed

        s3, by, rows = s3_objects.s3_client(), task_run_of(context), {}
        with (
            retried_if_worth_it(self.file_type),
            plain_text_removed(s3, self.file_type, self.file_ids()),
            self.warehouse() as warehouse,
        ):
            for file in self.claimed(warehouse, context).taken:
                load = FileLoad(self.file_type, file, self.sources(s3, file, context), by, warehouse, s3).run()
                rows[file.key] = load.rows_loaded
        return rows
