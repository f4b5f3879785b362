"""Quote a value from a schema: its text in the file, and the value that YAML reads if that differs."""

from __future__ import annotations

import datetime as dt

_MAX_CHARACTERS = 60


def meant(given: object, raw: str | None, wanted: str = "") -> str:
    """Return the value as written, and as YAML reads it if that differs."""
    if given is None and not raw:
        return "empty"
    if raw is None or isinstance(given, str):
        return quoted(given) + _unlike(wanted)
    read_as = kind_of(given)
    is_plain = raw == read_as.removeprefix("the number ")
    return (raw + _unlike(wanted) if is_plain else f"{raw}, which YAML reads as {read_as}") + _hint_to_quote(
        raw, wanted
    )


def kind_of(given: object) -> str:
    """Return what YAML reads a value as: true, a number, a date, null, a text."""
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, int | float):
        return f"the number {given}"
    if isinstance(given, dt.date):
        return "a date"
    return "null" if given is None else quoted(given)


def quoted(given: object) -> str:
    """Return a value in quotes, with at most 60 characters."""
    text = repr(given)
    return text if len(text) <= _MAX_CHARACTERS else f"{text[: _MAX_CHARACTERS - 3]}..."


def _unlike(wanted: str) -> str:
    return f", not {wanted}" if wanted else ""


def _hint_to_quote(raw: str, wanted: str) -> str:
    return f'; for text write it in quotes: "{raw}"' if wanted else ""
