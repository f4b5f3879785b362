"""What flights files need before they can be loaded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lakeport.transforming import FileFacts, Rows

NEW_YORK = ZoneInfo("America/New_York")
DAY = timedelta(days=1)


def departures(rows: Rows, file: FileFacts) -> Iterator[dict[str, Any]]:
    """Keep the flights that left, with both moments of departure in UTC instead of local times in five columns.

    A row whose clock times and delay contradict each other is rejected.
    """
    for row in rows:
        if row["dep_time"] is None:
            continue  # cancelled
        scheduled = datetime(int(row["year"]), int(row["month"]), int(row["day"]), tzinfo=NEW_YORK)
        scheduled = scheduled.replace(hour=int(row["hour"]), minute=int(row["minute"]))
        delay = timedelta(minutes=int(row["dep_delay"]))
        hour, minute = divmod(int(row["dep_time"]), 100)
        clock = timedelta(hours=hour, minutes=minute) % DAY  # midnight is written 2400
        departed = scheduled + delay
        if timedelta(hours=departed.hour, minutes=departed.minute) != clock:
            rows.reject(f"dep_time is not {delay} after the scheduled time", "dep_time")
            continue
        kept = {name: row[name] for name in ("carrier", "flight", "tailnum", "origin", "dest")}
        # The delay passes in real time, also in the night in which the clocks change.
        left = scheduled.astimezone(UTC) + delay
        yield kept | {"scheduled_at": _utc(scheduled), "departed_at": _utc(left), "source_file": file.key}


def _utc(moment: datetime) -> datetime:
    """Return a moment in UTC without a zone, as a TIMESTAMP column stores it."""
    return moment.astimezone(UTC).replace(tzinfo=None)
