"""Delete the status changes and rejected rows of files that finished long ago, if a setting limits their time."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.errors import SettingError
from lakeport.recovery.reconcile.reconciliation import Reconciliation, log
from lakeport.redshift.rows import fetch_value
from lakeport.redshift.statements import composed

_DETAILS = {"status_log": "moved_at", "load_errors": "logged_at"}
_BATCH = timedelta(days=1)
_BATCHES = 40
_LEAST_DAYS, _MOST_DAYS = 30, 36_500


def forget_old_details(reconciliation: Reconciliation) -> None:
    """Delete the details of files that have not changed for the days that the settings give.

    A file keeps all of its details or none, and its row in mng.files; those of files that are New, In Progress or Fail
    are kept.  Each transaction deletes what was written within a day, so that loads do not wait for long; the rest is
    left to the next run.  Safe to repeat and to kill at any line.
    """
    days = _days()
    if not days:
        return
    before = reconciliation.began_at - timedelta(days=days)
    for table, at in _DETAILS.items():
        for _ in range(_BATCHES):
            rows = reconciliation.warehouse.transaction(partial(_forget_a_day, table=table, at=at, before=before))
            if rows is None:
                break
            log.info("deleted %d rows of mng.%s of files that finished more than %d days ago", rows, table, days)
        else:
            reconciliation.is_open = True


def _days() -> int:
    """Return for how many days details are kept, 0 for good; raises SettingError for fewer than people look at."""
    text = settings.keep_details_days()
    days = int(text) if text.isdecimal() else -1
    if days and not _LEAST_DAYS <= days <= _MOST_DAYS:
        raise SettingError(
            f"LAKEPORT_KEEP_DETAILS_DAYS is {text!r}; write 0 to keep the details of all files, or {_LEAST_DAYS} days, "
            f"which the page Files shows, to {_MOST_DAYS:,}"
        )
    return days


def _forget_a_day(current: cursor, table: str, at: str, before: datetime) -> int | None:
    """Delete the oldest of the rows, and return their number; None if there are none."""
    parts = {"details": sql.Identifier("mng", table), "at": sql.Identifier(at)}
    current.execute(composed("mng/oldest_detail", **parts), {"before": before})
    oldest: datetime | None = fetch_value(current)
    if oldest is None:
        return None
    until = min(oldest + _BATCH, before)
    current.execute(composed("mng/forget_details", **parts), {"until": until, "before": before})
    return current.rowcount
