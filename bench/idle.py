"""`python -m bench.idle`: what an hour without files sends to Redshift, with 1,000 published file types.

The DAG reconcile runs once and finish_ended_runs twelve times; a type whose files start its runs has no run meanwhile.
Airflow's answers are those of an Airflow without runs.
"""

from __future__ import annotations

import time

from bench.environment import use
from bench.statements import CountedWarehouse, Counts
from bench.table import Row
from lakeport import settings
from lakeport.arrivals.rules import ArrivalIndex, ArrivalRule
from lakeport.files import s3_objects
from lakeport.recovery.reconcile.ended_soon import finish_ended_runs
from lakeport.recovery.reconcile.reconcile import reconcile
from tests.integration.airflow_stand_in import AirflowStandIn
from tests.support.stack import stack_of_its_own

TYPES = 1000
LOOKS = 12


def measure(types: int = TYPES) -> tuple[int, float]:
    """Return the statements of an idle hour, and the seconds for which its tasks hold a worker slot."""
    counts, api = Counts(), AirflowStandIn()
    with stack_of_its_own() as start:
        use(start("tables"))
        rules = [ArrivalRule(f"type_{number}", f"type_{number}/*.csv", "csv", "none") for number in range(types)]
        index = ArrivalIndex(tuple(rules)).to_json().encode()
        s3_objects.s3_client().put_object(Bucket=settings.code_bucket(), Key=settings.INDEX_KEY, Body=index)
        with CountedWarehouse(counts) as warehouse:
            reconcile(warehouse, api, None, always=True)  # saves the checkpoint
        counts.seen.clear()
        started = time.perf_counter()
        with CountedWarehouse(counts) as warehouse:
            reconcile(warehouse, api, None)
        for _ in range(LOOKS):
            with CountedWarehouse(counts) as warehouse:
                finish_ended_runs(warehouse, api, None)
        seconds = time.perf_counter() - started
    return int(sum(seen["statements"] for seen in counts.seen.values())), seconds


def main() -> None:
    """Measure and print."""
    print(measure())


def rows() -> list[Row]:
    """Return the statements; any is too many."""
    statements, seconds = measure()
    return [
        Row(
            f"an hour without files, {TYPES:,} file types that load on arrival",
            f"{statements} statements; {LOOKS + 1} tasks, together {seconds:.1f} s without the start of Airflow",
            "",
            "0 statements, no slot held between tasks",
            float(statements > 0) * 2,
            "While no files arrive, Redshift sleeps and costs nothing, however many file types there are.",
        )
    ]


if __name__ == "__main__":
    main()
