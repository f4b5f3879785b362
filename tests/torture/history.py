"""What a workload did and what was left of it: all that the checker needs, and nothing that can be asked later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

Row = tuple[str, str]
"""A row of a dropped file: its token, which no other row of any file has, and its key for `merge` and `slice`."""


@dataclass(frozen=True)
class Target:
    """What the checker needs about a file type."""

    name: str
    table: str
    mode: str
    select: str = "all"
    is_snapshot: bool = False
    """Whether each file has all rows, so that what it lacks is gone."""
    max_rejected: int = 0
    """How many rejected rows a file may have and still be loaded."""


@dataclass(frozen=True)
class Drop:
    """One object version that was put into landing, with its content."""

    key: str
    version_id: str
    file_type: str | None
    """None: no file type takes it."""
    digest: str
    rows: tuple[Row, ...] = ()
    bad_lines: tuple[tuple[int, str], ...] = ()
    """Number and text of each line that must be rejected; the number is -1 if a check rejects it."""
    deleted: tuple[str, ...] = ()
    """The keys that rows of it delete."""
    note: str = ""
    """What was done to it, for people."""
    size_bytes: int = 0
    landed_at: datetime | None = None


@dataclass(frozen=True)
class FileRow:
    """A row of mng.files."""

    file_id: str
    file_type: str | None
    key: str
    version_id: str
    status: str
    landed_at: datetime
    run_id: str | None = None
    table_name: str | None = None
    rows_in_file: int | None = None
    rows_loaded: int | None = None
    rows_rejected: int | None = None
    loaded_at: datetime | None = None
    archive_key: str | None = None
    status_reason: str | None = None


@dataclass(frozen=True)
class Move:
    """A row of mng.status_log."""

    file_id: str
    from_status: str | None
    to_status: str
    moved_at: datetime
    run_id: str | None = None


@dataclass(frozen=True)
class Rejected:
    """A row of mng.load_errors."""

    file_id: str
    run_id: str
    line_number: int
    raw_line: str | None
    column_name: str | None
    raw_value: str | None
    error_reason: str | None


@dataclass(frozen=True)
class LoadedRow:
    """A row of a target table."""

    token: str
    key: str
    loaded_at: datetime
    until: datetime | None = None
    """When its version ends, in mode history."""


@dataclass(frozen=True)
class Sent:
    """A Slack message about a run: when it arrived, and its whole text."""

    run_id: str
    at: datetime
    text: str


@dataclass(frozen=True)
class History:
    """A workload from its first drop to the moment at which nothing moves any more."""

    targets: Sequence[Target]
    drops: Sequence[Drop]
    files: Sequence[FileRow]
    log: Sequence[Move]
    rejected: Sequence[Rejected]
    tables: Mapping[str, Sequence[LoadedRow]]
    landing: frozenset[tuple[str, str]]
    """Key and version of every object that is there."""
    archive: Mapping[str, str]
    """Digest of every archived object, by its key."""
    alerts: Sequence[Sent] = ()
    """Each alert that arrived by one channel."""
    repeated_alerts: Mapping[str, int] = field(default_factory=dict)
    """How often a run's alert was cut off between being sent and being noted: as often it may come again."""
    are_lines_unknown: bool = False
    """Whether the warehouse may not know the line of a rejected row: then it is -1, and the row's text is not kept."""
    commands: frozenset[str] = frozenset()
    """Which of replay, undo and clear were requested: without them no finished file moves again."""
    green: frozenset[str] = frozenset()
    """The runs that ended well, except those that were marked by hand."""
