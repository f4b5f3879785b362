"""The rows of several files of one COPY, which does not report from which file each row is.

They may be loaded together only where the result is the same as that of one load for each file: where no row of one
file affects a row of another, and where the rows of each file are counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from psycopg2.extensions import cursor

from lakeport.errors import ChecksFailed, UnknownOrigin
from lakeport.loading.checks import loaded_rows
from lakeport.loading.placing import Placing
from lakeport.loading.row_by_row import has_unknown_quotes, is_row_by_row
from lakeport.mng.load_records import Load, RejectedRow
from lakeport.redshift import ddl
from lakeport.redshift.rows import fetch_value
from lakeport.redshift.statements import composed
from lakeport.schema.checks import AnyCheck, ConditionCheck, ExistsInCheck, FreshnessCheck, RowCountCheck
from lakeport.schema.file_type import FileType
from lakeport.schema.sql_text import code_of
from lakeport.schema.transform_files import query_path
from lakeport.wording import amount

_SUBQUERY = re.compile(r"\bselect\b", re.IGNORECASE)


def loads_each_alone(file_type: FileType) -> bool:
    """Return whether each file of this type needs its own COPY."""
    table = file_type.table
    is_mixed = table.mode in ("append", "merge") and not (table.deletes or file_type.fact_columns)
    checks = (_is_of_one_file(check, file_type) for check in file_type.checks)
    return not is_mixed or any(checks) or not _has_simple_transform(file_type)


def _has_simple_transform(file_type: FileType) -> bool:
    name = file_type.transform.sql
    return name is None or is_row_by_row(query_path(name).read_text(encoding="utf-8"))


def _is_of_one_file(check: AnyCheck, file_type: FileType) -> bool:
    """Return whether rows of one file can change what the check finds in those of another."""
    match check:
        case FreshnessCheck():
            return True
        case ExistsInCheck(exists_in=of):
            return of.table == file_type.table.name
        case ConditionCheck():
            return has_unknown_quotes(check.sql) or bool(_SUBQUERY.search(code_of(check.sql)))
    return False


def refuse_unknown_origins(current: cursor, into: Placing, rejected: Sequence[RejectedRow]) -> None:
    """Raise UnknownOrigin if checks reject rows, or if rows have the same key: then the later file decides."""
    if rejected:
        raise UnknownOrigin(f"checks reject {amount(len(rejected), 'row')}", len(rejected))
    if into.file_type.table.mode != "merge":
        return
    key = ddl.names(into.file_type.table.key)
    current.execute(composed("load/count_duplicate_keys", key=key, stage=into.candidates))
    if rows := int(fetch_value(current)):
        raise UnknownOrigin(amount(rows, "key is in several rows", "keys are in several rows"), rows)


def check_mixed_rows(current: cursor, file_type: FileType, loads: Mapping[str, Load]) -> None:
    """Check the loaded rows of several files.

    Raises ChecksFailed if a file is at fault for certain, and UnknownOrigin if the file of a row decides that: `up_to`,
    `warn` and `unique` apply to the rows of one file.
    """
    rows = loaded_rows(file_type)
    for check in (each for each in file_type.checks if each.else_ != "reject"):
        if isinstance(check, RowCountCheck):
            failing, examples = sum(check.row_count.is_outside(load.rows_loaded) for load in loads.values()), ""
        else:
            failing, examples = rows.examples(current, check)
        if not failing:
            continue
        if check.else_ == "fail" and check.is_of_single_rows and check.up_to is None:
            raise ChecksFailed(f"{check}: {amount(failing, 'failure')}{examples}")
        raise UnknownOrigin(f"{amount(failing, 'row does', 'rows do')} not pass {check}", failing)
