"""Record alerts in mng.alerts and send each once.

An alert is recorded in the transaction that marks what it is about as alerted: no alert is forgotten or recorded twice,
and reconcile can send it if this process dies.  A run that is cleared may have several alerts.  Each channel has a
separate row, so that one that cannot be reached does not repeat what another has accepted.
"""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from psycopg2.extensions import cursor

from lakeport.alerts.alert import Alert
from lakeport.alerts.messages import ManyAlerts
from lakeport.alerts.storing import as_message, from_message
from lakeport.errors import AlertNotSent
from lakeport.redshift.rows import fetch_rows, fetch_value
from lakeport.redshift.session import Warehouse
from lakeport.redshift.sql_files import statement
from lakeport.schema.alerts import Alerts

log = logging.getLogger(__name__)

_HOLD_SECONDS = 300
_STORM_SECONDS = 120
_STORM_RUNS = 10
"""If alerts of more runs than this are raised within the time, the next ones wait to be sent as one message."""

Send = Callable[[Alert, Alerts], None]
Run = tuple[str, str]
"""The DAG and the run that an alert is about."""
Row = dict[str, Any]


def raise_alert(
    warehouse: Warehouse, run: Run, make_alert: Callable[[cursor], Alert | None], receivers: Alerts, send: Send | None
) -> bool:
    """Record the alert that `make_alert` returns, and send the run's alerts that were not sent.

    `make_alert` must mark what the alert is about as alerted; it runs in the transaction that records the alert, and
    returns None if no alert is needed.  Without `send`, and while too many alerts are raised at once, the
    alerts wait for `send_waiting`.  Return whether an alert of the run still has to be sent.  Safe to repeat and to run
    twice at once: the sender holds an alert for five minutes.  If a process is killed after it sent an alert and before
    it recorded that, the alert is sent again.  Raises AlertNotSent.
    """
    holder = uuid.uuid4().hex if send else None

    def raised(current: cursor) -> list[Row]:
        current.execute(statement("mng/lock_alerts"))
        alert = make_alert(current)
        if alert:
            record(current, run, alert, receivers)
        current.execute(statement("mng/unsent_alerts_of_run"), _named(run))
        unsent = fetch_rows(current)
        if holder and unsent and not (alert and _is_storm(current)):
            return [{**each, "is_ours": _hold(current, each, holder)} for each in unsent]
        return unsent

    unsent = warehouse.transaction(raised)
    held = [each for each in unsent if each.get("is_ours")]
    if send:
        _send_each(warehouse, [[each] for each in held], send)
    return len(held) < len(unsent)


def unsent_alerts(current: cursor) -> list[Row]:
    """Return every alert that was not sent, in the order in which they were raised."""
    current.execute(statement("mng/unsent_alerts"))
    return fetch_rows(current)


def to_same_receivers(rows: Sequence[Row]) -> list[list[Row]]:
    """Return alerts grouped by their receivers."""
    by_receivers = defaultdict[Alerts, list[Row]](list)
    for row in rows:
        by_receivers[from_message(row["message"])[1]].append(row)
    return list(by_receivers.values())


def send_waiting(warehouse: Warehouse, rows: Sequence[Row], send: Send) -> bool:
    """Send unsent alerts to the same receivers, several as one message; return whether there was one left to send.

    Safe to repeat and to run twice at once, as `raise_alert` is.  Raises AlertNotSent.
    """
    holder = uuid.uuid4().hex

    def hold(current: cursor) -> list[Row]:
        current.execute(statement("mng/lock_alerts"))
        return [each for each in rows if _hold(current, each, holder)]

    held = warehouse.transaction(hold)
    if held:
        _send_each(warehouse, [held], send)
    return bool(held)


def record(current: cursor, run: Run, alert: Alert, receivers: Alerts) -> None:
    """Record an alert, at most one in a transaction, for each channel that has receivers."""
    channels = {"slack": Alerts(slack=receivers.slack)} if receivers.slack else {}
    channels |= {"email": Alerts(email=receivers.email)} if receivers.email else {}
    for channel, its_receivers in (channels or {"none": receivers}).items():
        values = {**_named(run), "channel": channel, "message": as_message(alert, its_receivers)}
        current.execute(statement("mng/raise_alert"), values)


def is_alerted_since(current: cursor, run: Run, since: datetime | None) -> bool:
    """Return whether an alert of the run was recorded since a time, or ever."""
    current.execute(statement("mng/alerted_since"), {**_named(run), "since": since})
    return bool(fetch_value(current))


def _is_storm(current: cursor) -> bool:
    current.execute(statement("mng/runs_alerted_lately"), {"seconds": _STORM_SECONDS})
    return bool(fetch_value(current) > _STORM_RUNS)


def _hold(current: cursor, row: Row, holder: str) -> bool:
    current.execute(statement("mng/hold_alert"), {**row, "held_by": holder, "hold_seconds": _HOLD_SECONDS})
    return bool(current.rowcount)


def _send_each(warehouse: Warehouse, messages: Sequence[Sequence[Row]], send: Send) -> None:
    """Send each message, which may consist of several alerts; also the others if one cannot be sent."""
    failures = list[Exception]()
    for rows in messages:
        stored = [from_message(row["message"]) for row in rows]
        alert, receivers = stored[0]
        try:
            send(ManyAlerts([each for each, _ in stored]) if len(stored) > 1 else alert, receivers)
        except BaseException as failure:
            warehouse.transaction(partial(_execute, name="mng/release_alert", rows=rows))
            if not isinstance(failure, Exception):
                raise
            log.exception("cannot send the alert %r", alert.title)
            failures.append(failure)
        else:
            warehouse.transaction(partial(_execute, name="mng/alert_sent", rows=rows))
    if failures:
        raise AlertNotSent(f"not sent: {failures[0]!r}; the alert is kept, and reconcile sends it") from failures[0]


def _execute(current: cursor, name: str, rows: Sequence[Row]) -> None:
    for row in rows:
        current.execute(statement(name), row)


def _named(run: Run) -> dict[str, str]:
    return {"dag_id": run[0], "run_id": run[1]}
