"""The Airflow DAG `reconcile`: once an hour it finishes what nobody finished."""

from lakeport.airflow.reconcile_dag import reconcile_dag

# Airflow reads only files in which it finds its name and the word DAG.
dag = reconcile_dag()
