"""Render an alert as a Slack message of Block Kit.

Texts are elements of rich text, which Slack shows unchanged: a file's name cannot mention a user, hide a link or set
words in bold.  Links are text: Slack shows a warning beside a button if the app of the webhook answers no clicks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from lakeport.alerts.alert import Alert, Fact, RejectedRow, clipped, closing, opening, visible
from lakeport.alerts.plain_text import FOOTER, addresses, as_text, slack_escaped, title_of
from lakeport.alerts.storing import made_once

# Slack refuses the whole message if the header is longer, or all blocks together: about 12,000 characters.
_HEADER_CHARACTERS = 150
_MESSAGE_CHARACTERS = 9000
_TEXT_CHARACTERS = 3000
Element = dict[str, Any]


def as_slack(alert: Alert, airflow_url: str) -> dict[str, Any]:
    """Return the alert as one Slack message; long texts are cut to the same length."""
    alert, limit = made_once(alert), _TEXT_CHARACTERS
    text = slack_escaped(as_text(alert, airflow_url), limit)
    while True:
        blocks = list(_blocks(alert, airflow_url, limit))
        if len(json.dumps(blocks, ensure_ascii=False)) <= _MESSAGE_CHARACTERS:
            return {"text": text, "blocks": blocks}
        limit //= 2


def _blocks(alert: Alert, airflow_url: str, limit: int) -> Iterator[Element]:
    title = clipped(" ".join(title_of(alert).split()), _HEADER_CHARACTERS)
    yield {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}}
    yield _rich_text(_fact(fact, limit) for fact in opening(alert))
    if rows := alert.rejected_rows():
        heading = _section([_text("First rejected rows", bold=True)])
        items = [_section(_row(row, limit)) for row in rows]
        yield _rich_text([heading, {"type": "rich_text_list", "style": "bullet", "elements": items}])
    yield _rich_text(_fact(fact, limit) for fact in closing(alert))
    if links := [_link(*each) for each in addresses(alert, airflow_url)]:
        yield _rich_text([_section([each for link in links for each in (_text("  ·  "), link)][1:])])
    yield {"type": "context", "elements": [{"type": "plain_text", "text": FOOTER, "emoji": False}]}


def _fact(fact: Fact, limit: int) -> Element:
    return _section([_text(_cut(fact.label, limit), bold=True), _text(f"\n{_cut(fact.text, limit)}\n")])


def _row(row: RejectedRow, limit: int) -> list[Element]:
    """Return line and column, the reason, and the value marked within its line."""
    limit = min(limit, 200)
    parts = [_text(row.place, bold=True), _text(f": {_cut(row.reason, limit)}\n")]
    parts += [_text(visible(row.before))] if row.before else []
    parts += [_text(_cut(row.value, limit), bold=True, code=True)] if row.value else []
    return parts + ([_text(visible(row.after))] if row.after else [])


def _cut(text: str, limit: int) -> str:
    return clipped(visible(text[: limit + 1]), limit)


def _link(link: Any, address: str) -> Element:
    label = f"\N{BLACK RIGHT-POINTING TRIANGLE} {link.label}" if link.is_action else link.label
    return {"type": "link", "url": address, "text": label, "style": {"bold": link.is_action}}


def _rich_text(elements: Iterable[Element]) -> Element:
    return {"type": "rich_text", "elements": list(elements)}


def _section(elements: list[Element]) -> Element:
    return {"type": "rich_text_section", "elements": elements}


def _text(text: str, **style: bool) -> Element:
    return {"type": "text", "text": text, **({"style": style} if style else {})}
