"""The DAG that each deployment runs at its end: it checks everything a load needs and changes nothing."""

from airflow.sdk import DAG

from lakeport.airflow.operators.check import CheckEnvironmentOperator

with DAG(
    dag_id="check_environment",
    description="Load a file of two rows, roll it back, and show what the services answered.",
    schedule=None,
    catchup=False,
    is_paused_upon_creation=False,
    tags=["deployment"],
):
    CheckEnvironmentOperator(task_id="check_environment")
