"""Reconcile alerts: send those that were recorded but not sent, and one digest of Rejected files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.alerts.messages import RejectedFiles
from lakeport.alerts.outbox import Row, Send, record, send_waiting, to_same_receivers, unsent_alerts
from lakeport.model import DAG_ID_PREFIX
from lakeport.recovery.reconcile.reconciliation import Reconciliation
from lakeport.redshift.rows import fetch_rows, fetch_value
from lakeport.redshift.sql_files import statement
from lakeport.schema.reader import default_alerts

UNSENT = "alert not sent"
DIGEST = "reconcile digest"
_BEGINNING = datetime(1970, 1, 1)  # noqa: DTZ001 - without a time zone, as Redshift stores it


def reconcile_alerts(reconciliation: Reconciliation) -> None:
    """Record the digest of Rejected files, then send every alert that was not sent."""
    ripe_before = reconciliation.ripe_before
    has_younger = reconciliation.warehouse.transaction(lambda current: _record_digest(current, ripe_before))
    reconciliation.is_open |= has_younger
    send_unsent(reconciliation)


def send_unsent(reconciliation: Reconciliation) -> None:
    """Send every alert that was not sent and that no process is sending, those to the same receivers as one message."""
    unsent = reconciliation.warehouse.transaction(unsent_alerts)
    reconciliation.is_open |= bool(unsent)
    if reconciliation.send is None:
        reconciliation.has_unsent_alerts = bool(unsent)
        return
    for rows in to_same_receivers([row for row in unsent if not row["is_held"]]):
        first, others = rows[0], len(rows) - 1
        subject = f"{first['dag_id']}, run {first['run_id']}" + (f" and {others} more" if others else "")
        name = first["dag_id"].removeprefix(DAG_ID_PREFIX)
        reconciliation.fix(UNSENT, name, subject, partial(_send, reconciliation, reconciliation.send, rows))


def _send(reconciliation: Reconciliation, send: Send, rows: Sequence[Row]) -> str:
    is_sent = send_waiting(reconciliation.warehouse, rows, send)
    return "sent" if is_sent else "another process is sending it"


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
        files = [(settings.shown_key(row["bucket"], row["key"]), row["status_reason"]) for row in due]
        digest = RejectedFiles(files)
        record(current, (DIGEST, run_id), digest, default_alerts(settings.schemas_folder()))
    return len(due) < len(rows)
