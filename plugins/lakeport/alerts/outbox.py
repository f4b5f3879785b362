"""Record alerts in mng.alerts and send each once.

An alert is recorded in the transaction that sets the files to Fail, so that reconcile can send it if this process dies.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import cursor

from lakeport.alerts.messages import Alert
from lakeport.mng import file_records
from lakeport.redshift.rows import fetch_rows
from lakeport.redshift.session import Warehouse
from lakeport.redshift.statements import statement
from lakeport.schema.file_type import Alerts

_HOLD_SECONDS = 300
_FACT_CHARACTERS = 8000
_MESSAGE_BYTES = 65_535

Send = Callable[[Alert, Alerts], None]
Key = tuple[str, str]


@dataclass(frozen=True)
class StoredAlert:
    """An alert read from mng.alerts; its texts are cut to the length of the column."""

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
    return StoredAlert(values["title"], facts), Alerts(slack=values["slack"], email=tuple(values["email"]))


def raise_once(
    warehouse: Warehouse, key: Key, make_alert: Callable[[cursor], Alert | None], receivers: Alerts, send: Send | None
) -> bool:
    """Record the alert that `make_alert` returns under this key, and send it unless it was sent or is being sent.

    `make_alert` runs in the same transaction, each time.  Without `send` the alert waits for `send_unsent`.  Return
    whether the alert still has to be sent.  Safe to repeat and to run twice at once: the sender holds the alert for
    five minutes.  If a process is killed after it sent the alert and before it recorded that, the alert is sent again.
    """
    holder = uuid.uuid4().hex

    def raised(current: cursor) -> tuple[str | None, bool]:
        current.execute(statement("mng/lock_alerts"))
        alert = make_alert(current)
        current.execute(statement("mng/alert_of_run"), _named(key))
        earlier = fetch_rows(current)
        if not earlier:
            return (record(current, key, alert, receivers, holder if send else None), True) if alert else (None, False)
        return _hold(current, key, earlier[0], holder if send else None)

    message, is_open = warehouse.transaction(raised)
    if message is None or send is None:
        return is_open
    _send_held(warehouse, key, holder, message, send)
    return False


def send_unsent(warehouse: Warehouse, key: Key, send: Send | None) -> bool:
    """Send a recorded alert, as `raise_once` does; return whether it still has to be sent."""
    return raise_once(warehouse, key, lambda _: None, Alerts(), send)


def record(current: cursor, key: Key, alert: Alert, receivers: Alerts, holder: str | None = None) -> str:
    """Record an alert, held by the process that is about to send it, and return its message."""
    message = as_message(alert, receivers)
    hold = {"held_by": holder, "hold_seconds": _HOLD_SECONDS if holder else 0}
    current.execute(statement("mng/raise_alert"), {**_named(key), **hold, "message": message})
    return message


def _hold(current: cursor, key: Key, earlier: Mapping[str, Any], holder: str | None) -> tuple[str | None, bool]:
    if earlier["is_sent"]:
        return None, False
    if holder is None or (earlier["is_held"] and earlier["held_by"] != holder):
        return None, True
    hold = {"held_by": holder, "hold_seconds": _HOLD_SECONDS}
    current.execute(statement("mng/hold_alert"), {**_named(key), **hold})
    return earlier["message"], True


def _send_held(warehouse: Warehouse, key: Key, holder: str, message: str, send: Send) -> None:
    values = {**_named(key), "held_by": holder}
    try:
        send(*from_message(message))
    except BaseException:
        warehouse.transaction(lambda current: current.execute(statement("mng/release_alert"), values))
        raise
    warehouse.transaction(lambda current: current.execute(statement("mng/alert_sent"), values))


def _named(key: Key) -> dict[str, str]:
    return {"dag_id": key[0], "run_id": key[1]}
