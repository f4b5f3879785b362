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


@dataclass(frozen=True)
class Row:
    """One measurement; `share` is 1 where the goal is just reached, and more where it is missed."""

    what: str
    measured: str
    peer: str
    to_reach: str
    share: float | None = None
    """None where it could not be measured."""

    @property
    def reached(self) -> str:
        """Return yes or no, or that it was not measured."""
        return "not measured" if self.share is None else "yes" if self.share <= 1 else "no"

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """Return the texts of the row, by TITLES."""
        return self.what, self.measured, self.peer, self.to_reach, self.reached


def write_page(rows: Sequence[Row], machine: str) -> None:
    """Write docs/performance.md and its picture."""
    lines = ["# Performance", "", "`make bench BENCH_OPTIONS=--write` writes this page."]
    lines += [f"It was last written on {machine}.", "", "Seconds depend on the machine and on what else it does."]
    lines += ["Compare a row with the peer or the limit beside it, which was measured in the same run."]
    lines += ["Nothing was measured on AWS.", ""]
    lines += ["![How much of each limit is used](images/performance.svg)", ""]
    lines += [_line(TITLES), _line(["---"] * len(TITLES)), *(_line(row.cells) for row in rows)]
    PAGE.write_text("\n".join(lines) + "\n")
    PICTURE.write_text(picture(rows))


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
