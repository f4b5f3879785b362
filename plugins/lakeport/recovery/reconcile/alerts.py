"""Reconcile what people were to be told: alerts that did not go out, and one digest of Rejected files."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.alerts.messages import RejectedFiles
from lakeport.alerts.outbox import record, send_unsent
from lakeport.recovery.reconcile.look import Look
from lakeport.redshift.statements import statement
from lakeport.schema.reader import default_alerts

UNSENT = "an alert that did not go out"
DIGEST = "reconcile digest"
_BEGINNING = datetime(1970, 1, 1)  # noqa: DTZ001 - without zone, as Redshift keeps it


def reconcile_alerts(look: Look) -> None:
    """Raise the digest of Rejected files, and send all alerts that were raised and not sent."""
    look.is_open |= look.warehouse.transaction(lambda current: _raise_digest(current, look.ripe_before))
    for dag_id, run_id, is_held in look.warehouse.transaction(_unsent):
        look.is_open = True
        if look.send is None:
            look.has_unsent_alerts = True
        elif not is_held:
            send = partial(_send, look, (dag_id, run_id))
            look.heal(UNSENT, dag_id.removeprefix("load_"), f"{dag_id}, run {run_id}", send)


def _send(look: Look, key: tuple[str, str]) -> str:
    return "being sent by another" if send_unsent(look.warehouse, key, look.send) else "sent"


def _raise_digest(current: cursor, until: datetime) -> bool:
    """Raise one alert for all Rejected files that no digest has told of; say whether there are younger ones.

    The lock and the digest's name, the moment up to which it tells, keep two looks from telling of a file twice.
    """
    current.execute(statement("mng/lock_alerts"))
    current.execute(statement("mng/digest_mark"), {"dag_id": DIGEST})
    (mark,) = current.fetchone() or (None,)
    since = datetime.fromisoformat(mark) if mark else _BEGINNING
    current.execute(statement("mng/rejected_since"), {"since": since, "until": until})
    rows = current.fetchall()
    ripe = [row for row in rows if row[4]]
    if ripe:
        name = ripe[-1][3].isoformat(timespec="microseconds")
        told = RejectedFiles([(key, reason) for key, reason, *_ in ripe])
        record(current, (DIGEST, name), told, default_alerts(settings.schemas_folder()))
    return len(ripe) < len(rows)


def _unsent(current: cursor) -> list[tuple[str, str, bool]]:
    current.execute(statement("mng/unsent_alerts"))
    return current.fetchall()
