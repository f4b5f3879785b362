"""The alerts on record: raised with what moves the files, held by whoever sends, sent once.

An alert's text is written down in the transaction that sets Fail; so whatever dies then, somebody can send it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import cursor

from lakeport.alerts.messages import Alert
from lakeport.mng import file_records
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
    """An alert as it was written down: the same text, cut to what a column holds."""

    title: str
    texts: Sequence[tuple[str, str]]

    def facts(self) -> list[tuple[str, str]]:
        """Return what a person needs, label by label."""
        return list(self.texts)


def as_message(alert: Alert, to: Alerts) -> str:
    """Return an alert and its receivers as JSON that a column holds; long texts are cut evenly."""
    limit = _FACT_CHARACTERS
    while True:
        facts = [[label, text[:limit]] for label, text in alert.facts()]
        values = {"title": alert.title[:limit], "facts": facts, "slack": to.slack, "email": list(to.email)}
        message = str(file_records.clipped(json.dumps(values, ensure_ascii=False), 1 << 30))
        if len(message.encode()) <= _MESSAGE_BYTES:
            return message
        limit //= 2


def from_message(message: str) -> tuple[StoredAlert, Alerts]:
    """Read what `as_message` wrote."""
    values: dict[str, Any] = json.loads(message)
    facts = [(label, text) for label, text in values["facts"]]
    return StoredAlert(values["title"], facts), Alerts(slack=values["slack"], email=tuple(values["email"]))


def raise_once(
    warehouse: Warehouse, key: Key, tell: Callable[[cursor], Alert | None], to: Alerts, send: Send | None
) -> bool:
    """Write down what `tell` has to tell under this key, and send it unless it was sent or another is sending it.

    `tell` does its own work in the same transaction, each time; without `send` the alert waits for `send_unsent`.
    Returns whether there is something left to send.  Safe to repeat, and side by side: whoever sends holds the alert
    for five minutes.  What was sent and could not be noted as such, because of a kill between, is sent again.
    """
    holder = uuid.uuid4().hex

    def raised(current: cursor) -> tuple[str | None, bool]:
        current.execute(statement("mng/lock_alerts"))
        alert = tell(current)
        current.execute(statement("mng/alert_of_run"), _named(key))
        earlier = current.fetchone()
        if earlier is None:
            return (record(current, key, alert, to, holder if send else None), True) if alert else (None, False)
        return _hold(current, key, earlier, holder if send else None)

    message, is_open = warehouse.transaction(raised)
    if message is None or send is None:
        return is_open
    _send_held(warehouse, key, holder, message, send)
    return False


def send_unsent(warehouse: Warehouse, key: Key, send: Send | None) -> bool:
    """Send a raised alert, as `raise_once` does."""
    return raise_once(warehouse, key, lambda _: None, Alerts(), send)


def record(current: cursor, key: Key, alert: Alert, to: Alerts, holder: str | None = None) -> str:
    """Write an alert down, held by who is about to send it, and return its message."""
    message = as_message(alert, to)
    hold = {"held_by": holder, "hold_seconds": _HOLD_SECONDS if holder else 0}
    current.execute(statement("mng/raise_alert"), {**_named(key), **hold, "message": message})
    return message


def _hold(current: cursor, key: Key, earlier: tuple[Any, ...], holder: str | None) -> tuple[str | None, bool]:
    is_sent, held_by, is_held, message = earlier
    if is_sent:
        return None, False
    if holder is None or (is_held and held_by != holder):
        return None, True
    hold = {"held_by": holder, "hold_seconds": _HOLD_SECONDS}
    current.execute(statement("mng/hold_alert"), {**_named(key), **hold})
    return message, True


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
