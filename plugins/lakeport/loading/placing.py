"""Bring the rows of a load to their table: the modes append, truncate and new_table.

Everything a mode does is in the transaction of the load: it becomes visible at its commit, and a rollback undoes it,
including temporary tables, new tables and deletions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.errors import TransformFailed
from lakeport.loading.checks import reject_rows
from lakeport.loading.filled_columns import filled_columns
from lakeport.loading.keeping import ReplacedRows, take_out
from lakeport.loading.sql_transform import insert_transformed
from lakeport.mng.load_records import RejectedRow
from lakeport.redshift import ddl
from lakeport.redshift.session import is_passing
from lakeport.redshift.statements import composed
from lakeport.schema.column import Column
from lakeport.schema.facts import FileFacts
from lakeport.schema.file_type import FileType


@dataclass(frozen=True)
class Placing:
    """append: add the rows to the table.

    `ignored` are columns of the file that no table has.  COPY cannot skip a field, so it then fills a temporary table,
    from which the other columns are inserted.  It also fills a temporary table for an SQL transform, for columns with
    `from`, whose defaults there are the values of this file, and if the schema `is_stricter` than the live table: a
    column that is NOT NULL only in the schema then rejects rows there.
    """

    file_type: FileType
    facts: FileFacts
    ignored: tuple[Column, ...] = ()
    is_stricter: bool = False

    @property
    def table_name(self) -> str:
        """Return the table that has the rows after the load."""
        return self.file_type.table.name

    @property
    def destination(self) -> FileType:
        """Return the type with the table that the load writes to, which `replace` renames at the end."""
        return self.file_type

    @property
    def is_staged(self) -> bool:
        """Return whether COPY fills a temporary table."""
        is_filled = bool(self.file_type.fact_columns) or any(check.else_ == "reject" for check in self.file_type.checks)
        return bool(self.ignored) or is_filled or self.is_stricter or self.file_type.transform.sql is not None

    @property
    def copy_into(self) -> sql.Identifier:
        """Return the table that COPY fills."""
        return ddl.STAGE if self.is_staged else ddl.table_identifier(self.destination.table)

    @property
    def candidates(self) -> sql.Identifier:
        """Return the temporary table of the transformed rows."""
        return ddl.TRANSFORMED if self.file_type.transform.sql else ddl.STAGE

    @property
    def staged(self) -> sql.Identifier:
        """Return the temporary table whose rows go to the destination."""
        return self.candidates

    def begin(self, current: cursor) -> None:
        """Create the tables that COPY needs."""
        self.make_table(current)
        if self.is_staged:
            current.execute(ddl.create_stage(self.file_type, self.ignored, filled_columns(self.file_type, self.facts)))

    def make_table(self, current: cursor) -> None:
        """Prepare the destination for the rows."""

    def sift(self, current: cursor) -> list[RejectedRow]:
        """Transform the copied rows, take out those that checks reject, and return these."""
        if self.file_type.transform.sql:
            self.transform(current)
        return reject_rows(current, self.file_type, self.candidates) if self.is_staged else []

    def place(self, current: cursor, rows_copied: int) -> int:
        """Bring the sifted rows to the destination and return the number of rows there."""
        if not self.is_staged:
            return rows_copied
        self.make_room(current)
        current.execute(ddl.insert_staged(self.destination, self.staged))
        rows = current.rowcount
        for temporary in (ddl.STAGE,) if self.staged == ddl.STAGE else (ddl.STAGE, self.staged):
            current.execute(composed("load/drop_stage", stage=temporary))
        return rows

    def transform(self, current: cursor) -> None:
        """Fill the table of transformed rows; raises TransformFailed with the error of the query."""
        current.execute(ddl.create_made(self.file_type, ddl.TRANSFORMED))
        query = insert_transformed(self.file_type)
        try:
            current.execute(query, self.facts.bound())
        except psycopg2.Error as error:
            if is_passing(error):
                raise
            raise TransformFailed(
                f"{self.facts.key}: transforms/{self.file_type.transform.sql}.sql failed, nothing was loaded: "
                f"{self.file_type.rejects.values_in_message(str(error).strip())}"
            ) from error

    def make_room(self, current: cursor) -> None:
        """Delete the rows that the staged rows replace."""

    def replaced(self, current: cursor, table: sql.Identifier) -> ReplacedRows | None:  # noqa: ARG002 - of the modes that replace rows
        """Return the rows of a table that the placed rows replace, if any; a plan asks this of the live table."""
        return None

    def counted(self, current: cursor, table: sql.Identifier) -> sql.Composed | None:
        """Return the query that counts these rows: a `row_count`, for each slice where there are slices."""
        replaced = self.replaced(current, table)
        if not replaced:
            return None
        return composed("load/count_replaced", tables=replaced.tables, is_replaced=replaced.where)

    def finish(self, current: cursor) -> None:
        """Complete the load after the rows were counted and checked."""


class Truncate(Placing):
    """truncate: replace all rows of the table.

    Other writers wait from the deletion to the commit.  Until then, readers and an SQL transform see the old rows.
    """

    def make_table(self, current: cursor) -> None:
        if not self.is_staged:
            self._clear(current)

    def make_room(self, current: cursor) -> None:
        self._clear(current)

    def replaced(self, current: cursor, table: sql.Identifier) -> ReplacedRows:  # noqa: ARG002 - Slice asks it
        return ReplacedRows(table)

    def _clear(self, current: cursor) -> None:
        take_out(current, self.file_type.table, self.replaced(current, ddl.table_identifier(self.file_type.table)))


class NewTable(Placing):
    """new_table: create a table for this file only, which appears with its rows."""

    def make_table(self, current: cursor) -> None:
        execute_all(current, ddl.create_table(self.file_type))


def execute_all(current: cursor, statements: Iterator[ddl.Statement]) -> None:
    """Execute the statements in order."""
    for each in statements:
        current.execute(each)
