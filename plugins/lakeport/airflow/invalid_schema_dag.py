"""The DAG of an invalid schema, which shows its problems."""

from __future__ import annotations

from pathlib import Path
from textwrap import shorten
from typing import Any

from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from lakeport.airflow.callbacks import AlertInvalidSchema
from lakeport.airflow.tasks import Context
from lakeport.errors import SchemaError
from lakeport.schema.reader import alerts_of_invalid, owner_of_invalid


def invalid_schema_dag(dag_id: str, path: Path, error: SchemaError) -> DAG:
    """Return a DAG that shows the problems of its schema; its task fails with them, and alerts the schema's owner."""
    problems = "\n".join(f"- {problem}" for problem in error.problems)
    with DAG(
        dag_id=dag_id,
        dag_display_name=f"{dag_id}: invalid schema",
        description=f"INVALID SCHEMA: {error.problems[0]}",
        doc_md=f"## Invalid schema\n\n{problems}\n\nFix the YAML; the load DAG reappears within a minute.",
        schedule=None,
        is_paused_upon_creation=False,
        tags=["lakeport", "invalid schema"],
        on_failure_callback=AlertInvalidSchema(
            path.stem, error.problems, alerts_of_invalid(path), owner_of_invalid(path)
        ),
    ) as dag:
        InvalidSchemaOperator(
            task_id="schema_is_invalid", task_display_name=shorten(error.problems[0], 200), problems=str(error)
        )
    return dag


class InvalidSchemaOperator(BaseOperator):
    """Fail with the problems of the schema."""

    def __init__(self, *, problems: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.problems = problems

    def execute(self, context: Context) -> None:  # noqa: ARG002 - Airflow's signature
        raise AirflowFailException(self.problems)
