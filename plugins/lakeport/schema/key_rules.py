"""Check keys of a schema against the keys before them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lakeport.schema import column_rules
from lakeport.schema.checks import AnyCheck, FreshnessCheck
from lakeport.schema.column_rules import TIMES
from lakeport.schema.file_format import Format
from lakeport.schema.table import Table
from lakeport.schema.transform import Transform

Values = Mapping[str, Any]
"""The valid values of the keys before one."""


def objections(key: str, value: Any, values: Values) -> Iterator[str]:
    """Yield everything that is wrong with the value of a key; `values` are the valid values of the keys before it."""
    yield from _RULES[key](value, values)


def _format(format_: Format, values: Values) -> Iterator[str]:
    landing = values.get("landing")
    allowed = landing.compressions() if landing else ()
    if allowed and format_.compression not in allowed:
        yield (
            f"has compression {format_.compression}, but the extension in landing.pattern means {allowed[0]}, "
            "so that registration would reject every file; change one of them"
        )


def _table(table: Table, values: Values) -> Iterator[str]:
    landing = values.get("landing")
    if landing and landing.select == "all" and (table.mode in ("truncate", "replace") or _is_all(table)):
        what = "snapshot: true" if _is_all(table) else f"mode {table.mode}"
        yield (
            f"has {what}, which keeps only the rows of the last file, but landing.select is all; "
            "write select: newest, or mode: append, merge, slice, history or new_table"
        )


def _is_all(table: Table) -> bool:
    """Return whether a file has all rows of the table; in mode history the table has older versions, too."""
    return table.mode == "merge" and table.snapshot


def _transform(transform: Transform, values: Values) -> Iterator[str]:
    format_ = values.get("format")
    if transform.has_rows_function and format_ and (objection := format_.objection_to_rows()):
        yield f"takes rows, {objection}"


def _drift(drift: str, values: Values) -> Iterator[str]:
    format_, transform = values.get("format"), values.get("transform")
    if drift != "refuse" and format_ and not format_.names_columns:
        yield (
            f"is {drift}, but format.jsonpaths replace the names of the fields; remove one of them"
            if format_.column_paths
            else f"is {drift}, which needs a header with the column names; set format.header_lines to 1 or more"
        )
    elif drift == "add" and transform and transform.may_make_columns:
        yield "is add, but the transform makes the rows and cannot fill new columns; write refuse or ignore"


def _checks(checks: tuple[AnyCheck, ...], values: Values) -> Iterator[str]:
    if "columns" not in values:
        return
    types = {column.name: column.type.name for column in values["columns"] if column.only_in != "file"}
    if unknown := sorted({name for check in checks for name in check.columns if name not in types}):
        yield f"refer to unknown columns: {', '.join(unknown)}"
        return
    newest_of = [check.freshness.column for check in checks if isinstance(check, FreshnessCheck)]
    if timeless := [column for column in newest_of if types[column] not in TIMES]:
        yield f"freshness needs a column of type {', '.join(TIMES)}; of another type: {', '.join(timeless)}"


_RULES: Mapping[str, Callable[[Any, Values], Iterator[str]]] = {
    "format": _format,
    "table": _table,
    "transform": _transform,
    "columns": column_rules.objections,
    "drift": _drift,
    "checks": _checks,
}
