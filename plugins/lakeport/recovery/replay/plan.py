"""Plan a replay, an undo or a discard of selected files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lakeport import settings
from lakeport.arrivals.publishing import published_index
from lakeport.files import s3_objects
from lakeport.loading.keeping import kept_table
from lakeport.model import Status
from lakeport.recovery.replay.load_queries import LoadQueries
from lakeport.recovery.replay.overtaking import check_newest, overtaken
from lakeport.recovery.replay.planned import Planned, discarded, no_schema, unfinished
from lakeport.recovery.replay.restoring import reason_not_to
from lakeport.recovery.replay.selection import SelectedFile
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import known_file_type
from lakeport.wording import amount

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Companion = tuple[SelectedFile, str]
"""A file, and the key of the selected file that the same COPY loaded."""
_MERGE_REFUSAL = "table.mode is merge, so the rows that this file replaced cannot be restored; replay the file instead"
_MERGE_KEEPS = "table.mode is merge, so the rows that this file replaced must come back with it; use --restore"
_UNFINISHED = (Status.NEW, Status.IN_PROGRESS)


@dataclass(frozen=True)
class Planner:
    """Plan for all selected files at once, because the plan for one depends on the others.

    With `older`, rows of older files may replace rows of newer ones.  With `restore`, undo brings back replaced rows.
    """

    queries: LoadQueries
    s3: S3Client
    older: bool = False
    restore: bool = False

    def undo(self, files: Sequence[SelectedFile]) -> list[Planned]:
        """Plan to delete the files' rows, and to load again the other files of the same COPY."""
        return [self._undo(each) for each in files] + self._load_again([], self._companions(files), taken_out=files)

    def replay(self, files: Sequence[SelectedFile]) -> list[Planned]:
        """Plan to load the files again, together with the other files of the same COPY."""
        return self._load_again(files, self._companions(files))

    def discard(self, files: Sequence[SelectedFile]) -> list[Planned]:
        """Plan to set files that wait or have failed to Filtered Out, so that no run loads them."""
        return [discarded(each) for each in files]

    def _load_again(
        self, files: Sequence[SelectedFile], companions: Sequence[Companion], taken_out: Sequence[SelectedFile] = ()
    ) -> list[Planned]:
        among = [*files, *taken_out, *(each for each, _ in companions)]
        planned = [self._replay(each, among) for each in files]
        for each, with_key in companions:
            again = self._replay(each, among, is_same_again=bool(taken_out) and self._has_all_its_rows(each))
            planned.append(replace(again, summary=f"{again.summary}, because the same COPY loaded {with_key}"))
        files_of_type = Counter(each.type_name for each in planned if not each.refused)
        return [check_newest(self.queries, each, files_of_type[each.type_name]) for each in planned]

    def _undo(self, each: SelectedFile) -> Planned:
        if each.status in _UNFINISHED:
            return Planned(each, Status.FAIL, refused=unfinished(each))
        if each.loaded_at is None:
            return Planned(each, Status.FAIL, "nothing to do: none of its rows is in a table", is_idle=True)
        file_type = known_file_type(each.file_type or "")
        if file_type is None:
            return Planned(each, Status.FAIL, refused=no_schema(each))
        return self._undo_load(each, file_type)

    def _undo_load(self, each: SelectedFile, file_type: FileType) -> Planned:
        reason = reason_not_to(self.queries, each, file_type)
        is_restored = self.restore or file_type.table.mode == "history"
        if is_restored and reason:
            return Planned(each, Status.FAIL, refused=reason)
        if file_type.table.mode == "merge" and not self.restore:
            return Planned(each, Status.FAIL, refused=_MERGE_REFUSAL if reason else _MERGE_KEEPS)
        planned = self._deletion(each, file_type, Status.FAIL)
        if planned.drops_table or not file_type.table.replaces_rows:
            return planned
        if is_restored:
            return self._restoration(planned)
        lost = "; the rows it replaced are not restored" if reason else "; --restore also restores the rows it replaced"
        return replace(planned, summary=planned.summary + lost)

    def _restoration(self, planned: Planned) -> Planned:
        rows = planned.selected.rows_replaced or 0
        return replace(
            planned, restores=rows, summary=f"{planned.summary}, restore {amount(rows, 'row')} that it replaced"
        )

    def _replay(self, each: SelectedFile, among: Sequence[SelectedFile], *, is_same_again: bool = False) -> Planned:
        """Plan to load a file again; with `is_same_again`, no later load has replaced its rows, nor will it theirs."""
        if each.status == Status.IN_PROGRESS:
            return Planned(each, Status.NEW, refused=unfinished(each))
        planned = self._match_again(each)
        file_type = known_file_type(planned.type_name)
        if planned.refused:
            return planned
        if file_type is None:
            return replace(planned, refused=no_schema(each))
        if not s3_objects.is_there(self.s3, each.file.source()):
            return replace(planned, refused="its object is neither in landing nor in the archive; send the file again")
        if each.loaded_at is not None:
            planned = replace(self._removal(each, file_type), file_type=planned.file_type)
        newer = overtaken(self.queries, each, file_type, among, is_same_again=is_same_again)
        if planned.refused or (newer and not self.older):
            return replace(planned, refused=planned.refused or newer)
        source = "the archive" if each.file.archive_key else "landing"
        replaces = ", replacing newer rows with older ones" if newer else ""
        steps = [planned.summary, f"load from {source}{replaces}"]
        return replace(planned, summary=", ".join(filter(None, steps)), is_older=self.older)

    def _removal(self, each: SelectedFile, file_type: FileType) -> Planned:
        """Plan to take the file's load out before it is loaded again, and to restore the rows that it replaced."""
        planned, reason = self._deletion(each, file_type, Status.NEW), reason_not_to(self.queries, each, file_type)
        if reason and file_type.table.mode == "history":
            return replace(planned, refused=reason)
        return planned if reason or each.rows_replaced is None else self._restoration(planned)

    def _match_again(self, each: SelectedFile) -> Planned:
        """Match a Rejected file against the published schemas again."""
        if each.status != Status.REJECTED:
            return Planned(each, Status.NEW)
        bucket = settings.landing_name(each.file.bucket)
        match = published_index(self.s3).match(each.file.key, each.file.size_bytes, bucket)
        if match.rejected_because:
            return Planned(each, Status.NEW, refused=f"the file would be rejected again: {match.rejected_because}")
        return Planned(each, Status.NEW, f"now matches file type {match.file_type}", file_type=match.file_type)

    def _deletion(self, each: SelectedFile, file_type: FileType, to: Status) -> Planned:
        """Plan to delete exactly the rows of the file's load."""
        load_rows = self.queries.count_rows(each)
        if load_rows and file_type.table.mode == "new_table" and each.table_name != file_type.table.name:
            return Planned(each, to, f"drop table {each.table_name}", load_rows, load_rows, drops_table=True)
        rows = load_rows if len(self.queries.files_of_load(each)) == 1 else each.rows_loaded or 0
        kept = kept_table(file_type.table)
        kept_now = kept if file_type.table.keeps_replaced_seconds and self.queries.has_table(kept) else None
        what = amount(rows, f"row from {each.table_name}", f"rows from {each.table_name}")
        return Planned(each, to, f"delete {what}", rows, load_rows, kept=kept_now)

    def _companions(self, files: Sequence[SelectedFile]) -> list[Companion]:
        """Return the other files of the same COPY, each with the key of the file it was loaded with.

        Their rows have the same `_loaded_at`, so they cannot be deleted separately.
        """
        selected, companions = {each.file.file_id for each in files}, dict[str, tuple[SelectedFile, str]]()
        for each in files:
            for other in self.queries.files_of_load(each):
                if other.file.file_id not in selected:
                    companions.setdefault(other.file.file_id, (other, each.file.key))
        return list(companions.values())

    def _has_all_its_rows(self, each: SelectedFile) -> bool:
        """Return whether later loads have replaced no row of the file's COPY."""
        loaded = sum(other.rows_loaded or 0 for other in self.queries.files_of_load(each))
        return self.queries.count_rows(each) == loaded
