"""Render an alert as a Slack message and as an e-mail."""

from __future__ import annotations

from html import escape
from typing import Any

from lakeport.alerts.messages import Alert

# Slack refuses a whole message for one block that is longer.
_SLACK_HEADER_CHARACTERS = 150


_SLACK_SECTION_CHARACTERS = 3000


_SLACK_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


_SUBJECT_CHARACTERS = 200


def as_slack(run: Alert) -> dict[str, Any]:
    """Return the run as one Slack message; text that came with the file mentions nobody and hides no link."""
    header = {"type": "plain_text", "text": _clipped(run.title, _SLACK_HEADER_CHARACTERS), "emoji": False}
    blocks: list[dict[str, Any]] = [{"type": "header", "text": header}]
    for label, text in run.facts():
        shown = _slack_text(f"*{label}*\n{text}", _SLACK_SECTION_CHARACTERS)
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": shown}})
    return {"text": _slack_text(f"Lakeport: {run.title}", _SLACK_SECTION_CHARACTERS), "blocks": blocks}


def as_email(run: Alert) -> tuple[str, str]:
    """Return the run as an e-mail's subject and HTML."""
    rows = "".join(
        f"<tr><th align=left valign=top nowrap>{escape(label)}</th><td>{_email_text(text)}</td></tr>"
        for label, text in run.facts()
    )
    subject = _clipped(f"Lakeport: {run.title}", _SUBJECT_CHARACTERS)
    return subject, f"<h2>{escape(run.title)}</h2><table cellpadding=6>{rows}</table>"


def _email_text(text: str) -> str:
    shown = escape(text)
    if text.startswith("http"):
        shown = f'<a href="{shown}">{shown}</a>'
    return f'<pre style="margin: 0; white-space: pre-wrap">{shown}</pre>'


def _clipped(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _slack_text(text: str, limit: int) -> str:
    """Escape a text for mrkdwn; what is over the limit is cut between characters, never within an entity."""
    shown: list[str] = []
    room = limit - 1
    for character in text:
        entity = _SLACK_ENTITIES.get(character, character)
        room -= len(entity)
        if room < 0:
            return "".join(shown) + "…"
        shown.append(entity)
    return "".join(shown)
