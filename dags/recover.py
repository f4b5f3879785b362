"""The Airflow DAGs `replay` and `undo`, which a person starts for files that were loaded or have failed."""

from lakeport.airflow.recovery_dags import recovery_dag

# Airflow parses only files that contain the words "airflow" and "dag".
dags = [recovery_dag("replay"), recovery_dag("undo")]
globals().update({dag.dag_id: dag for dag in dags})
