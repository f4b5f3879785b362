"""Check what registration needs, in the Lambda function: a deployment invokes it once with CHECK_EVENT."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from psycopg2.extensions import cursor

from lakeport.airflow_api.dag_runs import DagRunApi
from lakeport.arrivals.rules import ArrivalIndex
from lakeport.mng import file_records
from lakeport.model import Arrival, Match, utc_now
from lakeport.probing.answers import Answer, Found, Question
from lakeport.probing.reaching import CONNECTION, DAG_RUNS
from lakeport.redshift.session import Rollback, Warehouse
from lakeport.wording import amount

CHECK_EVENT = {"lakeport": "check"}
"""The event that asks for the answers instead of registering files."""


def probe_function(
    read_index: Callable[[], ArrivalIndex], warehouse: Warehouse, open_api: Callable[[], DagRunApi]
) -> Iterator[Answer]:
    """Yield the answers of S3, Redshift and Airflow to the function."""
    yield Question("Function: the index of schemas", "readable", _count_types).ask(read_index)
    yield replace(CONNECTION, title=f"Function: {CONNECTION.title}").ask(warehouse)
    yield Question("Function: a registration, rolled back", "allowed", _register).ask(warehouse)
    yield replace(DAG_RUNS, title=f"Function: {DAG_RUNS.title}").ask(open_api)


def _register(warehouse: Warehouse) -> Found:
    """Register a file that does not exist: AWS does not document which permission LOCK needs."""
    now = utc_now()
    arrival = Arrival("checks", "checks/registration", "check", "", 0, now, "")

    def work(current: cursor) -> Found | Rollback[Found]:
        file_records.register(current, [(arrival, Match(None, "it is a check"))], now)
        return Rollback(Found("allowed"))

    return warehouse.transaction(work)


def _count_types(read_index: Callable[[], ArrivalIndex]) -> Found:
    return Found(amount(len(read_index().rules), "file type"))
