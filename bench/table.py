"""The rows of `make bench`, and how they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from local.config import REPOSITORY

PAGE = REPOSITORY / "docs" / "performance.md"
PICTURE = REPOSITORY / "docs" / "images" / "performance.svg"
TITLES = ("what", "measured", "peer or limit, same run", "to reach", "reached")
_BAR, _LINE, _LEFT, _MOST = 300, 24, 440, 3.0
_BEGIN, _END = "<!-- made by `make bench BENCH_OPTIONS=--write` -->", "<!-- end -->"


@dataclass(frozen=True)
class Row:
    """One measurement; `share` is 1 where the goal is just reached, and more where it is missed."""

    what: str
    measured: str
    peer: str
    to_reach: str
    share: float | None = None
    """None where it could not be measured."""
    meaning: str = ""
    """What the row means for those who use Lakeport."""
    where: str = ""
    """Where the time or memory goes, for a goal that is missed."""

    @property
    def reached(self) -> str:
        """Return yes or no, or that it was not measured."""
        return "not measured" if self.share is None else "yes" if self.share <= 1 else "no"

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """Return the texts of the row, by TITLES."""
        return self.what, self.measured, self.peer, self.to_reach, self.reached


def write_page(rows: Sequence[Row], machine: str) -> None:
    """Write the measured part of docs/performance.md, and its picture."""
    before, _, rest = PAGE.read_text().partition(_BEGIN)
    after = rest.partition(_END)[2]
    PAGE.write_text("\n".join([f"{before}{_BEGIN}", "", *page(rows, machine), "", f"{_END}{after}"]))
    PICTURE.write_text(picture(rows))


def page(rows: Sequence[Row], machine: str) -> list[str]:
    """Return the lines of the table, what each row means, and where the time goes in the rows that miss their goal."""
    missed = [row for row in rows if row.share is not None and row.share > 1]
    return [
        f"Measured on {machine}.",
        "",
        _line(TITLES),
        _line(["---"] * len(TITLES)),
        *(_line(row.cells) for row in rows),
        *["", "## What the rows mean for you", "", *_explained(rows, "meaning")],
        *["", "## Where the time goes in the rows that are not reached", "", *_explained(missed, "where")],
    ]


def _explained(rows: Sequence[Row], field: str) -> list[str]:
    """Return a list item for each text, with the rows that share it."""
    by_text: dict[str, dict[str, None]] = {}
    for row in rows:
        by_text.setdefault(getattr(row, field), {})[row.what] = None
    return [f"- **{'; '.join(names)}**: {text or 'not explained yet'}" for text, names in by_text.items()] or ["None."]


def picture(rows: Sequence[Row]) -> str:
    """Return the shares as bars in SVG; the line is where a goal is just reached."""
    measured = [row for row in rows if row.share is not None]
    height, goal = _LINE * (len(measured) + 2), _LEFT + _BAR / _MOST
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _BAR + 60}" height="{height}"']
    parts[0] += ' font-family="sans-serif" font-size="12">'
    for number, row in enumerate(measured, start=1):
        share = row.share or 0.0
        width, y = min(share, _MOST) * _BAR / _MOST, number * _LINE
        colour = "#2a7f62" if share <= 1 else "#b3442e"
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(row.what)}</text>')
        parts.append(f'<rect x="{_LEFT}" y="{y}" width="{width:.0f}" height="16" fill="{colour}"/>')
        parts.append(f'<text x="{_LEFT + width + 4:.0f}" y="{y + 13}">{share:.2f}</text>')
    parts.append(f'<line x1="{goal:.0f}" y1="8" x2="{goal:.0f}" y2="{height}" stroke="#333" stroke-dasharray="4 3"/>')
    parts.append(f'<text x="{goal + 4:.0f}" y="16">goal</text></svg>')
    return "\n".join(parts) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
