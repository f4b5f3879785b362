"""Return what the loads of the Done files must have left in their tables: a plain model of each mode."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tests.torture.history import Drop, FileRow, Target

KEPT = "__lakeport_replaced"
"""How the table of replaced rows is named after its own."""
Load = tuple[Drop, FileRow, Target | None]
Points = dict[datetime, str | None]
"""The times of a key at which a version begins, or the last one ends (None)."""


@dataclass
class Expected:
    """The rows of one table."""

    rows: dict[str, str] = field(default_factory=dict)
    """Tokens by their place: the key of a row where rows with one key replace each other, otherwise the token."""
    replaced: set[str] | None = None
    """What mode slice keeps of the rows that it replaces."""
    versions: dict[str, Points] = field(default_factory=dict)
    """What mode history has of each key."""

    def load(self, drop: Drop, landed_at: datetime, target: Target | None) -> None:
        """Do what the load of a file does."""
        mode = target.mode if target else "append"
        if mode == "history":
            self._add_versions(drop, landed_at, is_snapshot=bool(target and target.is_snapshot))
            return
        rows = {key if mode in ("merge", "slice") else token: token for token, key in drop.rows}
        if mode == "slice":
            self.replaced = (self.replaced or set()) | {self.rows[key] for key in rows if key in self.rows}
        if mode in ("truncate", "replace") or (target and target.is_snapshot):
            self.rows.clear()
        for key in drop.deleted:
            self.rows.pop(key, None)
        self.rows.update(rows)

    def tokens(self) -> dict[str, datetime | None]:
        """Return the token of each row, with the end of its version."""
        found: dict[str, datetime | None] = dict.fromkeys(self.rows.values())
        for points in self.versions.values():
            times = sorted(points)
            ends = zip(times, [*times[1:], None], strict=False)
            found |= {token: end for at, end in ends if (token := points[at])}
        return found

    def _add_versions(self, drop: Drop, at: datetime, *, is_snapshot: bool) -> None:
        changes: dict[str, str | None] = {key: token for token, key in drop.rows} | dict.fromkeys(drop.deleted)
        if is_snapshot:
            changes |= {key: None for key, points in self.versions.items() if key not in changes and _at(points, at)}
        for key, token in changes.items():
            self.versions[key] = _without_idle_ends({**self.versions.get(key, {}), at: token})


def expected(loads: Iterable[Load]) -> dict[str, dict[str, datetime | None]]:
    """Return the tokens that each table must have, each with the end of its version; files of one load in the order
    in which they landed."""
    tables: dict[str, Expected] = {}
    for drop, file, target in sorted(loads, key=lambda load: (load[1].loaded_at, load[1].landed_at, load[1].key)):
        tables.setdefault(file.table_name or "", Expected()).load(drop, file.landed_at, target)
    kept = {f"{name}{KEPT}": dict.fromkeys(each.replaced) for name, each in tables.items() if each.replaced is not None}
    return {name: each.tokens() for name, each in tables.items()} | kept


def _at(points: Points, at: datetime) -> str | None:
    before = [each for each in points if each <= at]
    return points[max(before)] if before else None


def _without_idle_ends(points: Points) -> Points:
    kept, before = Points(), None
    for at in sorted(points):
        if points[at] or before:
            kept[at] = points[at]
        before = points[at]
    return kept
