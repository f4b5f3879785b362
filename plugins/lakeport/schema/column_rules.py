"""What must hold between the columns of a file type and its format, its transform and its table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lakeport.schema.key_pattern import capture_formats
from lakeport.schema.table import Column
from lakeport.schema.values import doubled


def objections(columns: tuple[Column, ...], values: Mapping[str, Any]) -> Iterator[str]:
    """Yield everything that is wrong with the columns; `values` are the good ones among the keys before them."""
    if twice := doubled(column.name for column in columns):
        yield f"list a name twice: {', '.join(twice)}"
    in_table = {column.name for column in columns if column.only_in != "file"}
    format_, table, transform = values.get("format"), values.get("table"), values.get("transform")
    if format_:
        yield from format_.objections_to([column for column in columns if column.only_in != "table"])
    if format_ and not format_.names_columns and (optional := [each.name for each in columns if each.optional_in_file]):
        yield f"have optional_in_file, which needs a file that names its columns: {', '.join(optional)}"
    marked = [column.name for column in columns if column.only_in]
    if transform and marked and not transform.may_make_columns:
        yield f"have only_in, which needs a transform (sql, or python that takes rows): {', '.join(marked)}"
    if not in_table:
        yield "are all only_in: file; the table needs at least one column"
    if not table:
        return
    keys = {key for key in (*table.key, table.dist_key, *table.sort_key) if key}
    if unknown := sorted(keys - in_table):
        yield f"lack columns that table.key, table.dist_key or table.sort_key lists: {', '.join(unknown)}"
    if table.wins and table.wins.column not in in_table:
        yield f"lack the column of table.wins: {table.wins.column}"
    incomparable = [column.name for column in columns if column.type.name == "super"]
    if table.wins and incomparable:
        yield f"of type super cannot be compared, which table.wins needs: {', '.join(incomparable)}; remove table.wins"
    yield from _objections_to_slice(columns, values)
    if loose := {column.name: None for column in columns if column.name in table.key and not column.required}:
        yield f"of table.key must be required: true, since NULL cannot identify a row: {', '.join(loose)}"


def _objections_to_slice(columns: tuple[Column, ...], values: Mapping[str, Any]) -> Iterator[str]:
    table, landing = values["table"], values.get("landing")
    if not table.slice or not landing:
        return
    types = {column.name: column.type.name for column in columns if column.only_in != "file"}
    captures = [*capture_formats(landing.pattern)]
    names = captures if table.slice.from_ else table.slice.columns
    if not names:
        yield "have no slice: table.slice is {from: captured}, but landing.pattern captures nothing, as {day} does"
    if unknown := [name for name in names if name not in types]:
        source = "landing.pattern captures, for table.slice" if table.slice.from_ else "table.slice lists"
        yield f"lack columns that {source}: {', '.join(unknown)}"
    if incomparable := [name for name in names if types.get(name) == "super"]:
        yield f"of type super cannot be compared, which table.slice needs: {', '.join(incomparable)}"
