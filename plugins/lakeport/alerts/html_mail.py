"""Render an alert as an e-mail in HTML that fits the width of a phone."""

from __future__ import annotations

from html import escape

from lakeport.alerts.alert import Alert, Fact, Kind, RejectedRow, clipped, closing, opening, visible
from lakeport.alerts.plain_text import FOOTER, addresses

_SUBJECT_CHARACTERS = 200
_COLORS = {
    Kind.FAILED: "#c62f2f",
    Kind.REJECTED_ROWS: "#a87400",
    Kind.REJECTED_FILES: "#7a1f1f",
    Kind.DEAD_LETTERS: "#0f6b78",
    Kind.INVALID_SCHEMA: "#6a3fb0",
    Kind.NOT_RECOVERED: "#4a4a4a",
    Kind.RECOVERED: "#1f7a43",
    Kind.MANY: "#a02070",
    Kind.TEST: "#2563b0",
}
_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.45"
_CODE = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px"
_WRAP = "white-space:pre-wrap;overflow-wrap:anywhere;word-break:break-word"
_LINK = "color:#2563b0;padding:9px 0"
_DARK = (
    "@media (prefers-color-scheme:dark){"
    ".page{background:#14181d!important;color:#e6e9ed!important}"
    ".card{background:#20262d!important}"
    ".kind{color:#e6e9ed!important}"
    ".label{color:#9aa5b1!important}"
    ".line{border-color:#3a434d!important}"
    ".value{background:#7a2420!important;color:#ffe3e0!important}"
    ".link{color:#8fbcf7!important}}"
)
"""The colours where a mail program has a dark theme and reads styles; the others keep those of the elements."""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">\
<meta name="color-scheme" content="light dark"><title>{title}</title><style>{dark}</style></head>
<body class="page" style="margin:0;background:#eef0f3;color:#1c2530;{font}">
<div style="max-width:600px;margin:0 auto;padding:12px 8px">
<div class="card" style="background:#ffffff;border-top:6px solid {color};border-radius:4px;padding:14px 16px">
<div class="kind" style="color:{color};font-size:12px;font-weight:700;text-transform:uppercase">{kind}</div>
<h1 style="font-size:18px;line-height:1.3;margin:4px 0 12px;{wrap}"><bdi>{title}</bdi></h1>
{body}
</div>
<p class="label" style="color:#5f6975;font-size:12px;margin:10px 16px">{footer}</p>
</div></body></html>
"""


def as_email(alert: Alert, airflow_url: str) -> tuple[str, str]:
    """Return the alert as subject and HTML of an e-mail."""
    title = visible(alert.title)
    parts = [*map(_fact, opening(alert)), _rows(alert), *map(_fact, closing(alert)), _links(alert, airflow_url)]
    body = "\n".join(parts)
    html = _PAGE.format(
        title=escape(title),
        kind=escape(alert.kind),
        color=_COLORS[alert.kind],
        body=body,
        dark=_DARK,
        footer=escape(FOOTER),
        font=_FONT,
        wrap=_WRAP,
    )
    return clipped(f"Lakeport: {title}", _SUBJECT_CHARACTERS), html


def _fact(fact: Fact) -> str:
    label = f'<div class="label" style="color:#5f6975;font-size:12px">{escape(visible(fact.label))}</div>'
    return f'{label}<div style="margin:0 0 10px;{_WRAP}"><bdi>{escape(visible(fact.text))}</bdi></div>'


def _rows(alert: Alert) -> str:
    """Return the table of the first rejected rows, each with its value marked in its line."""
    rows = "".join(map(_row, alert.rejected_rows()))
    if not rows:
        return ""
    style = "padding:4px 6px;color:#5f6975;font-size:12px;font-weight:400"
    heads = "".join(
        f'<th align="left" class="label" style="{style}">{each}</th>' for each in ("Line", "First rejected rows")
    )
    style = "width:100%;border-collapse:collapse;margin:0 0 12px;border-bottom:1px solid #d8dde3"
    return f'<table class="line" cellpadding="0" cellspacing="0" style="{style}"><tr>{heads}</tr>{rows}</table>'


def _row(row: RejectedRow) -> str:
    line = f"{row.line_number:,}" if row.line_number > 0 else "?"
    mark = "background:#ffd9d6;color:#8c1410;font-weight:700;padding:0 2px"
    value = f'<mark class="value" style="{mark}"><bdi>{escape(visible(row.value))}</bdi></mark>' if row.value else ""
    excerpt = f"{escape(visible(row.before))}{value}{escape(visible(row.after))}"
    text = f"<b>{escape(visible(row.column or '?'))}</b>: {escape(visible(row.reason))}"
    text += f'<br><code style="{_CODE};{_WRAP}">{excerpt}</code>' if excerpt else ""
    style = f"padding:6px;border-top:1px solid #d8dde3;vertical-align:top;font-size:13px;{_WRAP}"
    return (
        f'<tr><td class="line" style="{style};white-space:nowrap;word-break:normal">{line}</td>'
        f'<td class="line" style="{style}">{text}</td></tr>'
    )


def _links(alert: Alert, airflow_url: str) -> str:
    links = []
    for link, address in addresses(alert, airflow_url):
        look = f"background:{_COLORS[alert.kind]};color:#ffffff;padding:9px 14px" if link.is_action else _LINK
        style = f"display:inline-block;margin-right:12px;border-radius:4px;text-decoration:none;font-weight:600;{look}"
        kind = "action" if link.is_action else "link"
        links.append(f'<a class="{kind}" href="{escape(address)}" style="{style}">{escape(link.label)}</a>')
    return f"<div>{' '.join(links)}</div>"
