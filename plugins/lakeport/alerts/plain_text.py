"""Render an alert as plain text: for e-mails, for Slack's notifications, and for a topic of SNS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import lakeport
from lakeport.alerts.alert import Alert, Kind, Link, RejectedRow, clipped, closing, in_one_line, opening, visible

FOOTER = f"Lakeport {lakeport.__version__}"
SIGNS = {
    Kind.FAILED: "\N{LARGE RED CIRCLE}",
    Kind.REJECTED_ROWS: "\N{LARGE YELLOW CIRCLE}",
    Kind.REJECTED_FILES: "\N{NO ENTRY}",
    Kind.DEAD_LETTERS: "\N{OPEN MAILBOX WITH LOWERED FLAG}",
    Kind.INVALID_SCHEMA: "\N{LARGE PURPLE CIRCLE}",
    Kind.NOT_RECOVERED: "\N{WARNING SIGN}",
    Kind.RECOVERED: "\N{WHITE HEAVY CHECK MARK}",
    Kind.MANY: "\N{POLICE CARS REVOLVING LIGHT}",
    Kind.TEST: "\N{LARGE BLUE CIRCLE}",
}
_SLACK_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_NOTIFICATION_TITLE_CHARACTERS = 250  # of its length, AWS documents nothing
_NOTIFICATION_CHARACTERS = 3000
# SNS takes 256 KB for all texts of a message; as JSON, a character takes up to 14 bytes.
_TEXT_CHARACTERS = 10_000


def as_text(alert: Alert, airflow_url: str) -> str:
    """Return the alert as plain text."""
    text = f"{alert.title}\n\n{_lines(alert, airflow_url)}"[: _TEXT_CHARACTERS + 1]
    return f"{clipped(visible(text), _TEXT_CHARACTERS)}\n{FOOTER}"


def as_notification(alert: Alert, airflow_url: str) -> dict[str, Any]:
    """Return the alert as a custom notification, the only kind of message that Amazon Q posts to Slack.

    Text from the file cannot mention a user or hide a link.
    """
    room = _NOTIFICATION_CHARACTERS - len(FOOTER) - 1
    text = slack_escaped(visible(_lines(alert, airflow_url)[:_NOTIFICATION_CHARACTERS]), room)
    content = {
        "textType": "client-markdown",
        "title": slack_escaped(title_of(alert), _NOTIFICATION_TITLE_CHARACTERS),
        "description": f"{text}\n{FOOTER}",
    }
    return {"version": "1.0", "source": "custom", "content": content}


def title_of(alert: Alert) -> str:
    """Return the title after the sign of its kind."""
    return f"{SIGNS[alert.kind]} {visible(alert.title)}"


def addresses(alert: Alert, airflow_url: str) -> Iterator[tuple[Link, str]]:
    """Yield each link with its whole address; without Airflow's URL only those that need none."""
    base = f"{airflow_url.rstrip('/')}/" if airflow_url else ""
    for link in alert.links():
        address = urljoin(base, link.address)
        if address.startswith(("http://", "https://")):
            yield link, address


def slack_escaped(text: str, limit: int) -> str:
    """Escape a text for mrkdwn and cut it to the limit, never within an entity."""
    escaped: list[str] = []
    room = limit - 1
    for character in text:
        entity = _SLACK_ENTITIES.get(character, character)
        room -= len(entity)
        if room < 0:
            return "".join(escaped) + "…"
        escaped.append(entity)
    return "".join(escaped)


def _lines(alert: Alert, airflow_url: str) -> str:
    lines = [_indented(*fact) for fact in opening(alert)]
    if rows := alert.rejected_rows():
        lines += ["First rejected rows:", *map(_row, rows)]
    lines += [_indented(*fact) for fact in closing(alert)]
    lines += [f"{link.label}: {address}" for link, address in addresses(alert, airflow_url)]
    return "\n".join(lines)


def _indented(label: str, text: str) -> str:
    """Return a fact whose further lines are indented, so that no text from a file can begin one like a fact."""
    return f"{label}: {text}".replace("\n", "\n    ")


def _row(row: RejectedRow) -> str:
    value = "" if row.value is None else f", value {row.value!r}"
    return f"{row.place}{value}: {in_one_line(row.reason)}"
