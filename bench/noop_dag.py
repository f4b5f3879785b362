"""As many tasks as a file's way has, each doing nothing: what Airflow itself takes of a file's seconds."""

from airflow.sdk import DAG, BaseOperator
from airflow.sdk.bases.operator import chain


class NothingOperator(BaseOperator):
    """Do nothing."""

    def execute(self, context: object) -> None:
        """Return at once."""


with DAG(dag_id="nothing", schedule=None, is_paused_upon_creation=False):
    chain(*(NothingOperator(task_id=f"nothing_{number}") for number in range(1, 8)))
