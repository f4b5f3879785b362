"""Commands that describe the loaded tables to other tools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import typer
import yaml

from lakeport import settings
from lakeport.cli.checking import FilesArgument
from lakeport.cli.schema_files import paths_of
from lakeport.schema.checks import AcceptedValuesCheck, FreshnessCheck, NotNullCheck, UniqueCheck
from lakeport.schema.column import HISTORY_COLUMNS, LOADED_AT, Column
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import read_file_type, schema_paths

_PERIODS = (("day", 86_400), ("hour", 3_600), ("minute", 60))
_MEANINGS = (
    "From when the version is valid, in UTC",
    "Until when the version is valid, in UTC; NULL for the current one",
    "When the version got its end, in UTC",
)
_OF_HISTORY = dict(zip(HISTORY_COLUMNS, _MEANINGS, strict=True))
_HEAD = "# Made by ./lakeport export dbt; do not edit: change the schemas and export again.\n"


def export_dbt(names: FilesArgument = None) -> None:
    """Print the tables of the schemas as sources for dbt: descriptions, columns, freshness and tests.

    Tests are what a load promises of all rows of its table: required columns, accepted values, and unique columns if
    each load replaces the rows before. Types with mode new_table are left out, since each file has its own table.

    Example: `./lakeport export dbt > models/sources.yml`

    Exit status: 0 success, 1 a schema is not valid, 2 there is no such schema.
    """
    paths = list(paths_of(names)) if names else schema_paths(settings.schemas_folder())
    types = [read_file_type(path) for path in paths]
    for left_out in (each for each in types if each.table.mode == "new_table"):
        typer.echo(f"{left_out.name} is left out: with mode new_table each file has its own table", err=True)
    typer.echo(_HEAD + yaml.safe_dump(dbt_sources(types), sort_keys=False, allow_unicode=True, width=120), nl=False)


def dbt_sources(types: Sequence[FileType]) -> dict[str, Any]:
    """Return the sources of dbt's properties file, one for each schema in Redshift."""
    tables = sorted((each for each in types if each.table.mode != "new_table"), key=lambda each: each.table.name)
    return {
        "version": 2,
        "sources": [
            {"name": schema, "schema": schema, "tables": [_table(each) for each in group]}
            for schema, group in groupby(tables, key=lambda each: each.table.schema_name)
        ],
    }


def _table(file_type: FileType) -> dict[str, Any]:
    meta = {"owner": file_type.owner, "file_type": file_type.name}
    table = {"name": file_type.table.table_name, "description": file_type.description}
    columns = [_column(file_type, column) for column in file_type.table_columns]
    added = {**(_OF_HISTORY if file_type.table.mode == "history" else {}), LOADED_AT: "When the row was loaded, in UTC"}
    columns += [{"name": name, "data_type": "timestamp", "description": text} for name, text in added.items()]
    return table | {"config": {"meta": meta} | _freshness(file_type), "columns": columns}


def _freshness(file_type: FileType) -> dict[str, Any]:
    check = next((each.freshness for each in file_type.checks if isinstance(each, FreshnessCheck)), None)
    if check is None:
        return {"loaded_at_field": LOADED_AT}
    period, seconds = next((each for each in _PERIODS if check.within % each[1] == 0), _PERIODS[-1])
    limit = {"count": max(check.within // seconds, 1), "period": period}
    return {"loaded_at_field": f"{check.column}::timestamp", "freshness": {"error_after": limit}}


def _column(file_type: FileType, column: Column) -> dict[str, Any]:
    found: dict[str, Any] = {"name": column.name, "data_type": str(column.type)}
    found |= {"description": column.description} if column.description else {}
    tests = [*_tests(file_type, column)]
    return found | ({"data_tests": tests} if tests else {})


def _tests(file_type: FileType, column: Column) -> Iterator[Any]:
    checks = [each for each in file_type.checks if each.else_ != "warn" and not each.up_to]
    if column.required or any(isinstance(each, NotNullCheck) and column.name in each.not_null for each in checks):
        yield "not_null"
    is_whole = file_type.table.mode in ("truncate", "replace")
    unique = {each.unique for each in checks if isinstance(each, UniqueCheck) and is_whole}
    if file_type.table.mode == "merge":
        unique.add(file_type.table.key)
    if (column.name,) in unique:
        yield "unique"
    for each in checks:
        if isinstance(each, AcceptedValuesCheck) and each.accepted_values.column == column.name:
            yield {"accepted_values": {"arguments": {"values": [*each.accepted_values.values]}}}
