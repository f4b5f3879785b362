"""One Airflow DAG per schema: every `schemas/<file_type>.yaml` becomes `load_<file_type>`."""

from lakeport.airflow import environment

environment.check()  # first: unlike an ImportError, it lists every missing package and the remedy

from lakeport.airflow.load_dag import dags_of_schemas  # noqa: E402

globals().update({dag.dag_id: dag for dag in dags_of_schemas()})
