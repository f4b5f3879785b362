"""Reconcile everything: landing, files and their runs, alerts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from lakeport.airflow_api import DagRunApi
from lakeport.alerts.outbox import Send
from lakeport.files.s3_objects import s3_client
from lakeport.recovery.reconcile import settled
from lakeport.recovery.reconcile.alerts import reconcile_alerts
from lakeport.recovery.reconcile.landing import reconcile_landing
from lakeport.recovery.reconcile.look import FAILURES, GRACE, Finding, Look, log
from lakeport.recovery.reconcile.runs import reconcile_runs
from lakeport.redshift.session import Warehouse

_STEPS: dict[str, Callable[[Look], None]] = {
    "landing": reconcile_landing,
    "files and their runs": reconcile_runs,
    "alerts": reconcile_alerts,
}


def reconcile(
    warehouse: Warehouse,
    api: DagRunApi,
    send: Send | None,
    *,
    grace: timedelta = GRACE,
    always: bool = False,
) -> Look | None:
    """Find what nobody finished and finish it; return the look, or None where Redshift needed no asking.

    `always` asks in any case.  Safe to repeat, to run side by side and to kill at any line: each healing is.
    """
    s3 = s3_client()
    look = Look(warehouse, s3, api, send, grace)
    landed = settled.fingerprint(s3)
    if not always:
        reason = settled.reason_to_ask(s3, api, landed, look.began_at)
        if reason is None:
            log.info("nothing has changed since everything was at its end")
            return None
        log.info("asking Redshift: %s", reason)
    for name, step in _STEPS.items():
        try:
            step(look)
        except FAILURES as error:
            look.fail("could not be looked at", "", name, error)
    if look.has_unsent_alerts:
        settled.note_touched(s3)
    if not look.findings and not look.is_open:
        settled.note_settled(s3, landed, look.began_at)
    return look


def unhealed(look: Look) -> list[Finding]:
    """Return what was found and not healed."""
    return [finding for finding in look.findings if not finding.is_healed]
