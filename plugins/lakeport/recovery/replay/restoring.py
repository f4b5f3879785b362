"""Restore the rows that a load replaced, where the table is then as if the load had never been."""

from __future__ import annotations

from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.loading.keeping import kept_table
from lakeport.recovery.replay.load_queries import LoadQueries
from lakeport.recovery.replay.selection import SelectedFile
from lakeport.redshift import ddl
from lakeport.redshift.live_table import live_columns
from lakeport.redshift.statements import composed
from lakeport.schema.file_type import FileType
from lakeport.schema.key_pattern import captured
from lakeport.schema.table import Table
from lakeport.wording import share


def reason_not_to(queries: LoadQueries, each: SelectedFile, file_type: FileType) -> str | None:
    """Return why the rows that the file replaced cannot be restored exactly, or None if they can."""
    table = file_type.table
    if not table.replaces_rows:
        return None
    if table.mode == "replace":
        return "mode replace does not keep the rows that it replaces; mode truncate does, with table.keep_replaced"
    if not table.keeps_replaced_seconds or each.rows_replaced is None:
        return "the rows that it replaced were not kept; table.keep_replaced in the schema keeps those of later loads"
    kept, own = queries.kept_rows(each, kept_table(table))
    if own:
        return f"later loads have replaced {own:,} of its rows; undo those first, the newest first, with --restore"
    if kept != each.rows_replaced:
        return f"only {share(kept, each.rows_replaced, 'row')} that it replaced can be restored"
    later = [key for key in queries.keys_loaded_later(each) if touches(file_type, each.file.key, key)]
    return f"{later[-1]} was loaded later into the same rows; undo it first, with --restore" if later else None


def touches(file_type: FileType, key: str, later: str) -> bool:
    """Return whether a later load may have replaced the same rows without leaving a trace of that.

    Where it has replaced rows of the file itself, these are kept.  Without rows in the file, only its name tells.
    """
    if file_type.table.mode == "slice":
        pattern = file_type.landing.pattern
        is_captured = bool(file_type.table.slice and file_type.table.slice.from_)
        return is_captured and captured(pattern, key) == captured(pattern, later)
    # A row that deletes a row that is missing leaves no trace, nor does one that is equal to the version before it.
    return file_type.table.mode in ("truncate", "history") or bool(file_type.table.deletes) or file_type.table.snapshot


def restore(current: cursor, each: SelectedFile, table: Table, kept: Table) -> int:
    """Bring the rows that the file's load replaced back to the table, and return their number.

    In mode history, the versions that it closed come back with their former ends.
    """
    there = live_columns(current, table)
    if table.mode == "history":
        reopen = composed("load/reopen", table=ddl.table_identifier(table))
        current.execute(reopen, {"loaded_at": each.loaded_at})
    names = ddl.names(name for name in live_columns(current, kept) if name in there)
    values, parts = {"loaded_at": each.loaded_at}, {"kept": ddl.table_identifier(kept)}
    current.execute(composed("load/restore_kept", table=ddl.table_identifier(table), columns=names, **parts), values)
    restored = current.rowcount
    current.execute(composed("load/forget_restored", **parts), values)
    return restored


def forget(current: cursor, each: SelectedFile, kept: Table) -> None:
    """Delete the kept rows of a file that is taken out itself, so that no undo of another file restores them."""
    name: dict[str, sql.Composable] = {"kept": ddl.table_identifier(kept)}
    values = {"loaded_at": each.loaded_at, "table_name": each.table_name}
    current.execute(composed("mng/forget_replaced_rows", **name), values)
    current.execute(composed("load/forget_replaced", **name), values)
