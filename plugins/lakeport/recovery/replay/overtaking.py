"""Refuse to replay a file whose rows would replace newer ones, or that no run would load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lakeport.loading.keeping import kept_table
from lakeport.model import Status
from lakeport.recovery.replay.load_queries import LoadQueries
from lakeport.recovery.replay.planned import Planned
from lakeport.recovery.replay.restoring import touches
from lakeport.recovery.replay.selection import SelectedFile
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import known_file_type


def overtaken(
    queries: LoadQueries, each: SelectedFile, file_type: FileType, among: Sequence[SelectedFile], *, is_same_again: bool
) -> str | None:
    """Return why the file's rows would replace newer ones, or None."""
    if not (file_type.table.is_ordered or file_type.table.mode == "slice"):
        return None
    if file_type.table.mode == "slice":
        return _overtaken_in_its_slices(queries, each, file_type, among)
    ids = {other.file.file_id for other in among}
    found = queries.keys_landed_later(each, file_type.table.name)
    later = [key for file_id, key in found.items() if file_id not in ids]
    if is_same_again or not later:
        loading = queries.keys_in_progress_later(each, file_type.name)
        return f"{loading[-1]} landed later and is being loaded; wait until its run has ended" if loading else None
    return f"{later[-1]} landed later and is loaded; --older lets the rows of this file replace its rows"


def _overtaken_in_its_slices(
    queries: LoadQueries, each: SelectedFile, file_type: FileType, among: Sequence[SelectedFile]
) -> str | None:
    """Return why the file's rows would replace newer ones; if only its rows can tell, its load refuses them."""
    ids = {other.file.file_id for other in among}
    found = queries.keys_landed_later(each, file_type.table.name)
    later = [key for file_id, key in found.items() if file_id not in ids and touches(file_type, each.file.key, key)]
    remedy = "--older lets the rows of this file replace its rows"
    if later:
        return f"{later[-1]} landed later and is loaded into the same slice; {remedy}"
    own = queries.kept_rows(each, kept_table(file_type.table))[1] if each.loaded_at else 0
    return f"later loads have replaced {own:,} of its rows; --older lets it replace theirs" if own else None


def check_newest(queries: LoadQueries, each: Planned, files: int) -> Planned:
    """Refuse to lose rows: a run of a file type with `select: newest` loads one file and filters the others out."""
    file_type = known_file_type(each.type_name)
    if each.refused or file_type is None or file_type.landing.select == "all":
        return each
    found = queries.unfinished_keys(each.type_name)
    waiting = [key for file_id, key in found.items() if file_id != each.selected.file.file_id]
    if files == 1 and not waiting:
        return each
    if each.selected.loaded_at is None:
        return replace(each, summary=f"{each.summary} if it is the newest New file, else {Status.FILTERED_OUT}")
    if files > 1:
        reason = f"a run would load only one of these {files} files"
        remedy = "replay one at a time, the oldest first, and wait until each is Done"
    else:
        reason, remedy = f"{waiting[0]} is not finished", "wait until it is Done"
    return replace(each, refused=f"landing.select is newest, and {reason}; {remedy}")
