"""Check the columns of a file type against its format, its transform and its table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lakeport.schema.column import HISTORY_COLUMNS, Column
from lakeport.schema.file_facts import objections_to_facts
from lakeport.schema.key_pattern import capture_formats
from lakeport.schema.landing import Landing
from lakeport.schema.table import Table
from lakeport.schema.values import doubled

TIMES = ("date", "timestamp", "timestamptz")


def objections(columns: tuple[Column, ...], values: Mapping[str, Any]) -> Iterator[str]:
    """Yield everything that is wrong with the columns; `values` are the valid values of the keys before `columns`."""
    if twice := doubled(column.name for column in columns):
        yield f"give each column its own name; used more than once: {', '.join(twice)}"
    in_table = {column.name for column in columns if column.only_in != "file"}
    format_, table, transform = values.get("format"), values.get("table"), values.get("transform")
    if format_:
        yield from format_.objections_to([column for column in columns if column.is_in_file])
    if format_ and format_.type != "xml" and (placed := [column.name for column in columns if column.at is not None]):
        yield f"have at, which only type xml takes: {', '.join(placed)}; type is {format_.type}"
    if landing := values.get("landing"):
        yield from objections_to_facts(columns, capture_formats(landing.pattern))
    if format_ and not format_.names_columns and (optional := [each.name for each in columns if each.optional_in_file]):
        yield f"optional_in_file needs a file that names its columns; remove it from: {', '.join(optional)}"
    # A column that only table.deletes reads is in the file, and not in the table.
    places = ("table",) if table and table.deletes else ("file", "table")
    marked = [column.name for column in columns if column.only_in in places]
    if transform and marked and not transform.may_make_columns:
        yield f"only_in needs a transform (sql, or python that takes rows); remove it from: {', '.join(marked)}"
    if not in_table:
        yield "are all only_in: file; the table needs at least one column"
    if table:
        yield from _objections_to_table(columns, values, in_table)


def _objections_to_table(columns: tuple[Column, ...], values: Mapping[str, Any], in_table: set[str]) -> Iterator[str]:
    table: Table = values["table"]
    keys = {key for key in (*table.key, table.dist_key, *table.sort_key) if key}
    if unknown := sorted(keys - in_table):
        yield f"table.key, table.dist_key or table.sort_key refers to unknown columns: {', '.join(unknown)}"
    if table.wins and table.wins.column not in in_table:
        yield f"table.wins refers to an unknown column: {table.wins.column}"
    incomparable = [column.name for column in columns if column.type.name == "super"]
    if table.wins and incomparable:
        yield f"of type super cannot be compared, which table.wins needs: {', '.join(incomparable)}; remove table.wins"
    yield from _objections_to_slice(columns, values)
    yield from _objections_to_history(columns, values)
    if loose := {column.name: None for column in columns if column.name in table.key and not column.required}:
        yield f"of table.key must be required: true, since NULL cannot identify a row: {', '.join(loose)}"


def _objections_to_slice(columns: tuple[Column, ...], values: Mapping[str, Any]) -> Iterator[str]:
    table, landing = values["table"], values.get("landing")
    if not table.slice or not landing:
        return
    in_table = [column for column in columns if column.only_in != "file"]
    types = {column.name: column.type.name for column in in_table}
    captures = {name: name for name in capture_formats(landing.pattern)}
    captures |= {name: column.name for name, column in captured_columns(in_table, captures).items()}
    names = [*captures.values()] if table.slice.from_ else table.slice.columns
    if not names:
        yield "table.slice is {from: captured}, but landing.pattern captures nothing; add a capture, such as {day}"
    if unknown := [name for name in names if name not in types]:
        source = "table.slice, by the captures of landing.pattern," if table.slice.from_ else "table.slice"
        yield f"{source} refers to unknown columns: {', '.join(unknown)}"
    if incomparable := [name for name in names if types.get(name) == "super"]:
        yield f"of type super cannot be compared, which table.slice needs: {', '.join(incomparable)}"


def captured_columns(columns: Iterable[Column], captures: Iterable[str]) -> dict[str, Column]:
    """Return the column of each capture: the one that it fills, or else one of the same name."""
    by_name = {column.name: column for column in columns}
    by_source = {column.from_: column for column in by_name.values() if column.from_}
    found = {name: by_source.get(f"captured.{name}") or by_name.get(name) for name in captures}
    return {name: column for name, column in found.items() if column}


def _objections_to_history(columns: tuple[Column, ...], values: Mapping[str, Any]) -> Iterator[str]:
    table, landing = values["table"], values.get("landing")
    here = {column.name: column for column in columns if column.only_in != "file"}
    if table.keeps_replaced_seconds and "_replaced_at" in here:
        yield "Lakeport adds _replaced_at where replaced rows are kept; give that column another name"
    if not table.history or not landing:
        return
    if taken := [name for name in HISTORY_COLUMNS if name in here]:
        yield f"mode history adds columns of the same names; give other names to {', '.join(taken)}"
    if unknown := [name for name in table.history.track if name not in here]:
        yield f"table.history.track refers to unknown columns: {', '.join(unknown)}"
    if incomparable := [column.name for column in here.values() if column.type.name == "super"]:
        yield f"of type super cannot be compared, which mode history needs: {', '.join(incomparable)}"
    if not [name for name in here if name not in (*table.key, table.history.from_)]:
        yield "are all in table.key or table.history.from, so no value makes a new version; add a column"
    yield from _objections_to_times(here, table, landing)


def _objections_to_times(here: Mapping[str, Column], table: Table, landing: Landing) -> Iterator[str]:
    source, dates = table.history.from_ if table.history else "", capture_formats(landing.pattern)
    column, captures = here.get(source), [f"captured.{name}" for name, text in dates.items() if text]
    if column and (column.type.name not in TIMES or not column.required):
        yield f"table.history.from is {source}, which must be required: true and of type {', '.join(TIMES)}"
    elif column and table.snapshot:
        yield (
            f"table.history.from is {source}, but with snapshot: true the rows that a file lacks end at the time of "
            "the file; write landed_at, or captured.<name>"
        )
    elif not column and source not in ("landed_at", *captures):
        allowed = ", ".join(["a column", "landed_at", *captures])
        yield f"table.history.from is {source}; allowed: {allowed}"
