"""Render an alert as a Slack message, as an e-mail, and as a notification and a text for a topic of SNS."""

from __future__ import annotations

from html import escape
from typing import Any

import lakeport
from lakeport.alerts.messages import Alert, Kind

FOOTER = f"Lakeport {lakeport.__version__}"

# Slack refuses the whole message if one block is longer.
_SLACK_HEADER_CHARACTERS = 150
_SLACK_SECTION_CHARACTERS = 3000
_SLACK_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_SUBJECT_CHARACTERS = 200
_SIGNS = {
    Kind.FAILED: "\N{LARGE RED CIRCLE}",
    Kind.REJECTED_ROWS: "\N{LARGE YELLOW CIRCLE}",
    Kind.REJECTED_FILES: "\N{NO ENTRY}",
    Kind.INVALID_SCHEMA: "\N{LARGE PURPLE CIRCLE}",
    Kind.NOT_RECOVERED: "\N{WARNING SIGN}",
    Kind.TEST: "\N{LARGE GREEN CIRCLE}",
}
_COLORS = {
    Kind.FAILED: "#d64545",
    Kind.REJECTED_ROWS: "#e0a800",
    Kind.REJECTED_FILES: "#8a1f1f",
    Kind.INVALID_SCHEMA: "#7b4bb7",
    Kind.NOT_RECOVERED: "#555555",
    Kind.TEST: "#2f8f4e",
}
_NOTIFICATION_TITLE_CHARACTERS = 250  # of its length, AWS documents nothing
_NOTIFICATION_CHARACTERS = 3000
# SNS takes 256 KB for all texts of a message; as JSON, a character takes up to 14 bytes.
_TEXT_CHARACTERS = 10_000


def as_slack(alert: Alert) -> dict[str, Any]:
    """Return the alert as one Slack message; text from the file cannot mention a user or hide a link."""
    title = _clipped(f"{_SIGNS[alert.kind]} {alert.title}", _SLACK_HEADER_CHARACTERS)
    header = {"type": "plain_text", "text": title, "emoji": False}
    blocks: list[dict[str, Any]] = [{"type": "header", "text": header}]
    for label, text in alert.facts():
        section = _slack_text(f"*{label}*\n{text}", _SLACK_SECTION_CHARACTERS)
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": section}})
    blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": f"_{FOOTER}_"}})
    return {"text": _slack_text(f"Lakeport: {alert.title}", _SLACK_SECTION_CHARACTERS), "blocks": blocks}


def as_email(alert: Alert) -> tuple[str, str]:
    """Return the alert as subject and HTML of an e-mail."""
    rows = "".join(
        f"<tr><th align=left valign=top nowrap>{escape(label)}</th><td>{_email_text(text)}</td></tr>"
        for label, text in alert.facts()
    )
    subject = _clipped(f"Lakeport: {alert.title}", _SUBJECT_CHARACTERS)
    heading = f'<h2 style="border-left: 8px solid {_COLORS[alert.kind]}; padding-left: 8px">{escape(alert.title)}</h2>'
    return subject, f"{heading}<table cellpadding=6>{rows}</table><p>{FOOTER}</p>"


def as_notification(alert: Alert) -> dict[str, Any]:
    """Return the alert as a custom notification, the only kind of message that Amazon Q posts to Slack.

    As in as_slack, text from the file cannot mention a user or hide a link.
    """
    content = {
        "textType": "client-markdown",
        "title": _slack_text(alert.title, _NOTIFICATION_TITLE_CHARACTERS),
        "description": _with_footer(_slack_text(_lines(alert), _NOTIFICATION_CHARACTERS - len(FOOTER) - 1)),
    }
    return {"version": "1.0", "source": "custom", "content": content}


def as_text(alert: Alert) -> str:
    """Return the alert as plain text, for subscribers of a topic."""
    return _with_footer(_clipped(f"{alert.title}\n\n{_lines(alert)}", _TEXT_CHARACTERS))


def _with_footer(text: str) -> str:
    return f"{text}\n{FOOTER}"


def _lines(alert: Alert) -> str:
    return "\n".join(f"{label}: {text}" for label, text in alert.facts())


def _email_text(text: str) -> str:
    html = escape(text)
    if text.startswith("http"):
        html = f'<a href="{html}">{html}</a>'
    return f'<pre style="margin: 0; white-space: pre-wrap">{html}</pre>'


def _clipped(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _slack_text(text: str, limit: int) -> str:
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
