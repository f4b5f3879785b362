"""What an alert says: what happened, where, why, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lakeport.schema.values import RejectLimit

_FILES_IN_TITLE = 3
_FILES_IN_DIGEST = 20
RejectedLine = tuple[str, int, str | None, str | None, str]


class Alert(Protocol):
    """What a run has to tell people."""

    @property
    def title(self) -> str:
        """Return the alert in one line."""

    def facts(self) -> list[tuple[str, str]]:
        """Return what a person needs, label by label."""


@dataclass(frozen=True)
class FailedFile:
    """One file of a failed run."""

    file_id: str
    bucket: str
    key: str
    version_id: str | None
    is_loaded: bool = False
    """Its rows are in the table, and only archiving it was left to do."""


@dataclass(frozen=True)
class FailedRun:
    """A failed run, with its first rejected rows as (file_id, line, column, value, reason)."""

    dag_id: str
    run_id: str
    file_type: str
    table_name: str
    task_id: str
    error: str
    log_url: str
    files: Sequence[FailedFile]
    rejected: Sequence[RejectedLine]

    @property
    def title(self) -> str:
        """Return the alert in one line."""
        return " ".join(f"{self.file_type}: {_keys(self.files)} failed in {self.task_id}".split())

    @property
    def replay_command(self) -> str:
        """Return the command that loads the files again."""
        lost = [file.file_id[:12] for file in self.files if not file.is_loaded]
        return "./lakeport replay " + (" ".join(lost) or f"--type {self.file_type}")

    @property
    def remedy(self) -> str:
        """Return what a person can do."""
        if self.files and all(file.is_loaded for file in self.files):
            return "nothing: the rows are in the table; reconcile finishes the rest, at once with ./lakeport reconcile"
        return f"{self.replay_command}  (after the cause is mended)"

    def facts(self) -> list[tuple[str, str]]:
        """Return what a person needs, label by label."""
        files = [
            f"s3://{file.bucket}/{file.key} (version {file.version_id})" + ", loaded" * file.is_loaded
            for file in self.files
        ]
        return [
            ("File", "\n".join(files) or "none was taken yet"),
            ("File type", self.file_type),
            ("Table", self.table_name),
            ("Task", f"{self.task_id} of {self.dag_id}, run {self.run_id}"),
            ("Error", self.error),
            ("First rejected rows", "\n".join(map(_rejected_line, self.rejected)) or "none"),
            ("Log", self.log_url),
            ("To load it again", self.remedy),
        ]


@dataclass(frozen=True)
class LoadedFile:
    """One file that was loaded, with its rows."""

    file_id: str
    key: str
    rows_in_file: int
    rows_rejected: int


@dataclass(frozen=True)
class LoadedRun:
    """A run that loaded its files with more rejected rows than people want to hear nothing of."""

    dag_id: str
    run_id: str
    file_type: str
    table_name: str
    limit: RejectLimit | None
    files: Sequence[LoadedFile]
    rejected: Sequence[RejectedLine]

    @property
    def title(self) -> str:
        """Return the alert in one line."""
        rows = sum(file.rows_rejected for file in self.files)
        return " ".join(f"{self.file_type}: {_keys(self.files)} loaded with {rows:,} rejected rows".split())

    def facts(self) -> list[tuple[str, str]]:
        """Return what a person needs, label by label."""
        files = [f"{file.key}: {file.rows_rejected:,} of {file.rows_in_file:,} rows" for file in self.files]
        return [
            ("Rejected", "\n".join(files)),
            ("File type", f"{self.file_type}, which warns of more than {self.limit}"),
            ("Table", f"{self.table_name}, which has all other rows"),
            ("Run", f"{self.run_id} of {self.dag_id}"),
            ("First rejected rows", "\n".join(map(_rejected_line, self.rejected)) or "none"),
            ("To see them all", f"./lakeport errors --type {self.file_type}"),
        ]


@dataclass(frozen=True)
class RejectedFiles:
    """Files that landed and that no file type takes, as (key, reason)."""

    files: Sequence[tuple[str, str | None]]

    @property
    def title(self) -> str:
        """Return the alert in one line."""
        if len(self.files) == 1:
            return "1 file was rejected as it landed"
        return f"{len(self.files):,} files were rejected as they landed"

    def facts(self) -> list[tuple[str, str]]:
        """Return what a person needs, label by label."""
        shown = [f"{key}: {reason}" for key, reason in self.files[:_FILES_IN_DIGEST]]
        others = len(self.files) - len(shown)
        return [
            ("Files", "\n".join(shown) + (f"\nand {others:,} more" if others else "")),
            ("To see them all", "./lakeport status --status Rejected"),
            (
                "To load one",
                "have it sent as a file type takes it, or mend the schema, ./lakeport publish, send it again",
            ),
        ]


@dataclass(frozen=True)
class Unhealed:
    """A reconciliation that could not heal all it found."""

    run_id: str
    error: str
    log_url: str

    @property
    def title(self) -> str:
        """Return the alert in one line."""
        return "reconcile could not do all its work"

    def facts(self) -> list[tuple[str, str]]:
        """Return what a person needs, label by label."""
        return [
            ("Error", self.error),
            ("Run", f"{self.run_id} of reconcile"),
            ("Log", self.log_url),
            ("To try again", "./lakeport reconcile  (after the cause is mended)"),
        ]


def _keys(files: Sequence[FailedFile] | Sequence[LoadedFile]) -> str:
    others = len(files) - _FILES_IN_TITLE
    keys = ", ".join(file.key for file in files[:_FILES_IN_TITLE]) or "no file"
    return keys + (f" and {others} more" if others > 0 else "")


def _rejected_line(row: RejectedLine) -> str:
    _, line, column, value, reason = row
    return f"line {line}, column {column or '?'}, value {value!r}: {reason}"
