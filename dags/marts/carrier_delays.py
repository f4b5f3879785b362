"""An example of a pipeline that goes on from loaded tables: mart.carrier_delays of lake.flights and lake.airlines.

It starts when both tables were loaded since its last run.  To remove it, delete the folder dags/marts/.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import DAG, Asset, task

from lakeport.airflow.tasks import retried_if_worth_it, warehouse_of
from lakeport.errors import ChecksFailed
from lakeport.settings import REDSHIFT_CONNECTION

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

FOLDER = Path(__file__).parent
FLIGHTS, AIRLINES = Asset(name="lake/lake/flights"), Asset(name="lake/lake/airlines")
MART = Asset(name="lake/mart/carrier_delays")


def build(current: cursor) -> int:
    """Replace the rows of the mart and return their number; raises ChecksFailed if flights are missing."""
    current.execute((FOLDER / "carrier_delays.sql").read_text(encoding="utf-8"))
    current.execute((FOLDER / "carrier_delays_check.sql").read_text(encoding="utf-8"))
    rows, flights, flights_loaded = current.fetchall()[0]
    if not rows or flights != flights_loaded:
        raise ChecksFailed(
            f"mart.carrier_delays has {rows} rows of {flights} flights, but lake.flights has {flights_loaded}; "
            "check that lake.airlines lists every carrier"
        )
    return int(rows)


with DAG(
    dag_id="carrier_delays",
    description="One row per airline: its flights, and how many were late.",
    schedule=(FLIGHTS & AIRLINES),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=False,
    tags=["mart"],
):

    @task(outlets=[MART], retries=2)
    def build_mart() -> int:
        """Build the mart."""
        with retried_if_worth_it(), warehouse_of(REDSHIFT_CONNECTION) as warehouse:
            return warehouse.transaction(build)

    build_mart()
