"""Reconcile landing, files with their runs, and alerts: find unfinished work and finish it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from lakeport import settings
from lakeport.airflow_api.dag_runs import DagRunApi
from lakeport.alerts.outbox import Send
from lakeport.arrivals.dead_letters import DeadLetter, DeadLetterQueue
from lakeport.files.s3_objects import s3_client
from lakeport.recovery.reconcile import change_detection
from lakeport.recovery.reconcile.alerts import reconcile_alerts
from lakeport.recovery.reconcile.contradictions import reconcile_contradictions
from lakeport.recovery.reconcile.dead_letters import reconcile_dead_letters
from lakeport.recovery.reconcile.landing import reconcile_landing
from lakeport.recovery.reconcile.old_details import forget_old_details
from lakeport.recovery.reconcile.reconciliation import FAILURES, GRACE, NOT_CHECKED, Reconciliation, log
from lakeport.recovery.reconcile.runs import reconcile_runs
from lakeport.recovery.reconcile.snapshots import reconcile_snapshots
from lakeport.redshift.session import Warehouse
from lakeport.snapshots.rejected_rows import remove_hidden_rows

_STEPS: dict[str, Callable[[Reconciliation], None]] = {
    "dead letters": reconcile_dead_letters,
    "landing": reconcile_landing,
    "files and their runs": reconcile_runs,
    "runs marked by hand": reconcile_contradictions,
    "alerts": reconcile_alerts,
    "snapshots": reconcile_snapshots,
    "old details": forget_old_details,
}


def reconcile(
    warehouse: Warehouse,
    api: DagRunApi,
    send: Send | None,
    *,
    grace: timedelta = GRACE,
    always: bool = False,
) -> Reconciliation | None:
    """Find unfinished work and finish it; return the findings, or None if there was nothing to look for.

    `always` queries Redshift even if nothing can have changed.  Safe to repeat, to run twice at once and to kill at
    any line, because each fix is.
    """
    s3 = s3_client()
    reconciliation = Reconciliation(warehouse, s3, api, send, grace)
    try:
        remove_hidden_rows(s3)
    except FAILURES as error:
        log.warning("rejected rows that their schema does not show any more are not removed: %s", error)
    reconciliation.dead_letters = _dead_letters(reconciliation)
    landed = change_detection.landing_fingerprint(s3)
    if not always and not reconciliation.dead_letters:
        reason = change_detection.reason_to_query(s3, api, landed, reconciliation.began_at)
        if reason is None:
            log.info("nothing has changed since the last checkpoint; Redshift is not queried")
            return reconciliation if reconciliation.findings else None
        log.info("querying Redshift: %s", reason)
    for name, step in _STEPS.items():
        try:
            step(reconciliation)
        except FAILURES as error:
            reconciliation.report_failure(NOT_CHECKED, "", name, error)
    if reconciliation.has_unsent_alerts:
        change_detection.mark_changed(s3)
    if not reconciliation.findings and not reconciliation.is_open:
        change_detection.save_checkpoint(s3, landed, reconciliation.began_at)
    return reconciliation


def _dead_letters(reconciliation: Reconciliation) -> list[DeadLetter]:
    """Return the events that registration gave up; reading them does not need Redshift."""
    url = settings.dead_letter_queue()
    try:
        return DeadLetterQueue(url).read() if url else []
    except FAILURES as error:
        reconciliation.report_failure(NOT_CHECKED, "", "dead letters", error)
        return []
