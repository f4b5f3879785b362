"""The alerts that are about no single run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlencode

from lakeport.alerts.alert import OPERATORS, Alert, Fact, Kind, Link, Message, Urgency, clipped, in_one_line
from lakeport.alerts.runbook import place_of
from lakeport.model import Status
from lakeport.settings import command, planned_command
from lakeport.wording import agreeing, amount

_LISTED = 20
_INLINE = 300


@dataclass(frozen=True)
class RejectedFiles(Message):
    """Files that were rejected when they landed, as (key, reason)."""

    kind: ClassVar[Kind] = Kind.REJECTED_FILES
    owner: ClassVar[str] = OPERATORS
    runbook: ClassVar[str] = place_of("N files were rejected on arrival")
    files: Sequence[tuple[str, str | None]]

    @property
    def urgency(self) -> str:
        """Return how soon somebody must act, and why."""
        text = agreeing(len(self.files), "this file is not loaded; it stays", "these files are not loaded; they stay")
        return f"{Urgency.TODAY}: {text} in landing"

    @property
    def title(self) -> str:
        """Return a summary in one line."""
        return f"{amount(len(self.files), 'file was', 'files were')} rejected on arrival"

    def facts(self) -> list[Fact]:
        """Return each file with the reason."""
        return [_of_files([in_one_line(f"{key}: {reason}") for key, reason in self.files])]

    def remedy(self) -> Fact:
        """Return what to do next."""
        return Fact(
            agreeing(len(self.files), "To load it", "To load one"),
            "ask the sender for a file that matches the reason above; or fix the schema, publish or deploy it, then "
            f"run {planned_command('replay FILE_ID')}; {command(f'status --status {Status.REJECTED}')} lists "
            "all rejected files",
        )

    def links(self) -> list[Link]:
        """Return the list of rejected files."""
        return [Link("Rejected files", f"files/?{urlencode({'status': Status.REJECTED})}")]


@dataclass(frozen=True)
class DeadLetters(Message):
    """Events that registration gave up, as the key of each file and what became of it."""

    kind: ClassVar[Kind] = Kind.DEAD_LETTERS
    urgency: ClassVar[str] = f"{Urgency.TODAY}: registration failed five times; its next files may fail too"
    owner: ClassVar[str] = OPERATORS
    runbook: ClassVar[str] = place_of("N events could not be processed by registration")
    files: Sequence[tuple[str, str]]

    @property
    def title(self) -> str:
        """Return a summary in one line."""
        return f"{amount(len(self.files), 'event')} could not be processed by registration"

    def facts(self) -> list[Fact]:
        """Return each file with what became of it."""
        return [_of_files([in_one_line(f"{key}: {outcome}") for key, outcome in self.files])]

    def remedy(self) -> Fact:
        """Return what to do next."""
        text = "find the cause in the log group of register_files; registered files load without further steps"
        return Fact("To do", f"{text}; {command('status FILE')} shows one")

    def links(self) -> list[Link]:
        """Return the page Files."""
        return [Link("Files", "files/")]


@dataclass(frozen=True)
class InvalidSchema(Message):
    """A schema that is invalid while files of its type wait."""

    kind: ClassVar[Kind] = Kind.INVALID_SCHEMA
    urgency: ClassVar[str] = f"{Urgency.TODAY}: no file of this type is loaded until the schema is fixed"
    runbook: ClassVar[str] = place_of("FILE_TYPE: the schema is invalid, and N files wait for it")
    file_type: str
    problems: Sequence[str]
    waiting_files: int
    owner: str = ""

    @property
    def title(self) -> str:
        """Return a summary in one line."""
        files = amount(self.waiting_files, "file waits", "files wait")
        return f"{self.file_type}: the schema is invalid, and {files} for it"

    def facts(self) -> list[Fact]:
        """Return what is wrong with the schema."""
        return [Fact("Schema", f"schemas/{self.file_type}.yaml"), Fact("Problems", "\n".join(self.problems))]

    def remedy(self) -> Fact:
        """Return what to do next."""
        return Fact(
            agreeing(self.waiting_files, "To load the file", "To load the files"),
            "fix the schema and deploy it; reconcile starts a run within the hour",
        )

    def links(self) -> list[Link]:
        """Return the page of the file type."""
        return [Link("Files of this type", f"files/?{urlencode({'type': self.file_type})}")]


@dataclass(frozen=True)
class ReconcileFailed(Message):
    """A run of reconcile that could not fix everything it found."""

    kind: ClassVar[Kind] = Kind.NOT_RECOVERED
    urgency: ClassVar[str] = f"{Urgency.NOW}: if Redshift or Airflow cannot be reached, no file is loaded"
    owner: ClassVar[str] = OPERATORS
    runbook: ClassVar[str] = place_of("reconcile could not fix everything it found")
    dag_id: str
    run_id: str
    error: str
    log_url: str

    @property
    def title(self) -> str:
        """Return a summary in one line."""
        return "reconcile could not fix everything it found"

    def facts(self) -> list[Fact]:
        """Return what it could not fix."""
        return [Fact("Error", self.error), Fact("Run", f"{self.run_id} of {self.dag_id}")]

    def remedy(self) -> Fact:
        """Return what to do next."""
        return Fact("To try again", "fix the cause, then run " + command("reconcile"))

    def links(self) -> list[Link]:
        """Return the log."""
        return [Link("Log", self.log_url)]


@dataclass(frozen=True)
class ManyAlerts(Message):
    """Alerts to the same receivers that are sent as one message, because many came at once or waited to be sent."""

    kind: ClassVar[Kind] = Kind.MANY
    urgency: ClassVar[str] = f"{Urgency.NOW}: failures that come together usually have one cause"
    runbook: ClassVar[str] = place_of("N alerts, M of them about failed runs")
    alerts: Sequence[Alert]

    @property
    def title(self) -> str:
        """Return a summary in one line."""
        failed = sum(each.kind is Kind.FAILED for each in self.alerts)
        runs = agreeing(failed, "a failed run", "failed runs")
        return f"{amount(len(self.alerts), 'alert')}, {failed:,} of them about {runs}"

    def facts(self) -> list[Fact]:
        """Return the title of each alert, then the facts of the first ones."""
        first = [Fact(each.title, _inline(each)) for each in self.alerts[:_LISTED]]
        return [*first, Fact("All", "\n".join(each.title for each in self.alerts))] if self.others else first

    @property
    def owner(self) -> str:
        """Return whose they are."""
        return ", ".join(dict.fromkeys(each.owner for each in self.alerts if each.owner))

    @property
    def others(self) -> int:
        """Return how many alerts are listed by their title only."""
        return max(0, len(self.alerts) - _LISTED)

    def remedy(self) -> Fact:
        """Return what to do next."""
        return Fact(
            "To do",
            "look for a cause that they share, such as Redshift or the network; then replay the failed files of each "
            "type: run " + planned_command("replay --type FILE_TYPE"),
        )

    def links(self) -> list[Link]:
        """Return the failed files, and the DAG that replays them."""
        failed = f"files/?{urlencode({'status': Status.FAIL})}"
        return [Link("Failed files", failed), Link("Replay", "dags/replay", is_action=True)]


@dataclass(frozen=True)
class DeliveryCheck(Message):
    """A message that only shows that alerts arrive."""

    kind: ClassVar[Kind] = Kind.TEST
    urgency: ClassVar[str] = Urgency.NONE
    owner: ClassVar[str] = OPERATORS
    runbook: ClassVar[str] = place_of("test: alerts of Lakeport arrive here")

    @property
    def title(self) -> str:
        """Return a summary in one line."""
        return "test: alerts of Lakeport arrive here"

    def facts(self) -> list[Fact]:
        """Return where it comes from."""
        text = "nothing failed; DAG check_environment sends this message to the alerts of schemas/_defaults.yaml"
        return [Fact("Test", text)]

    def remedy(self) -> Fact:
        """Return that nothing is to be done."""
        return Fact("To do", "nothing")

    def links(self) -> list[Link]:
        """Return the page Files, so that the test shows whether links of alerts lead there."""
        return [Link("Files", "files/")]


def _inline(alert: Alert) -> str:
    """Return the facts of an alert in one text, without the type, which its title has."""
    return "\n".join(clipped(each.text, _INLINE) for each in alert.facts() if each.label not in ("File type", "Table"))


def _of_files(texts: Sequence[str]) -> Fact:
    """Return the texts about the first files, and how many more there are."""
    others = len(texts) - _LISTED
    more = f"\nand {others:,} more" if others > 0 else ""
    return Fact(agreeing(len(texts), "File"), "\n".join(texts[:_LISTED]) + more)
