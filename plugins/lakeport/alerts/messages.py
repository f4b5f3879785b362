"""The alerts: each has a title, and labelled facts about what happened, where, why, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol

from lakeport.model import Status
from lakeport.schema.values import RejectLimit

_FILES_IN_TITLE = 3
_FILES_IN_DIGEST = 20
RejectedLine = tuple[str, int, str | None, str | None, str]


class Kind(StrEnum):
    """What an alert is about; its messages look different."""

    FAILED = "failed"
    REJECTED_ROWS = "rejected rows"
    REJECTED_FILES = "rejected on arrival"
    INVALID_SCHEMA = "invalid schema"
    NOT_RECOVERED = "not recovered"
    TEST = "test"


class Alert(Protocol):
    """A message to the receivers that a schema lists under `alerts`."""

    @property
    def kind(self) -> Kind:
        """Return what it is about."""

    @property
    def title(self) -> str:
        """Return a summary in one line."""

    def facts(self) -> list[tuple[str, str]]:
        """Return the details, each as (label, text)."""


@dataclass(frozen=True)
class FailedFile:
    """One file of a failed run."""

    file_id: str
    bucket: str
    key: str
    version_id: str | None
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


@dataclass(frozen=True)
class FailedRun:
    """A failed run, with its first rejected rows as (file_id, line, column, value, reason)."""

    kind: ClassVar[Kind] = Kind.FAILED
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
        """Return a summary in one line."""
        return " ".join(f"{self.file_type}: {_keys(self.files) or 'the run'} failed in {self.task_id}".split())

    @property
    def replay_command(self) -> str:
        """Return the command that loads the files again."""
        lost = [file.file_id[:12] for file in self.files if not file.is_loaded]
        return "./lakeport replay " + (" ".join(lost) or f"--type {self.file_type}")

    @property
    def remedy(self) -> str:
        """Return what to do next."""
        if self.files and all(file.is_loaded for file in self.files):
            return "not needed: the rows are in the table; to archive the files now, run ./lakeport reconcile"
        return f"fix the cause, then clear the run in Airflow, or run {self.replay_command}"

    def facts(self) -> list[tuple[str, str]]:
        """Return the details, each as (label, text)."""
        files = [f"s3://{file.bucket}/{file.key} (version {file.version_id}){file.fate}" for file in self.files]
        return [
            ("File", "\n".join(files) or "none: the run failed before it took a file"),
            ("File type", self.file_type),
            ("Table", self.table_name),
            ("Task", f"{self.task_id} of {self.dag_id}, run {self.run_id}"),
            ("Error", self.error),
            ("First rejected rows", "\n".join(map(_rejected_line, self.rejected)) or "none"),
            ("Log", self.log_url),
            ("To load again", self.remedy),
        ]


@dataclass(frozen=True)
class LoadedFile:
    """One loaded file with its row counts."""

    file_id: str
    key: str
    rows_in_file: int
    rows_rejected: int
    warnings: str = ""
    """The checks that warn of its rows, with examples, one a line."""


@dataclass(frozen=True)
class LoadedRun:
    """A run that loaded its files but rejected more rows than `rejects.warn` allows, or whose checks warn."""

    kind: ClassVar[Kind] = Kind.REJECTED_ROWS
    dag_id: str
    run_id: str
    file_type: str
    table_name: str
    limit: RejectLimit | None
    files: Sequence[LoadedFile]
    rejected: Sequence[RejectedLine]

    @property
    def title(self) -> str:
        """Return a summary in one line."""
        rows, warned = sum(file.rows_rejected for file in self.files), any(file.warnings for file in self.files)
        what = [f"{rows:,} rejected rows"] * bool(rows or not warned) + ["rows that checks warn of"] * warned
        return " ".join(f"{self.file_type}: {_keys(self.files)} loaded with {' and '.join(what)}".split())

    def facts(self) -> list[tuple[str, str]]:
        """Return the details, each as (label, text)."""
        files = [f"{file.key}: {file.rows_rejected:,} of {file.rows_in_file:,} rows" for file in self.files]
        warnings = [f"{file.key}:\n{file.warnings}" for file in self.files if file.warnings]
        return [
            ("Rejected rows", "\n".join(files)),
            *([("Checks", "\n".join(warnings))] if warnings else []),
            ("File type", f"{self.file_type} (rejects.warn: {self.limit})"),
            ("Table", f"{self.table_name} (all other rows are loaded)"),
            ("Run", f"{self.run_id} of {self.dag_id}"),
            ("First rejected rows", "\n".join(map(_rejected_line, self.rejected)) or "none"),
            ("To see them all", f"./lakeport errors --type {self.file_type}"),
        ]


@dataclass(frozen=True)
class RejectedFiles:
    """Files that were rejected when they landed, as (key, reason)."""

    kind: ClassVar[Kind] = Kind.REJECTED_FILES
    files: Sequence[tuple[str, str | None]]

    @property
    def title(self) -> str:
        """Return a summary in one line."""
        if len(self.files) == 1:
            return "1 file was rejected on arrival"
        return f"{len(self.files):,} files were rejected on arrival"

    def facts(self) -> list[tuple[str, str]]:
        """Return the details, each as (label, text)."""
        listed = [f"{key}: {reason}" for key, reason in self.files[:_FILES_IN_DIGEST]]
        others = len(self.files) - len(listed)
        return [
            ("Files", "\n".join(listed) + (f"\nand {others:,} more" if others else "")),
            ("To see them all", f"./lakeport status --status {Status.REJECTED}"),
            (
                "To load one",
                "ask the sender for a file that matches the reason above; or fix the schema, run ./lakeport publish, "
                "then ./lakeport replay FILE_ID",
            ),
        ]


@dataclass(frozen=True)
class InvalidSchema:
    """A schema that is invalid while files of its type wait."""

    kind: ClassVar[Kind] = Kind.INVALID_SCHEMA
    file_type: str
    problems: Sequence[str]
    waiting_files: int

    @property
    def title(self) -> str:
        """Return a summary in one line."""
        files = "1 file waits" if self.waiting_files == 1 else f"{self.waiting_files:,} files wait"
        return f"{self.file_type}: the schema is invalid, and {files} for it"

    def facts(self) -> list[tuple[str, str]]:
        """Return the details, each as (label, text)."""
        return [
            ("Schema", f"schemas/{self.file_type}.yaml"),
            ("Problems", "\n".join(self.problems)),
            (
                "To load the files",
                "fix the schema and deploy it; reconcile starts a run within the hour",
            ),
        ]


@dataclass(frozen=True)
class ReconcileFailed:
    """A run of reconcile that could not fix everything it found."""

    kind: ClassVar[Kind] = Kind.NOT_RECOVERED
    dag_id: str
    run_id: str
    error: str
    log_url: str

    @property
    def title(self) -> str:
        """Return a summary in one line."""
        return "reconcile could not fix everything it found"

    def facts(self) -> list[tuple[str, str]]:
        """Return the details, each as (label, text)."""
        return [
            ("Error", self.error),
            ("Run", f"{self.run_id} of {self.dag_id}"),
            ("Log", self.log_url),
            ("To try again", "fix the cause, then run ./lakeport reconcile"),
        ]


@dataclass(frozen=True)
class DeliveryCheck:
    """A message that only shows that alerts arrive."""

    kind: ClassVar[Kind] = Kind.TEST

    @property
    def title(self) -> str:
        """Return a summary in one line."""
        return "test: alerts of Lakeport arrive here"

    def facts(self) -> list[tuple[str, str]]:
        """Return the details, each as (label, text)."""
        return [
            (
                "Test",
                "nothing failed; DAG check_environment sends this message to the alerts of schemas/_defaults.yaml",
            ),
            ("To do", "nothing"),
        ]


def _keys(files: Sequence[FailedFile] | Sequence[LoadedFile]) -> str:
    others = len(files) - _FILES_IN_TITLE
    keys = ", ".join(file.key for file in files[:_FILES_IN_TITLE])
    return keys + (f" and {others} more" if others > 0 else "")


def _rejected_line(row: RejectedLine) -> str:
    _, line, column, value, reason = row
    return f"line {line if line > 0 else 'unknown'}, column {column or '?'}, value {value!r}: {reason}"
