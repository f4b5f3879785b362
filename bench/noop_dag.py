"""A DAG with as many tasks as a load, each doing nothing: it shows how much of a load's time Airflow takes."""

from airflow.sdk import DAG, BaseOperator
from airflow.sdk.bases.operator import chain


class NothingOperator(BaseOperator):
    """Do nothing."""

    def execute(self, context: object) -> None:
        """Return at once."""


with DAG(dag_id="nothing", schedule=None, is_paused_upon_creation=False):
    chain(*(NothingOperator(task_id=f"nothing_{number}") for number in range(1, 8)))
