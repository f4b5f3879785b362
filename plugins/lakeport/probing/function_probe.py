"""Check what registration needs, in the Lambda function: a deployment invokes it once with CHECK_EVENT."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from lakeport.airflow_api.dag_runs import DagRunApi
from lakeport.arrivals.rules import ArrivalIndex
from lakeport.probing.answers import Answer, Found, Question
from lakeport.probing.reaching import CONNECTION, DAG_RUNS
from lakeport.redshift.session import Warehouse

CHECK_EVENT = {"lakeport": "check"}
"""The event that asks for the answers instead of registering files."""


def probe_function(
    read_index: Callable[[], ArrivalIndex], warehouse: Warehouse, open_api: Callable[[], DagRunApi]
) -> Iterator[Answer]:
    """Yield the answers of S3, Redshift and Airflow to the function."""
    yield Question("Function: the index of schemas", "readable", _count_types).ask(read_index)
    yield replace(CONNECTION, title=f"Function: {CONNECTION.title}").ask(warehouse)
    yield replace(DAG_RUNS, title=f"Function: {DAG_RUNS.title}").ask(open_api)


def _count_types(read_index: Callable[[], ArrivalIndex]) -> Found:
    return Found(f"{len(read_index().rules)} file types")
