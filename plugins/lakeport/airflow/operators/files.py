"""The parts that the tasks of a run share: the files of an earlier task, their claim, and the warehouse."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from lakeport import settings
from lakeport.airflow.tasks import Context, cleared_at, task_run_of, warehouse_of
from lakeport.errors import StepRefused
from lakeport.model import RegisteredFile
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from lakeport.mng.claims import Claim
    from lakeport.redshift.session import Warehouse
    from lakeport.schema.table import Table


class FilesOperator(BaseOperator):
    """An operator that works on `files` of a type, the XCom of an earlier task.

    A subclass should not define `__init__`: Airflow applies the defaults of the DAG once for each that is defined.
    """

    template_fields: Sequence[str] = ("files",)

    def __init__(
        self, *, files: Any, file_type: FileType, redshift_conn_id: str = settings.REDSHIFT_CONNECTION, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.files = files
        self.file_type = file_type
        self.redshift_conn_id = redshift_conn_id

    def warehouse(self) -> Warehouse:
        return warehouse_of(self.redshift_conn_id)

    def registered_files(self) -> list[RegisteredFile]:
        """Return the files of the earlier task; raises StepRefused if there are none."""
        return [RegisteredFile.from_xcom(file) for file in read_xcom(self.files)]

    def claim(self, warehouse: Warehouse, context: Context, table: Table | None) -> Claim:
        """Claim the files for this run, also those that it failed on if it was cleared; log a note about the others.

        Raises StepRefused if the run can work on none of them.
        """
        from lakeport.mng import claims

        by, cleared = task_run_of(context), cleared_at(context)
        file_ids = [file.file_id for file in self.registered_files()]
        if cleared:
            self.fail_earlier_tries(warehouse, context)
        claim = warehouse.transaction(partial(claims.claim, file_ids=file_ids, by=by, table=table, cleared_at=cleared))
        for file in claim.loaded:
            self.log.info("%s is loaded already: there is nothing to do", file.key)
        for note in claim.notes.values():
            self.log.warning("%s", note)
        claim.check()
        return claim

    def fail_earlier_tries(self, warehouse: Warehouse, context: Context) -> None:
        """Record the failure of files that this run had in progress when it was cleared.

        This is a separate transaction, so that the log shows the failure before the next try.
        """
        from lakeport.alerts.failed_runs import EndedRun, fail_earlier_tries

        by, cleared = task_run_of(context), cleared_at(context)
        if cleared:
            run = EndedRun(by.dag_id, by.run_id, "")
            work = partial(fail_earlier_tries, file_ids=self.file_ids(), run=run, cleared_at=cleared)
            warehouse.transaction(work)

    def file_ids(self) -> list[str]:
        return [file.file_id for file in self.registered_files()]

    def current_files(self, current: cursor) -> list[RegisteredFile]:
        """Return the files as mng.files has them now: they may have been archived since they were selected."""
        from lakeport.mng import claims

        now = {each.file.file_id: each.file for each in claims.standings(current, self.file_ids())}
        return [now.get(file.file_id, file) for file in self.registered_files()]


def read_xcom(files: Any) -> list[dict[str, Any]]:
    """Return the XCom of an earlier task; the XCom of a trigger is JSON text, because Airflow 3.2 encodes it twice.

    Raises StepRefused if it is empty or missing: then somebody marked the task by hand.
    """
    decoded: list[dict[str, Any]] | None = json.loads(files) if isinstance(files, str) else files
    if not decoded:
        raise StepRefused(
            "no earlier task of this run has selected a file: it was marked by hand, or its XCom was deleted; "
            "to try again, clear the whole run"
        )
    return decoded
