"""The alerts about runs that loaded files: with rejected rows, or after the files had failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from lakeport.alerts.alert import Fact, Kind, Link, Message, RejectedRow, Urgency, in_one_line
from lakeport.alerts.run_messages import links_of, size_text, title_keys
from lakeport.alerts.runbook import place_of
from lakeport.schema.values import RejectLimit
from lakeport.settings import command
from lakeport.wording import agreeing, amount, share


@dataclass(frozen=True)
class LoadedFile:
    """One loaded file with its row counts."""

    file_id: str
    key: str
    size_bytes: int
    rows_in_file: int
    rows_rejected: int
    warnings: str = ""
    """The checks that warn of its rows, with examples, one a line."""


@dataclass(frozen=True)
class LoadedRun(Message):
    """A run that loaded its files but rejected more rows than `rejects.warn` allows, or whose checks warn."""

    kind: ClassVar[Kind] = Kind.REJECTED_ROWS
    dag_id: str
    run_id: str
    file_type: str
    table_name: str
    limit: RejectLimit | None
    files: Sequence[LoadedFile]
    rejected: Sequence[RejectedRow]
    owner: str = ""
    urgency: ClassVar[str] = f"{Urgency.THIS_WEEK}: all other rows are in the table"
    runbook: ClassVar[str] = place_of("FILE_TYPE: FILE loaded with N rejected rows")

    @property
    def title(self) -> str:
        """Return a summary in one line."""
        rows, warned = sum(file.rows_rejected for file in self.files), any(file.warnings for file in self.files)
        what = [amount(rows, "rejected row")] * bool(rows or not warned) + ["rows that checks warn of"] * warned
        return " ".join(f"{self.file_type}: {title_keys(self.files)} loaded with {' and '.join(what)}".split())

    def facts(self) -> list[Fact]:
        """Return what happened, where and why."""
        counts = [share(file.rows_rejected, file.rows_in_file, "row") for file in self.files]
        files = [
            f"{in_one_line(file.key)}: {count}, {size_text(file.size_bytes)}"
            for file, count in zip(self.files, counts, strict=True)
        ]
        warnings = [f"{in_one_line(file.key)}:\n{file.warnings}" for file in self.files if file.warnings]
        return [
            Fact("Rejected rows", "\n".join(files)),
            *([Fact("Checks", "\n".join(warnings))] if warnings else []),
            Fact("File type", f"{self.file_type} (rejects.warn: {self.limit})"),
            Fact("Table", f"{self.table_name} (all other rows are loaded)"),
            Fact("Run", f"{self.run_id} of {self.dag_id}"),
        ]

    def rejected_rows(self) -> Sequence[RejectedRow]:
        """Return the first rejected rows."""
        return self.rejected

    def remedy(self) -> Fact:
        """Return what to do next."""
        is_one, rows = len(self.files) == 1, sum(file.rows_rejected for file in self.files)
        named = self.files[0].file_id[:12] if is_one else f"--type {self.file_type}"
        label = agreeing(rows, "To see it", "To see them all")
        return Fact(label, command(f"errors {named} --limit {max(rows, 1)}"))

    def links(self) -> list[Link]:
        """Return the file's page."""
        return links_of(self.file_type, self.run_id, [file.file_id for file in self.files], [])


@dataclass(frozen=True)
class RecoveredFile:
    """One file that an alert named as failed and that is loaded now."""

    file_id: str
    key: str
    rows_loaded: int


@dataclass(frozen=True)
class RecoveredRun(Message):
    """A run that loaded files that an alert has named as failed."""

    kind: ClassVar[Kind] = Kind.RECOVERED
    dag_id: str
    run_id: str
    file_type: str
    table_name: str
    files: Sequence[RecoveredFile]
    owner: str = ""
    urgency: ClassVar[str] = Urgency.NONE
    runbook: ClassVar[str] = place_of("FILE_TYPE: FILE is Done after failing")

    @property
    def title(self) -> str:
        """Return a summary in one line."""
        verb = agreeing(len(self.files), "is", "are")
        return " ".join(f"{self.file_type}: {title_keys(self.files)} {verb} Done after failing".split())

    def facts(self) -> list[Fact]:
        """Return what is loaded, and where."""
        return [
            Fact(
                "Loaded",
                "\n".join(f"{in_one_line(file.key)}: {amount(file.rows_loaded, 'row')}" for file in self.files),
            ),
            Fact("File type", f"{self.file_type}, table {self.table_name}"),
            Fact("Run", f"{self.run_id} of {self.dag_id}"),
        ]

    def remedy(self) -> Fact:
        """Return that nothing is to be done."""
        return Fact("To do", "nothing")

    def links(self) -> list[Link]:
        """Return the file's page."""
        return links_of(self.file_type, self.run_id, [file.file_id for file in self.files], [])
