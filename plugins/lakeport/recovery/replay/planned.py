"""The planned change to one file, or why it is refused: it would lose rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lakeport.model import Status
from lakeport.recovery.replay.selection import SelectedFile
from lakeport.schema.table import Table

DISCARDED = (Status.NEW, Status.FAIL)
"""The statuses of the files that can be discarded."""


@dataclass(frozen=True)
class Planned:
    """The planned change to one file, which then has the status `to`.

    `rows` of the file are deleted from its table, or the whole table is dropped if it holds only this load.  The load
    has `load_rows` in the table.  `summary` describes the change.
    """

    selected: SelectedFile
    to: Status
    summary: str = ""
    rows: int = 0
    load_rows: int = 0
    drops_table: bool = False
    refused: str | None = None
    file_type: str | None = None
    """The file type that the file matches now, if that has changed since it landed."""
    restores: int | None = None
    """How many rows that the load replaced come back to its table; None if they do not come back."""
    kept: Table | None = None
    """The table that keeps replaced rows, if there is one."""
    is_older: bool = False
    """Whether its rows may replace those of files that landed later."""
    is_idle: bool = False
    """Whether there is nothing to do."""

    @property
    def type_name(self) -> str:
        """Return the file type whose run loads the file."""
        return self.file_type or self.selected.file_type or ""


def discarded(each: SelectedFile) -> Planned:
    """Plan to set a file that waits or has failed to Filtered Out, so that no run loads it."""
    planned = Planned(each, Status.FILTERED_OUT)
    if each.status == Status.FILTERED_OUT:
        return replace(planned, summary=f"nothing to do: it is {each.status}", is_idle=True)
    if each.status not in DISCARDED:
        allowed = " or ".join(DISCARDED)
        return replace(planned, refused=f"the file is {each.status}; only files that are {allowed} can be discarded")
    if each.loaded_at is not None:
        reason = f"undo it first: its load into {each.table_name} is on record"
        return replace(planned, refused=reason)
    return replace(planned, summary="no run loads it; reconcile moves it to the archive")


def unfinished(each: SelectedFile) -> str:
    """Return why a file that a run may be loading is refused."""
    return f"the file is {each.status}, and a run may be loading it; wait until the run has ended"


def no_schema(each: SelectedFile) -> str:
    """Return why a file of a type without a valid schema is refused."""
    reason = "is missing or invalid, so the mode of its table is unknown"
    return f"schemas/{each.file_type}.yaml {reason}; restore or fix the schema"
