"""The button on a task that leads to the files of its run."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin

from airflow.configuration import conf
from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


class FilesOfRunLink(BaseOperatorLink):
    """A link to the page Files with the files of the task's run; relative if Airflow's own address is unknown."""

    name = "Files of this run"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's signature
        """Return the address."""
        base = str(conf.get("api", "base_url", fallback="") or "")
        query = urlencode({"dag": ti_key.dag_id, "run": ti_key.run_id})
        return urljoin(f"{base.rstrip('/')}/", f"files/?{query}")
