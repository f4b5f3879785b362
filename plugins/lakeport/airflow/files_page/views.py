"""The figures of the overview, added up from the summaries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Any

from lakeport.model import Status, utc_now

Summary = Mapping[str, Any]
_PERIODS = {"today": 1, "7 days": 7, "30 days": 30}
_SUMS = ("rows_loaded", "rows_rejected", "size_bytes")


def overview(found: Iterable[Summary]) -> dict[str, Any]:
    """Return the figures of all types together, by period and by day, and those of each type."""
    summaries, now = list(found), utc_now()
    days = [day for each in summaries for day in each["days"]]
    waiting = [day["first_landed_at"] for day in days if day["status"] == Status.NEW]
    return {
        "now": now.isoformat(),
        "periods": [{"name": name, **_period(summaries, days, now, count)} for name, count in _PERIODS.items()],
        "days": _by_day(days),
        "oldest_waiting_at": min(waiting, default=None),
        "types": [_card(each) for each in summaries],
    }


def _period(summaries: list[Summary], days: list[Summary], now: datetime, count: int) -> dict[str, Any]:
    """Return files by status, rows, and the seconds from landing to Done of the newest files."""
    since = now - timedelta(days=count)
    first_day = since.date().isoformat()
    seconds = [took for each in summaries for file in each["files"] if (took := _seconds(file, since)) is not None]
    return {
        **_totals(day for day in days if day["day"][:10] > first_day),
        "median_seconds": median(seconds) if seconds else None,
        "p95_seconds": quantiles(seconds, n=20)[-1] if len(seconds) > 1 else None,
    }


def _by_day(days: Iterable[Summary]) -> list[dict[str, Any]]:
    by_day = defaultdict[str, list[Summary]](list)
    for day in days:
        by_day[day["day"][:10]].append(day)
    return [{"day": day, **_totals(rows)} for day, rows in sorted(by_day.items())]


def _totals(days: Iterable[Summary]) -> dict[str, Any]:
    files, sums = Counter[str](), Counter[str]()
    for day in days:
        files[day["status"]] += day["files"]
        for name in _SUMS:
            sums[name] += day[name] or 0
    return {"by_status": dict(files), **{name: sums[name] for name in _SUMS}}


def _card(summary: Summary) -> dict[str, Any]:
    of_card = {name: summary[name] for name in ("file_type", "as_of", "table", "files")}
    return {**of_card, "by_day": _by_day(summary["days"]), **_totals(summary["days"])}


def _seconds(file: Summary, since: datetime) -> float | None:
    """Return how long a Done file took from landing to its table; None for others."""
    landed_at = datetime.fromisoformat(file["landed_at"])
    if file["status"] != Status.DONE or not file["loaded_at"] or landed_at < since:
        return None
    return max(0.0, (datetime.fromisoformat(file["status_at"]) - landed_at).total_seconds())
