"""Whether Redshift and Airflow can be reached, which tasks and the function both need."""

from __future__ import annotations

import time
from collections.abc import Callable

from psycopg2.extensions import cursor

from lakeport.airflow_api.dag_runs import RECONCILE, DagRunApi
from lakeport.probing.answers import Found, Question
from lakeport.redshift.rows import fetch_value
from lakeport.redshift.session import Warehouse
from lakeport.redshift.sql_files import statement
from lakeport.wording import amount, share


def _connect(warehouse: Warehouse) -> Found:
    started = time.monotonic()

    def ask(current: cursor) -> str:
        current.execute(statement("mng/count_files"))
        files = fetch_value(current)
        current.execute(statement("mng/version"))
        tls = "with TLS" if current.connection.info.ssl_in_use else "without TLS"
        return (
            f"{tls}, {time.monotonic() - started:.1f} s, {amount(files, 'file')} in mng.files, {fetch_value(current)}"
        )

    return Found(warehouse.transaction(ask))


def _list_runs(open_api: Callable[[], DagRunApi]) -> Found:
    found = open_api().page(RECONCILE, {"limit": 1, "offset": 0, "order_by": "-id"})
    return Found(f"allowed: {share(len(found['dag_runs']), found['total_entries'], 'run')} of {RECONCILE}")


CONNECTION = Question("Connection to Redshift", "version 8.0.2", _connect)
DAG_RUNS = Question("A page of DAG runs, by Airflow's REST API", "allowed", _list_runs)
