"""The mode merge: replace the rows that have the same keys."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.errors import DuplicateKeys, TransformFailed
from lakeport.loading.keeping import ReplacedRows, same, take_out
from lakeport.loading.placing import Placing
from lakeport.redshift import ddl
from lakeport.redshift.rows import fetch_rows
from lakeport.redshift.session import is_passing
from lakeport.redshift.statements import composed
from lakeport.schema.column import Column
from lakeport.schema.facts import FileFacts
from lakeport.schema.file_type import FileType


def drop_deletes(current: cursor, file_type: FileType, staged: sql.Identifier, facts: FileFacts) -> int:
    """Delete the staged rows that `table.deletes` selects, which only delete rows of the table; return their number.

    Raises TransformFailed with the error of the condition.
    """
    try:
        current.execute(ddl.delete_where(staged, file_type.table.deletes or ""))
    except psycopg2.Error as error:
        if is_passing(error):
            raise
        raise TransformFailed(
            f"{facts.key}: table.deletes, {file_type.table.deletes}, failed, nothing was loaded: "
            f"{file_type.rejects.values_in_message(str(error).strip())}"
        ) from error
    return current.rowcount


class Merge(Placing):
    """merge: replace whole rows that have the key of a new row; keep the rows with other keys.

    COPY fills a temporary table; the rows with its keys are deleted and its rows inserted.  This is what MERGE does,
    without its restrictions.  The deletion is the first write to the table: under snapshot isolation, two transactions
    that insert first and delete later would wait for each other forever.  Two loads of different files at the same time
    would both insert a key that is new in both; the runs of a type never overlap, so a merged table is for one type.

    A row that `table.deletes` selects deletes the row with its key, and is not inserted.  With `table.snapshot`, all
    rows of the table are replaced.

    If several rows have the same key, a column (`table.wins`) decides, never the order of lines: COPY reads slices of
    a file in parallel, so the table does not know the order of its rows.
    """

    @property
    def is_staged(self) -> bool:
        return True

    @property
    def staged(self) -> sql.Identifier:
        return ddl.WINNERS if self.file_type.table.wins else self.candidates

    def make_room(self, current: cursor) -> None:
        wins, table = self.file_type.table.wins, self.file_type.table
        if wins:
            current.execute(ddl.create_made(self.file_type, ddl.WINNERS, self._candidate_columns))
            names = ddl.names(column.name for column in self._candidate_columns)
            current.execute(ddl.insert_winners(table, self.candidates, names, wins.column, wins.direction))
            if self.candidates != ddl.STAGE:
                current.execute(composed("load/drop_stage", stage=self.candidates))
        self._refuse_duplicate_keys(current)
        here = ddl.table_identifier(table)
        is_same = ReplacedRows(here, self.staged, same(here, self.staged, list(table.key)))
        take_out(current, table, ReplacedRows(here) if table.snapshot else is_same)
        if table.deletes:
            drop_deletes(current, self.file_type, self.staged, self.facts)

    @property
    def _candidate_columns(self) -> Sequence[Column]:
        """Return the columns of the rows of which one wins; `table.deletes` may read one that only the file has."""
        staged = (*self.file_type.copied_columns, *self.file_type.fact_columns)
        return self.file_type.table_columns if self.file_type.transform.sql else staged

    def replaced(self, current: cursor, table: sql.Identifier) -> ReplacedRows:  # noqa: ARG002 - Slice asks it
        """Return the rows with the keys of the rows that are in the table by now."""
        if self.file_type.table.snapshot:
            return ReplacedRows(table)
        here = ddl.table_identifier(self.file_type.table)
        is_of_this_load = sql.SQL("{}._loaded_at = SYSDATE").format(here)
        is_same = same(table, here, list(self.file_type.table.key))
        return ReplacedRows(table, here, sql.SQL(" AND ").join([is_same, is_of_this_load]))

    def _refuse_duplicate_keys(self, current: cursor) -> None:
        key, wins = self.file_type.table.key, self.file_type.table.wins
        current.execute(composed("load/duplicate_keys", key=ddl.names(key), stage=self.staged))
        rows = fetch_rows(current)
        if not rows:
            return
        examples = "; ".join(
            f"{', '.join(f'{name} {row[name]}' for name in key)} ({row['lakeport_times']} times)" for row in rows
        )
        tie = f" and the same {wins.column}" if wins else ""
        remedy = "" if wins else ", or select one of them by table.wins in the schema"
        raise DuplicateKeys(
            f"the file has several rows with the same key{tie}: {self.file_type.rejects.values_in_message(examples)}; "
            f"ask the sender for one row for each {', '.join(key)}{remedy}"
        )
