"""Print tables and sentences for people, and JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
_WIDTH_WITHOUT_TERMINAL = 160


def console() -> Console:
    """Return a console on the current standard output; without a terminal, tables have a fixed width."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL)


def say(text: str) -> None:
    """Print a text without markup and line breaks."""
    console().print(text, markup=False, highlight=False, soft_wrap=True)


def show(titles: Sequence[str], rows: Sequence[Sequence[Any]], *, as_json: bool = False, empty: str = "") -> None:
    """Print rows under their titles, or `empty` if there are no rows."""
    if as_json:
        show_json([dict(zip(titles, row, strict=True)) for row in rows])
    elif not rows and empty:
        say(empty)
    else:
        _show_table(titles, rows)


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


def _show_table(titles: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    table = Table()
    for index, title in enumerate(titles):
        values = [row[index] for row in rows if row[index] is not None]
        is_number = bool(values) and all(isinstance(value, int | float | Decimal) for value in values)
        table.add_column(Text(title), overflow="fold", justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*(Text(cell(value)) for value in row))
    console().print(table)


def _as_json(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
