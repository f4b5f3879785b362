"""The columns that a file's object fills: what `columns[].from` may say, and the values of one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lakeport.schema.column import Column

CAPTURED = "captured."
_TEXTS = ("varchar",)
_NUMBERS = ("smallint", "integer", "bigint")
_TIMES = ("timestamp", "timestamptz")


def objections_to_facts(columns: Sequence[Column], captures: Mapping[str, str | None]) -> Iterator[str]:
    """Yield why columns cannot have their `from`; `captures` are the names in the pattern, with formats of dates."""
    for column in columns:
        if column.from_ is None:
            continue
        name = column.from_.removeprefix(CAPTURED)
        if column.from_.startswith(CAPTURED) and name not in captures:
            known = ", ".join(f"{CAPTURED}{each}" for each in captures)
            yield (
                f"have from: {column.from_} for {column.name}, but landing.pattern has no {{{name}}}; "
                f"allowed: {', '.join(filter(None, ['key, bucket, landed_at', known]))}"
            )
            continue
        allowed = _types_for(column.from_, captures.get(name))
        if column.type.name not in allowed:
            yield (
                f"have from: {column.from_} for {column.name}, which is of type {column.type}; "
                f"allowed types: {', '.join(allowed)}"
            )
        if others := [key for key in ("header", "width", "at", "lossy", "only_in") if getattr(column, key) is not None]:
            yield f"have from for {column.name}, which is then not in the file; remove {', '.join(others)}"


def _types_for(source: str, date_format: str | None) -> tuple[str, ...]:
    if source == "landed_at":
        return (*_TIMES, "date")
    if source.startswith(CAPTURED):
        if not date_format:
            return (*_TEXTS, *_NUMBERS)
        has_time = any(each in date_format for each in ("%H", "%M", "%S"))
        return _TIMES if has_time else ("date", *_TIMES)
    return _TEXTS
