"""Check the columns of a file type against its format, its transform and its table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lakeport.schema.file_facts import objections_to_facts
from lakeport.schema.key_pattern import capture_formats
from lakeport.schema.table import Column
from lakeport.schema.values import doubled


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
    marked = [column.name for column in columns if column.only_in]
    if transform and marked and not transform.may_make_columns:
        yield f"only_in needs a transform (sql, or python that takes rows); remove it from: {', '.join(marked)}"
    if not in_table:
        yield "are all only_in: file; the table needs at least one column"
    if not table:
        return
    keys = {key for key in (*table.key, table.dist_key, *table.sort_key) if key}
    if unknown := sorted(keys - in_table):
        yield f"table.key, table.dist_key or table.sort_key refers to unknown columns: {', '.join(unknown)}"
    if table.wins and table.wins.column not in in_table:
        yield f"table.wins refers to an unknown column: {table.wins.column}"
    incomparable = [column.name for column in columns if column.type.name == "super"]
    if table.wins and incomparable:
        yield f"of type super cannot be compared, which table.wins needs: {', '.join(incomparable)}; remove table.wins"
    if loose := {column.name: None for column in columns if column.name in table.key and not column.required}:
        yield f"of table.key must be required: true, since NULL cannot identify a row: {', '.join(loose)}"
