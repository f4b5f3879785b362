"""Alerts and their receivers as the JSON that mng.alerts keeps until they are sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lakeport.alerts.alert import Alert, Fact, Kind, Link, RejectedRow
from lakeport.mng.file_records import clipped
from lakeport.schema.alerts import Alerts

_TEXT_CHARACTERS = 8000
_MESSAGE_BYTES = 65_535


@dataclass(frozen=True)
class StoredAlert:
    """An alert with its parts made; those read from mng.alerts are cut to the length of the column."""

    kind: Kind
    title: str
    urgency: str
    owner: str
    runbook: str
    stored_facts: Sequence[Fact]
    stored_rows: Sequence[RejectedRow]
    stored_remedy: Fact
    stored_links: Sequence[Link]

    def facts(self) -> Sequence[Fact]:
        """Return what happened, where and why."""
        return self.stored_facts

    def rejected_rows(self) -> Sequence[RejectedRow]:
        """Return the first rejected rows."""
        return self.stored_rows

    def remedy(self) -> Fact:
        """Return what to do next."""
        return self.stored_remedy

    def links(self) -> Sequence[Link]:
        """Return where to look and to act in Airflow's UI."""
        return self.stored_links


def made_once(alert: Alert) -> StoredAlert:
    """Return the alert with its parts made: a rendering that is repeated until it fits would make them again."""
    return StoredAlert(
        alert.kind,
        alert.title,
        alert.urgency,
        alert.owner,
        alert.runbook,
        alert.facts(),
        alert.rejected_rows(),
        alert.remedy(),
        alert.links(),
    )


def as_message(alert: Alert, receivers: Alerts) -> str:
    """Return an alert and its receivers as JSON that fits the column; long texts are cut to the same length."""
    alert, limit = made_once(alert), _TEXT_CHARACTERS
    while True:
        values = {
            "kind": alert.kind,
            "title": alert.title,
            "urgency": alert.urgency,
            "owner": alert.owner,
            "runbook": alert.runbook,
            "facts": alert.facts(),
            "rows": alert.rejected_rows(),
            "remedy": alert.remedy(),
            "links": alert.links(),
            "slack": receivers.slack,
            "email": receivers.email,
        }
        message = str(clipped(json.dumps(_cut(values, limit), ensure_ascii=False), 1 << 30))
        if len(message.encode()) <= _MESSAGE_BYTES:
            return message
        limit //= 2


def from_message(message: str) -> tuple[StoredAlert, Alerts]:
    """Read the JSON that `as_message` wrote; that of earlier versions has fewer keys."""
    values: dict[str, Any] = json.loads(message)
    alert = StoredAlert(
        Kind(values.get("kind", Kind.FAILED)),
        values["title"],
        values.get("urgency", ""),
        values.get("owner", ""),
        values.get("runbook", ""),
        [Fact(*each) for each in values["facts"]],
        [RejectedRow(*each) for each in values.get("rows", ())],
        Fact(*values.get("remedy", ("To do", "see above"))),
        [Link(*each) for each in values.get("links", ())],
    )
    return alert, Alerts(slack=values["slack"], email=tuple(values["email"]))


def _cut(value: Any, limit: int) -> Any:
    """Return a JSON value with its texts cut."""
    if isinstance(value, str):
        return value[:limit]
    if isinstance(value, (list, tuple)):
        return [_cut(each, limit) for each in value]
    return {name: _cut(each, limit) for name, each in value.items()} if isinstance(value, dict) else value
