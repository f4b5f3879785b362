"""Combine the whole snapshot of a file type with the files that have changed since, which its summary has."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

DAYS = 30
NEWEST_FILES = 500
MARGIN = timedelta(minutes=16)
"""How long before its commit the time of a change may be: a transaction has the time at which it began, and a
registration that at which its function was called, which may take 15 minutes."""

Row = dict[str, Any]


def first_day(as_of: datetime) -> datetime:
    """Return the beginning of the first day of a snapshot."""
    return datetime.combine(as_of.date() - timedelta(days=DAYS), time.min)


def changed_since(summary: Row) -> str:
    """Return since when a summary has all status changes of its changed files."""
    return (datetime.fromisoformat(summary["complete_at"]) - MARGIN).isoformat()


def may_change_since(summary: Row) -> str:
    """Return when the first file was registered that a run may have changed since all was read.

    A run changes files that wait or have failed.  What a command does to others is followed by reading all.
    """
    return str(min(changed_since(summary), summary["open_since"] or summary["complete_at"]))


def newest(files: Iterable[Row], as_of: datetime) -> list[Row]:
    """Return the newest of these files, in the order of a snapshot."""
    since = first_day(as_of).isoformat()
    by_id = sorted((file for file in files if file["registered_at"] >= since), key=lambda file: str(file["file_id"]))
    return sorted(by_id, key=lambda file: str(file["registered_at"]), reverse=True)[:NEWEST_FILES]


def extended(whole: Row, summary: Row | None) -> Row:
    """Return the whole snapshot with what has changed since, if the summary is newer and has it."""
    if summary is None or "changed" not in summary or summary["as_of"] <= whole["as_of"]:
        return whole
    since, files = changed_since(summary), {file["file_id"]: file for file in whole["files"]}
    for file in summary["changed"]:
        earlier = files.get(file["file_id"], {}).get("moves", ())
        moves = [*(move for move in earlier if move["moved_at"] < since), *file["moves"]]
        files[file["file_id"]] = {**file, "moves": moves}
    about = {name: summary[name] for name in ("as_of", "schema", "table", "columns", "days")}
    return {**whole, **about, "files": newest(files.values(), datetime.fromisoformat(summary["as_of"]))}
