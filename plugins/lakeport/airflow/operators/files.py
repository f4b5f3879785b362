"""What the steps of a run share: the files that an earlier step handed on, and the warehouse."""

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
    """A step that works on `files`, an earlier step's XCom."""

    template_fields: Sequence[str] = ("files",)

    def __init__(self, *, files: Any, redshift_conn_id: str = settings.REDSHIFT_CONNECTION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.files = files
        self.redshift_conn_id = redshift_conn_id

    def warehouse(self) -> Warehouse:
        return warehouse_of(self.redshift_conn_id)

    def chosen(self) -> list[RegisteredFile]:
        return [RegisteredFile.from_xcom(file) for file in handed_on(self.files)]


def handed_on(files: Any) -> list[dict[str, Any]]:
    """Return what an earlier step handed on; what a trigger hands on comes as text (Airflow 3.2 encodes it twice)."""
    decoded: list[dict[str, Any]] = json.loads(files) if isinstance(files, str) else files
    return decoded
