"""Make the table of a file type fit its schema."""

from __future__ import annotations

import logging
from functools import partial

import psycopg2
from psycopg2.extensions import cursor

from lakeport.errors import TableMismatch
from lakeport.redshift import ddl, table_changes
from lakeport.redshift.live_table import live_columns
from lakeport.redshift.session import Warehouse, is_passing
from lakeport.schema.file_type import FileType

log = logging.getLogger(__name__)


def fit_table(warehouse: Warehouse, file_type: FileType) -> None:
    """Create the table if it is missing, widen its varchars and add new columns.

    A varchar that is longer in the schema is widened first, by a separate statement outside a transaction, as Redshift
    requires.  Safe to repeat: it reads the live table first, and the other changes are one transaction.  Raises
    TableMismatch for a difference that needs a decision.
    """
    to_widen = warehouse.transaction(partial(_apply_changes, file_type=file_type))
    for statement in to_widen:
        try:
            warehouse.alone(statement)
        except psycopg2.Error as error:
            if is_passing(error):
                raise
            if statement not in warehouse.transaction(partial(_widenings, file_type=file_type)):
                continue  # another process did it, or an attempt whose reply was lost: Redshift refuses the same length
            raise TableMismatch(f"cannot widen a column of {file_type.table.name}: {error}") from error
        log.info("widened a column of %s", file_type.table.name)
    if to_widen and warehouse.transaction(partial(_apply_changes, file_type=file_type)):
        raise TableMismatch(f"columns of {file_type.table.name} were made shorter while they were widened; try again")


def _widenings(current: cursor, file_type: FileType) -> list[ddl.Statement]:
    return table_changes.widenings(file_type, live_columns(current, file_type.table))


def _apply_changes(current: cursor, file_type: FileType) -> list[ddl.Statement]:
    """Make the other changes, unless columns must be widened first; return the statements that widen them."""
    live = live_columns(current, file_type.table)
    to_widen = table_changes.widenings(file_type, live)
    for statement in () if to_widen else table_changes.changes(file_type, live):
        current.execute(statement)
        log.info("%s", statement.as_string(current))
    return to_widen
