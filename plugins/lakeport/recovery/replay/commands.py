"""The commands that change the status of files, `replay`, `undo` and `discard`: make their plans and show them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from lakeport import settings
from lakeport.files import s3_objects
from lakeport.model import Status
from lakeport.recovery.replay.load_queries import LoadQueries
from lakeport.recovery.replay.plan import Planner
from lakeport.recovery.replay.planned import Planned
from lakeport.recovery.replay.selection import SelectedFile, Selection, select_files
from lakeport.redshift.session import Warehouse

Command = Literal["replay", "undo", "discard"]
_MAKE: dict[Command, Callable[[Planner, Sequence[SelectedFile]], list[Planned]]] = {
    "replay": Planner.replay,
    "undo": Planner.undo,
    "discard": Planner.discard,
}
DEFAULT_STATUS: dict[Command, Status] = {"replay": Status.FAIL, "undo": Status.DONE, "discard": Status.NEW}
"""The status of the files that a command selects if no file is named."""


def make_plan(
    warehouse: Warehouse, command: Command, selection: Selection, *, older: bool = False, restore: bool = False
) -> list[Planned]:
    """Return what the command would do with the selected files; nothing is changed.

    Raises SelectionError if a name matches no file, or several.
    """
    selected = warehouse.transaction(lambda current: select_files(current, selection))
    return _MAKE[command](Planner(LoadQueries(warehouse), s3_objects.s3_client(), older, restore), selected)


def what_happens(planned: Planned) -> str:
    """Return what the plan does to one file, or why the file is refused."""
    return f"refused: {planned.refused}" if planned.refused else planned.summary


def as_markdown(plan: Sequence[Planned]) -> str:
    """Return the plan as a Markdown table; names from outside cannot end their cell or become markup.

    Airflow shows as many columns as fit its page, so those that decide come first.
    """
    lines = ["| File | What will happen | Status | Type | File id |", "|---|---|---|---|---|"]
    for each in plan:
        file = each.selected.file
        key = settings.shown_key(file.bucket, file.key)
        cells = (key, what_happens(each), each.selected.status, each.type_name, file.file_id)
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines)


def fingerprints(plan: Sequence[Planned]) -> dict[str, str]:
    """Return for each file, by its id, a text that changes with anything the plan would do to it or finds."""
    return {each.selected.file.file_id: _fingerprint(each) for each in plan}


def is_approved(plan: Sequence[Planned], approved: Mapping[str, str], *, is_repeated: bool) -> bool:
    """Return whether a plan is the one with these fingerprints, or what an interrupted attempt left of it."""
    if not is_repeated:
        return fingerprints(plan) == approved
    return all(_is_left(each, approved.get(each.selected.file.file_id)) for each in plan)


def _is_left(each: Planned, approved: str | None) -> bool:
    """Return whether one file is still as approved, or as an earlier attempt has left it."""
    is_changed = each.selected.status == each.to and each.selected.loaded_at is None
    return approved is not None and not each.refused and (is_changed or approved == _fingerprint(each))


def _fingerprint(each: Planned) -> str:
    found = (each.selected, each.to, each.rows, each.load_rows, each.drops_table, each.restores, each.file_type)
    return hashlib.sha256(repr(found).encode()).hexdigest()


def _cell(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    plain = printable.replace("`", "'").replace("|", "¦")
    return f"`{plain}`" if plain else ""
