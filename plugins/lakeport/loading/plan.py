"""The statements that a load would run, as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lakeport import settings
from lakeport.errors import TableMismatch
from lakeport.loading.sql_transform import insert_transformed
from lakeport.loading.table_modes import placing
from lakeport.model import CopySource, RegisteredFile, utc_now
from lakeport.redshift import ddl, table_changes
from lakeport.redshift.copy_statement import copy_statement, manifest
from lakeport.redshift.live_table import live_columns, missing_columns
from lakeport.redshift.session import Warehouse
from lakeport.redshift.statements import as_text
from lakeport.schema.column import HISTORY_COLUMNS, LOADED_AT
from lakeport.schema.file_type import FileType


@dataclass(frozen=True)
class Plan:
    """The statements of the load of one file."""

    table: tuple[str, ...]
    copy: str
    manifest: str
    transform: str


def task_ids(file_type: FileType) -> tuple[str, ...]:
    """Return the ids of the tasks of a file type's DAG in their order, without Airflow, whose import takes seconds."""
    is_all = file_type.landing.select == "all"
    steps = {
        "wait_for_files": True,
        "filter_newest": not is_all,
        "take_files": is_all,
        "start_next_run": is_all,
        "mark_in_progress": True,
        "create_table": True,
        "prepare_files": file_type.is_prepared,
        "copy_to_table": True,
        "archive_files": True,
        "mark_done": True,
        "all_files_loaded": is_all,
        "rejects_reported": file_type.may_warn,
    }
    return tuple(step for step, has_step in steps.items() if has_step)


def plan(file_type: FileType, key: str, size_bytes: int = 0) -> Plan:
    """Return the statements that load the landed object `key`."""
    landing = _name_of(partial(settings.landing_bucket, file_type.landing.bucket), "LANDING_BUCKET")
    source = CopySource(landing, key, None, size_bytes, "none")
    compression = "none" if file_type.is_prepared else file_type.format.compression
    manifest_uri = f"s3://{_name_of(settings.work_bucket, 'WORK_BUCKET')}/manifests/FILE_ID.json"
    file = RegisteredFile("FILE_ID", source.bucket, source.key, None, "", 0, utc_now())
    into = placing(file_type, file, "RUN_ID").copy_into
    copy = copy_statement(file_type, file_type.column_names, manifest_uri, compression, into=into)
    table = tuple(as_text(each) for each in ddl.create_table(file_type))
    return Plan(table, as_text(copy), manifest([source]), _transform(file_type))


def _transform(file_type: FileType) -> str:
    """Return the transforms before and after COPY."""
    transform = file_type.transform
    parts = [f"transforms/{transform.python} makes what COPY reads"] if transform.python else []
    if transform.sql:
        parts.append(as_text(insert_transformed(file_type)).replace("%%", "%").strip() + ";")
    return "\n".join(parts)


def _name_of(bucket: Callable[[], str], default: str) -> str:
    """Return the name of a bucket, or the default on a computer without a stack."""
    try:
        return bucket()
    except settings.NotSet:
        return default


def effects_on_rows(file_type: FileType, warehouse: Warehouse) -> tuple[str, ...]:
    """Return what a load does with the rows that the live table has; nothing if there is no table."""
    table = file_type.table
    live = warehouse.transaction(lambda current: live_columns(current, table))
    if not live:
        return ()
    slices = ", ".join(column.name for column in file_type.slice_columns)
    effects = {
        "append": "the rows of the table stay, those of the file are added",
        "truncate": "all rows of the table are replaced by those of the file",
        "replace": "all rows of the table are replaced by those of the file, in a new table with the schema's columns",
        "slice": f"all rows of the slices of the file, by {slices}, are replaced by its rows, all others stay",
        "history": f"versions with the same {', '.join(table.key)} end where those of the file begin, all others stay",
        "merge": f"rows with the same {', '.join(table.key)} are replaced by those of the file, all others stay",
    }
    found = [effects[table.mode]] if table.mode in effects else []
    if table.mode in ("truncate", "replace", "new_table"):
        return tuple(found)
    known = {column.name for column in file_type.table_columns}
    if new := [column.name for column in missing_columns(file_type, live)]:
        found.append(f"the rows of the table have NULL in the new columns {', '.join(new)}")
    if others := [name for name in live if name not in {*known, LOADED_AT, *HISTORY_COLUMNS}]:
        found.append(
            f"the columns {', '.join(others)} of the table are not in the schema: they keep their values, and the rows "
            "of the file have NULL there; if you renamed one, copy its values by an UPDATE"
        )
    return tuple(found)


def live_table_changes(file_type: FileType, warehouse: Warehouse) -> tuple[tuple[str, ...], str]:
    """Return the statements by which create_table would change the live table, and why it cannot change it.

    Both are empty if the table fits or does not exist.
    """
    live = warehouse.transaction(lambda current: live_columns(current, file_type.table))
    if not live:
        return (), ""
    try:
        first = table_changes.widenings(file_type, live)
        then = table_changes.changes(file_type, table_changes.widened(file_type, live))
    except TableMismatch as error:
        return (), str(error)
    return tuple(map(as_text, [*first, *then])), ""
