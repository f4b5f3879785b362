"""The parts that the tasks of a run share: the files of an earlier task, and the warehouse."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator

from lakeport import settings
from lakeport.airflow.tasks import warehouse_of
from lakeport.model import RegisteredFile
from lakeport.redshift.session import Warehouse


class FilesOperator(BaseOperator):
    """An operator that works on `files`, the XCom of an earlier task."""

    template_fields: Sequence[str] = ("files",)

    def __init__(self, *, files: Any, redshift_conn_id: str = settings.REDSHIFT_CONNECTION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.files = files
        self.redshift_conn_id = redshift_conn_id

    def warehouse(self) -> Warehouse:
        return warehouse_of(self.redshift_conn_id)

    def registered_files(self) -> list[RegisteredFile]:
        return [RegisteredFile.from_xcom(file) for file in read_xcom(self.files)]


def read_xcom(files: Any) -> list[dict[str, Any]]:
    """Return the XCom of an earlier task; the XCom of a trigger is JSON text, because Airflow 3.2 encodes it twice."""
    decoded: list[dict[str, Any]] = json.loads(files) if isinstance(files, str) else files
    return decoded
