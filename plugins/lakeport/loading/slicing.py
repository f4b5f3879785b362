"""The mode slice: replace the rows of the table that belong to the slices of the file, such as its days."""

from __future__ import annotations

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.errors import NewerSlice, OutsideSlice
from lakeport.loading.keeping import ReplacedRows, kept_table, same, take_out
from lakeport.loading.placing import Placing
from lakeport.redshift import ddl
from lakeport.redshift.rows import fetch_rows
from lakeport.redshift.session import is_passing
from lakeport.redshift.sql_files import statement
from lakeport.redshift.statements import composed
from lakeport.schema.column import Column
from lakeport.schema.key_pattern import captured
from lakeport.settings import planned_command
from lakeport.wording import amount


class Slice(Placing):
    """slice: replace all rows that are in a slice of the file; keep the rows of other slices.

    COPY fills a temporary table.  The slices are the distinct values of its rows in the columns of `table.slice`, or
    the one value that the key captures; NULL is a value like others.  Everything else is as in `merge`.
    """

    @property
    def is_staged(self) -> bool:
        return True

    @property
    def is_captured(self) -> bool:
        """Return whether the slice is in the key of the file."""
        return bool(self.file_type.table.slice and self.file_type.table.slice.from_)

    @property
    def columns(self) -> list[Column]:
        """Return the columns that make a slice."""
        return self.file_type.slice_columns

    def make_room(self, current: cursor) -> None:
        current.execute(composed("load/drop_replaced", table=ddl.SLICES))  # of an earlier load of this session
        current.execute(ddl.create_slices(self.columns))
        if self.is_captured:
            self._insert_captured(current)
            self._refuse_other_slices(current)
        else:
            names = ddl.names(column.name for column in self.columns)
            current.execute(composed("load/insert_slices", slices=ddl.SLICES, columns=names, stage=self.staged))
        take_out(current, self.file_type.table, self.replaced(current, ddl.table_identifier(self.file_type.table)))

    def replaced(self, current: cursor, table: sql.Identifier) -> ReplacedRows:
        return ReplacedRows(table, ddl.SLICES, same(table, ddl.SLICES, self._null_slices(current)))

    def counted(self, current: cursor, table: sql.Identifier) -> sql.Composed:
        replaced = self.replaced(current, table)
        columns = [sql.SQL("{}.{}").format(ddl.SLICES, sql.Identifier(column.name)) for column in self.columns]
        parts = {"tables": replaced.tables, "is_replaced": replaced.where}
        return composed("load/count_slices", columns=sql.SQL(", ").join(columns), **parts)

    def finish(self, current: cursor) -> None:
        """Refuse the file if it has replaced rows of one that landed later, unless a replay has allowed that.

        This is the last step, because registration waits for every transaction that has read mng.files.
        """
        newer = self._newer_file(current)
        if newer is None:
            return
        current.execute(statement("mng/older_allowed"), {"file_id": self.facts.file_id})
        if any(row["is_older_allowed"] for row in fetch_rows(current)):
            return
        raise NewerSlice(
            f"{self.facts.key}: {newer} landed later and is loaded into a slice of this file; nothing was replaced; "
            f"to let this file replace it, run {planned_command(f'replay {self.facts.file_id[:12]} --older')}"
        )

    def _newer_file(self, current: cursor) -> str | None:
        table = self.file_type.table
        values = {"table_name": table.name, "landed_at": self.facts.landed_at, "file_id": self.facts.file_id}
        if self.is_captured:
            current.execute(statement("mng/loads_landed_later"), values)
            pattern = self.file_type.landing.pattern
            mine = captured(pattern, self.facts.key)
            return next((row["key"] for row in fetch_rows(current) if captured(pattern, row["key"]) == mine), None)
        kept = ddl.table_identifier(kept_table(table))
        current.execute(composed("mng/newer_files_replaced", kept=kept), values)
        return next((row["key"] for row in fetch_rows(current)), None)

    def _null_slices(self, current: cursor) -> dict[str, bool]:
        """Return for each column whether a slice has NULL there."""
        names = [column.name for column in self.columns]
        maxima = sql.SQL(", ").join(
            sql.SQL("MAX(CASE WHEN {0} IS NULL THEN 1 ELSE 0 END) AS {0}").format(sql.Identifier(name))
            for name in names
        )
        current.execute(composed("load/null_slices", slices=ddl.SLICES, maxima=maxima))
        [row] = fetch_rows(current)
        return {name: bool(row[name]) for name in names}

    def _insert_captured(self, current: cursor) -> None:
        texts = captured(self.file_type.landing.pattern, self.facts.key) or {}
        values = {
            column.name: texts[name] if column.type.is_text else self.facts.captured[name]
            for name, column in self.file_type.captured_columns.items()
        }
        parts = {"columns": ddl.names(values), "values": sql.SQL(", ").join(map(sql.Placeholder, values))}
        try:
            current.execute(composed("load/insert_slice", slices=ddl.SLICES, **parts), values)
        except psycopg2.Error as error:
            if is_passing(error):
                raise
            captures = ", ".join(f"{name} {text}" for name, text in texts.items())
            raise OutsideSlice(
                f"{self.facts.key}: its name captures {captures}, which does not fit the columns of its slice "
                f"({', '.join(f'{each.name} {each.type}' for each in self.columns)}); nothing was loaded; "
                "ask the sender for another name, or change landing.pattern or the types of the columns"
            ) from error

    def _refuse_other_slices(self, current: cursor) -> None:
        names = [column.name for column in self.columns]
        columns = sql.SQL(", ").join(sql.SQL("{}.{}").format(self.staged, sql.Identifier(name)) for name in names)
        parts = {"stage": self.staged, "slices": ddl.SLICES, "is_same": same(self.staged, ddl.SLICES, names)}
        current.execute(composed("load/rows_outside_slice", columns=columns, **parts))
        found = fetch_rows(current)
        if found:
            slices = "; ".join(
                f"{', '.join(f'{name} {_text(row[name])}' for name in names)} ({amount(row['lakeport_times'], 'row')})"
                for row in found
            )
            raise OutsideSlice(
                f"{self.facts.key}: its name is of one slice, but it has rows of other slices: "
                f"{self.file_type.rejects.values_in_message(slices)}; "
                "nothing was loaded; ask the sender for one file for each, or list the columns in table.slice"
            )


def _text(value: object) -> str:
    return "NULL" if value is None else str(value)
