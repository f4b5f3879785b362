"""Reconcile alerts: send those that were recorded but not sent, and one digest of Rejected files."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.alerts.messages import RejectedFiles
from lakeport.alerts.outbox import Run, record, send_unsent
from lakeport.model import DAG_ID_PREFIX
from lakeport.recovery.reconcile.reconciliation import Reconciliation
from lakeport.redshift.rows import fetch_rows, fetch_value
from lakeport.redshift.statements import statement
from lakeport.schema.reader import default_alerts

UNSENT = "alert not sent"
DIGEST = "reconcile digest"
_BEGINNING = datetime(1970, 1, 1)  # noqa: DTZ001 - without a time zone, as Redshift stores it


def reconcile_alerts(reconciliation: Reconciliation) -> None:
    """Record the digest of Rejected files, then send every alert that was not sent."""
    ripe_before = reconciliation.ripe_before
    has_younger = reconciliation.warehouse.transaction(lambda current: _record_digest(current, ripe_before))
    reconciliation.is_open |= has_younger
    for run, is_held in reconciliation.warehouse.transaction(_unsent):
        reconciliation.is_open = True
        if reconciliation.send is None:
            reconciliation.has_unsent_alerts = True
        elif not is_held:
            dag_id, run_id = run
            subject = f"{dag_id}, run {run_id}"
            reconciliation.fix(UNSENT, dag_id.removeprefix(DAG_ID_PREFIX), subject, partial(_send, reconciliation, run))


def _send(reconciliation: Reconciliation, run: Run) -> str:
    is_open = send_unsent(reconciliation.warehouse, run, reconciliation.send)
    return "another process is sending it" if is_open else "sent"


def _record_digest(current: cursor, until: datetime) -> bool:
    """Record one alert for all Rejected files that no digest has listed; return whether there are younger ones.

    The lock and the digest's run id, the time up to which it lists files, keep two runs from listing a file twice.
    """
    current.execute(statement("mng/lock_alerts"))
    current.execute(statement("mng/digest_mark"), {"dag_id": DIGEST})
    mark = fetch_value(current)
    since = datetime.fromisoformat(mark) if mark else _BEGINNING
    current.execute(statement("mng/rejected_since"), {"since": since, "until": until})
    rows = fetch_rows(current)
    due = [row for row in rows if row["is_due"]]
    if due:
        run_id = due[-1]["status_at"].isoformat(timespec="microseconds")
        digest = RejectedFiles([(row["key"], row["status_reason"]) for row in due])
        record(current, (DIGEST, run_id), digest, default_alerts(settings.schemas_folder()))
    return len(due) < len(rows)


def _unsent(current: cursor) -> list[tuple[Run, bool]]:
    current.execute(statement("mng/unsent_alerts"))
    return [((row["dag_id"], row["run_id"]), row["is_held"]) for row in fetch_rows(current)]
