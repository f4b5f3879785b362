"""The Airflow DAG `reconcile`, which finds unfinished work once an hour and finishes it."""

from lakeport.airflow.reconcile_dag import reconcile_dag

# Airflow parses only files that contain the words "airflow" and "dag".
dag = reconcile_dag()
