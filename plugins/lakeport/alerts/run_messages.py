"""The alert about a failed run, and what all alerts about runs share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol
from urllib.parse import urlencode

from lakeport.alerts.alert import Fact, Kind, Link, Message, RejectedRow, Urgency, in_one_line
from lakeport.alerts.runbook import HEADINGS, Family, place_of
from lakeport.model import dag_id_of
from lakeport.schema.file_type import FileType
from lakeport.settings import command, planned_command
from lakeport.wording import agreeing

_FILES_IN_TITLE = 3


class Keyed(Protocol):
    """A file of an alert."""

    @property
    def key(self) -> str:
        """Return its key."""


@dataclass(frozen=True)
class FailedFile:
    """One file of a failed run."""

    file_id: str
    bucket: str
    key: str
    version_id: str | None
    size_bytes: int
    is_loaded: bool = False
    """Whether its load was committed."""
    has_failed: bool = True
    """Whether it was Fail; if not, only archiving it is left to do."""

    @property
    def fate(self) -> str:
        """Return what has become of the file, if it is loaded."""
        if not self.is_loaded:
            return ""
        return ", since loaded" if self.has_failed else ", loaded"

    def __str__(self) -> str:
        size = size_text(self.size_bytes)
        return f"s3://{self.bucket}/{in_one_line(self.key)} (version {self.version_id}){self.fate}, {size}"


@dataclass(frozen=True)
class FailedRun(Message):
    """A failed run, with the first rejected rows of its files."""

    kind: ClassVar[Kind] = Kind.FAILED
    dag_id: str
    run_id: str
    file_type: str
    table_name: str
    task_id: str
    error: str
    log_url: str
    files: Sequence[FailedFile]
    rejected: Sequence[RejectedRow]
    owner: str = ""
    family: str = Family.OTHER

    @property
    def urgency(self) -> str:
        """Return how soon somebody must act, and why."""
        kept = agreeing(len(self.files), "the file is kept", "the files are kept")
        if self.family == Family.ROWS:
            return f"{Urgency.TODAY}: rows that were loaded are no longer in the table; {kept}"
        if self.files and not self.unloaded:
            return f"{Urgency.THIS_WEEK}: the rows are in the table, only the archive lacks {self._the_files}"
        return f"{Urgency.TODAY}: the rows are not in the table; {kept}"

    @property
    def runbook(self) -> str:
        """Return the path of the runbook's entry that helps."""
        is_of_rows = self.family == Family.FILE and self.rejected  # of several files the reasons are in one error
        family = Family.REJECTS if is_of_rows else self.family
        return place_of(HEADINGS.get(family, HEADINGS[Family.OTHER]))

    @property
    def title(self) -> str:
        """Return a summary in one line."""
        return " ".join(f"{self.file_type}: {title_keys(self.files) or 'the run'} failed in {self.task_id}".split())

    @property
    def unloaded(self) -> list[str]:
        """Return the ids of the files that can be loaded again."""
        return [file.file_id for file in self.files if not file.is_loaded]

    @property
    def _the_files(self) -> str:
        return agreeing(len(self.files), "the file", "the files")

    @property
    def replay_command(self) -> str:
        """Return the command that loads the files again, and what it shows first."""
        selected = " ".join(each[:12] for each in self.unloaded) or f"--type {self.file_type}"
        return planned_command(f"replay {selected}")

    def facts(self) -> list[Fact]:
        """Return what happened, where and why."""
        files = "\n".join(map(str, self.files)) or "none: the run failed before it took a file"
        return [
            Fact(f"{len(self.files)} files" if len(self.files) > 1 else "File", files),
            Fact("File type", f"{self.file_type}, table {self.table_name}"),
            Fact("Task", f"{self.task_id} of {self.dag_id}, run {self.run_id}"),
            Fact("Error", self._error_text()),
        ]

    def _error_text(self) -> str:
        """Return the error with each key in one line: a line end in a key must not look like the next line."""
        text = self.error
        for key in sorted({file.key for file in self.files}, key=len, reverse=True):
            text = text.replace(key, in_one_line(key))
        return text

    def rejected_rows(self) -> Sequence[RejectedRow]:
        """Return the first rejected rows."""
        return self.rejected

    def remedy(self) -> Fact:
        """Return what to do next."""
        if self.files and not self.unloaded and self.family == Family.ROWS:
            them = agreeing(len(self.files), "it", "them")
            gone = f"{self._the_files} whose rows are gone"
            text = f"run {command('reconcile')}, which sets {gone} to Fail, then replay {them}"
        elif self.files and not self.unloaded:
            text = (
                f"not needed: the rows are in the table; to archive {self._the_files} now, run {command('reconcile')}"
            )
        else:
            replay = ", or open Replay and approve the plan that it makes" if self.unloaded else ""
            is_of_file = self.unloaded and self.family in (Family.REJECTS, Family.CHECKS, Family.FILE, Family.KEYS)
            wrong = f"if {agreeing(len(self.files), 'the', 'a')} file is wrong"
            another = f"{wrong}, ask its sender for a corrected one, which loads when it lands"
            first = f"{another}; or fix the schema" if is_of_file else "fix the cause"
            text = f"{first}, then press Clear on the run in Airflow{replay}, or run {self.replay_command}"
        return Fact("To load again", text)

    def links(self) -> list[Link]:
        """Return the file's page, its replay, and the log."""
        links = links_of(self.file_type, self.run_id, [file.file_id for file in self.files], self.unloaded)
        return [*links, Link("Log", self.log_url)]


def owner_of(file_type: FileType | None) -> str:
    """Return who is responsible for the files of a type, as its schema says."""
    return file_type.owner if file_type else "unknown, because the schema is missing or invalid"


def size_text(size_bytes: int) -> str:
    """Return a size as people read it, as in 1.5 MB."""
    value = float(size_bytes)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000:  # noqa: PLR2004 - a thousand of a unit are one of the next
            return f"{value:.1f} {unit}" if value < 10 and unit != "B" else f"{value:.0f} {unit}"  # noqa: PLR2004
        value /= 1000
    return f"{value:,.1f} TB"


def links_of(file_type: str, run_id: str, file_ids: Sequence[str], unloaded: Sequence[str]) -> list[Link]:
    """Return the page of the file, or of the files of a run, and where to replay those that are not loaded."""
    if len(file_ids) == 1:
        page = {"type": file_type, "file": file_ids[0]}
        links = [Link("See the file", f"files/?{urlencode(page)}")]
        replay = f"files/?{urlencode({**page, 'action': 'replay'})}"
    else:
        page = {"dag": dag_id_of(file_type), **({"run": run_id} if file_ids else {})}
        links = [Link("See the files", f"files/?{urlencode(page)}")]
        replay = "dags/replay"
    return [Link("Replay", replay, is_action=True), *links] if unloaded else links


def title_keys(files: Sequence[Keyed]) -> str:
    """Return the keys of the first files, and how many more there are."""
    others = len(files) - _FILES_IN_TITLE
    keys = ", ".join(file.key for file in files[:_FILES_IN_TITLE])
    return keys + (f" and {others} more" if others > 0 else "")
