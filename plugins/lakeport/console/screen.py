"""Print tables and sentences for people, and JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
LimitOption = Annotated[int, typer.Option(min=1, help="Maximum number of rows to show.")]
_WIDTH_WITHOUT_TERMINAL = 160
_NARROW = 120
_SHORT_CHARACTERS = 12


def console() -> Console:
    """Return a console on the current standard output; without a terminal, tables have a fixed width."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL)


def say(text: str) -> None:
    """Print a text without markup and line breaks."""
    console().print(text, markup=False, highlight=False, soft_wrap=True)


def show(
    titles: Sequence[str] | Mapping[str, str],
    rows: Sequence[Sequence[Any]],
    *,
    as_json: bool = False,
    empty: str = "",
    if_differing: str = "",
    shortened: str = "",
) -> None:
    """Print rows under their titles, or `empty` if there are no rows.

    If `titles` is a mapping, its keys are those of the JSON.  A table leaves out the column `if_differing` if it has
    the same value in every row, and has only the first 12 characters of the column `shortened`.  In a narrow
    terminal, a row of a table that is too wide is printed one value per line, so that ids and times stay whole.
    """
    if as_json:
        show_json([dict(zip(titles, row, strict=True)) for row in rows])
        return
    if not rows and empty:
        say(empty)
        return
    names = [*titles.values()] if isinstance(titles, Mapping) else titles
    if shortened:
        at = names.index(shortened)
        rows = [(*row[:at], row[at][:_SHORT_CHARACTERS], *row[at + 1 :]) for row in rows]
    if if_differing in names and len({row[names.index(if_differing)] for row in rows}) <= 1:
        at = names.index(if_differing)
        names, rows = [*names[:at], *names[at + 1 :]], [(*row[:at], *row[at + 1 :]) for row in rows]
    table, screen = _table(names, rows), console()
    is_too_wide = Measurement.get(screen, screen.options, table).maximum >= screen.width
    if rows and screen.width < _NARROW and is_too_wide:
        _show_one_by_one(names, rows)
    else:
        screen.print(table)


def show_first(
    titles: Sequence[str] | Mapping[str, str], rows: Sequence[Sequence[Any]], limit: int, **options: Any
) -> None:
    """Print up to `limit` rows as `show` does, and on standard error that there are more."""
    show(titles, rows[:limit], **options)
    if len(rows) > limit:
        typer.echo(f"there are more rows than the {limit:,} shown; use --limit to show them", err=True)


def show_json(value: object) -> None:
    """Print a value as JSON, with times in ISO 8601 and decimals as numbers."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_as_json))


def show_problems(problems: Sequence[str]) -> None:
    """Print problems in red, one per line."""
    for problem in problems:
        console().print(problem, style="red", markup=False, highlight=False, soft_wrap=True)


def cell(value: object) -> str:
    """Return a value as text for a table."""
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else str(value)


def _table(titles: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    table = Table()
    for index, title in enumerate(titles):
        values = [row[index] for row in rows if row[index] is not None]
        is_number = bool(values) and all(isinstance(value, int | float | Decimal) for value in values)
        table.add_column(Text(title), overflow="fold", justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*(Text(cell(value)) for value in row))
    return table


def _show_one_by_one(titles: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    width = max(map(len, titles))
    for number, row in enumerate(rows):
        if number:
            say("")
        for title, value in zip(titles, row, strict=True):
            if value not in (None, ""):
                say(f"{title:{width}}  {cell(value)}")


def _as_json(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
