"""A DAG that deployments run once they are made: it looks at everything a load needs and changes nothing."""

from airflow.sdk import DAG

from lakeport.airflow.operators import CheckEnvironmentOperator

with DAG(
    dag_id="check_environment",
    description="Import every module, reach Redshift, list the buckets.",
    schedule=None,
    catchup=False,
    is_paused_upon_creation=False,
    tags=["deployment"],
):
    CheckEnvironmentOperator(task_id="check_environment")
