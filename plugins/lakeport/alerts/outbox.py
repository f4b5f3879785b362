"""Record alerts in mng.alerts and send each once.

An alert is recorded in the transaction that marks what it is about as alerted: no alert is forgotten or recorded twice,
and reconcile can send it if this process dies.  A run that is cleared may have several alerts.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor

from lakeport.alerts.messages import Alert, Kind
from lakeport.mng import file_records
from lakeport.redshift.rows import fetch_rows, fetch_value
from lakeport.redshift.session import Warehouse
from lakeport.redshift.statements import statement
from lakeport.schema.file_type import Alerts

_HOLD_SECONDS = 300
_FACT_CHARACTERS = 8000
_MESSAGE_BYTES = 65_535

Send = Callable[[Alert, Alerts], None]
Run = tuple[str, str]
"""The DAG and the run that an alert is about."""


@dataclass(frozen=True)
class StoredAlert:
    """An alert read from mng.alerts; its texts are cut to the length of the column."""

    kind: Kind
    title: str
    labelled_texts: Sequence[tuple[str, str]]

    def facts(self) -> list[tuple[str, str]]:
        """Return the details, each as (label, text)."""
        return list(self.labelled_texts)


def as_message(alert: Alert, receivers: Alerts) -> str:
    """Return an alert and its receivers as JSON that fits the column; long texts are cut to the same length."""
    limit = _FACT_CHARACTERS
    while True:
        facts = [[label, text[:limit]] for label, text in alert.facts()]
        values = {
            "kind": alert.kind,
            "title": alert.title[:limit],
            "facts": facts,
            "slack": receivers.slack,
            "email": list(receivers.email),
        }
        message = str(file_records.clipped(json.dumps(values, ensure_ascii=False), 1 << 30))
        if len(message.encode()) <= _MESSAGE_BYTES:
            return message
        limit //= 2


def from_message(message: str) -> tuple[StoredAlert, Alerts]:
    """Read the JSON that `as_message` wrote."""
    values: dict[str, Any] = json.loads(message)
    facts = [(label, text) for label, text in values["facts"]]
    kind = Kind(values.get("kind", Kind.FAILED))  # a message of an earlier version has none
    return StoredAlert(kind, values["title"], facts), Alerts(slack=values["slack"], email=tuple(values["email"]))


def raise_alert(
    warehouse: Warehouse, run: Run, make_alert: Callable[[cursor], Alert | None], receivers: Alerts, send: Send | None
) -> bool:
    """Record the alert that `make_alert` returns, and send the run's alerts that were not sent.

    `make_alert` must mark what the alert is about as alerted; it runs in the transaction that records the alert, and
    returns None if no alert is needed.  Without `send` the alerts wait for `send_unsent`.  Return whether an
    alert of the run still has to be sent.  Safe to repeat and to run twice at once: the sender holds an alert for five
    minutes.  If a process is killed after it sent an alert and before it recorded that, the alert is sent again.
    """
    holder = uuid.uuid4().hex if send else None

    def raised(current: cursor) -> list[dict[str, Any]]:
        current.execute(statement("mng/lock_alerts"))
        if alert := make_alert(current):
            record(current, run, alert, receivers)
        if holder:
            hold = {"held_by": holder, "hold_seconds": _HOLD_SECONDS}
            current.execute(statement("mng/hold_alert"), {**_named(run), **hold})
        current.execute(statement("mng/unsent_alerts_of_run"), _named(run))
        return fetch_rows(current)

    unsent = warehouse.transaction(raised)
    held = [each for each in unsent if holder and each["held_by"] == holder]
    if send:
        for each in held:
            _send_held(warehouse, {**_named(run), **each}, send)
    return len(held) < len(unsent)


def send_unsent(warehouse: Warehouse, run: Run, send: Send | None) -> bool:
    """Send the recorded alerts of a run, as `raise_alert` does; return whether one still has to be sent."""
    return raise_alert(warehouse, run, lambda _: None, Alerts(), send)


def record(current: cursor, run: Run, alert: Alert, receivers: Alerts) -> None:
    """Record an alert, at most one in a transaction."""
    current.execute(statement("mng/raise_alert"), {**_named(run), "message": as_message(alert, receivers)})


def is_alerted_since(current: cursor, run: Run, since: datetime | None) -> bool:
    """Return whether an alert of the run was recorded since a time, or ever."""
    current.execute(statement("mng/alerted_since"), {**_named(run), "since": since})
    return bool(fetch_value(current))


def _send_held(warehouse: Warehouse, held: dict[str, Any], send: Send) -> None:
    try:
        send(*from_message(held["message"]))
    except BaseException:
        warehouse.transaction(lambda current: current.execute(statement("mng/release_alert"), held))
        raise
    warehouse.transaction(lambda current: current.execute(statement("mng/alert_sent"), held))


def _named(run: Run) -> dict[str, str]:
    return {"dag_id": run[0], "run_id": run[1]}
