"""Alert the owner of an invalid schema, once, while files wait for it."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg2.extensions import cursor

from lakeport.alerts.messages import InvalidSchema
from lakeport.alerts.outbox import Run, is_alerted_since
from lakeport.redshift.rows import fetch_rows
from lakeport.redshift.sql_files import statement

_INVALID = "invalid schema"


def run_of_schema(dag_id: str) -> Run:
    """Return what the alerts of a schema are recorded under: not a run, as every run of its DAG fails alike."""
    return dag_id, _INVALID


def invalid_schema_alert(
    current: cursor, dag_id: str, file_type: str, problems: Sequence[str], owner: str
) -> InvalidSchema | None:
    """Return the alert about an invalid schema, or None if no file waits or an alert was sent since the first waits."""
    current.execute(statement("mng/new_files_of_type"), {"file_type": file_type})
    (waiting,) = fetch_rows(current)
    if not waiting["file_count"] or is_alerted_since(current, run_of_schema(dag_id), waiting["first_at"]):
        return None
    return InvalidSchema(file_type, problems, waiting["file_count"], owner)
