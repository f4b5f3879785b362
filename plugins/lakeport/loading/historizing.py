"""The mode history: each row of a file begins a version of its key, and ends the version before it."""

from __future__ import annotations

from functools import cached_property

from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.errors import DuplicateKeys, LakeportError
from lakeport.loading.keeping import ReplacedRows, keep, same, take_out
from lakeport.loading.placing import Placing
from lakeport.redshift import ddl
from lakeport.redshift.rows import fetch_rows
from lakeport.redshift.statements import composed, keywords
from lakeport.schema.column import Column

_EVENTS, _KEYS, _VERSIONS = (sql.Identifier(f"lakeport_{name}") for name in ("events", "keys", "versions"))
_HAS_ANOTHER_END = """(
    {0}._valid_to <> {1}.lakeport_until
    OR ({0}._valid_to IS NULL AND {1}.lakeport_until IS NOT NULL)
    OR ({0}._valid_to IS NOT NULL AND {1}.lakeport_until IS NULL)
)"""
_HERE, _THERE = sql.Identifier("lakeport_here"), sql.Identifier("lakeport_there")


class History(Placing):
    """history: keep every version of a row, each with the time from which and until which it is valid.

    The events of a key are the begins of its versions and the ends after which it had none, those of the table and
    those of the file; an event of the file replaces one of the table at the same time.  A version ends at the next
    event, so a late file goes between versions.  A row that is equal to the version before it, or at the same time, in
    the tracked columns changes nothing.

    Rows whose end changes are kept with their former end, and get the time of the load in `_closed_at`, so that undo is
    exact.
    """

    @property
    def is_staged(self) -> bool:
        return True

    @cached_property
    def parts(self) -> dict[str, sql.Composable]:
        """Return what the statements have in common."""
        key, tracked = list(self.file_type.table.key), [column.name for column in self.file_type.tracked_columns]
        return {
            "events": _EVENTS,
            "keys": _KEYS,
            "versions": _VERSIONS,
            "stage": self.staged,
            "table": self.here,
            "at": self.at,
            "key": ddl.names(key),
            "tracked": ddl.names(tracked),
            "key_of_table": _names_of(_HERE, key),
            "tracked_of_table": _names_of(_HERE, tracked),
            "is_key": same(_HERE, _KEYS, key),
            "deletes": ddl.condition(self.file_type.table.deletes or "FALSE"),
        }

    @property
    def here(self) -> sql.Identifier:
        """Return the table."""
        return ddl.table_identifier(self.file_type.table)

    @property
    def at(self) -> sql.Composable:
        """Return from when the rows of the file are valid: a column, or a time that is the same for all."""
        source = self.file_type.history_from
        if isinstance(source, Column):
            return sql.SQL("{}.{}").format(self.staged, sql.Identifier(source.name))
        is_captured = source.startswith("captured.")
        moment = self.facts.captured[source.removeprefix("captured.")] if is_captured else self.facts.landed_at
        return sql.SQL("CAST({} AS TIMESTAMP)").format(sql.Literal(str(moment)))

    def make_room(self, current: cursor) -> None:
        self._refuse_two_rows_at_once(current)
        self._make_tables(current)
        self._execute(current, "load/history_changes")
        if self.file_type.table.snapshot:
            self._execute(current, "load/history_missing")
        for name in ("load/history_keys", "load/history_unchanged", "load/history_starts", "load/history_ends"):
            self._execute(current, name)
        table, key = self.file_type.table, list(self.file_type.table.key)
        is_same = [same(self.here, _EVENTS, key), _compared("{}._valid_from = {}.lakeport_at", self.here, _EVENTS)]
        is_same.append(_compared("{1}.lakeport_is_new = 1", self.here, _EVENTS))
        take_out(current, table, ReplacedRows(self.here, _EVENTS, sql.SQL(" AND ").join(is_same)))
        self._execute(current, "load/history_versions")
        self._close(current)

    def place(self, current: cursor, rows_copied: int) -> int:  # noqa: ARG002 - the stage has them
        self.make_room(current)
        columns = [column.name for column in self.file_type.table_columns]
        values = _names_of(self.staged, columns)
        self._execute(current, "load/history_insert", columns=ddl.names(columns), values=values)
        rows = current.rowcount
        for temporary in (ddl.STAGE,) if self.staged == ddl.STAGE else (ddl.STAGE, self.staged):
            current.execute(composed("load/drop_stage", stage=temporary))
        return rows

    def replaced(self, current: cursor, table: sql.Identifier) -> ReplacedRows:  # noqa: ARG002 - Slice asks it
        """Return the current versions of the keys of the loaded rows."""
        conditions = [same(table, self.here, list(self.file_type.table.key))]
        conditions.append(_compared("{1}._loaded_at = SYSDATE AND {0}._valid_to IS NULL", table, self.here))
        return ReplacedRows(table, self.here, sql.SQL(" AND ").join(conditions))

    def finish(self, current: cursor) -> None:
        """Refuse a history in which versions of a key overlap; then a key has one current version at most."""
        self._execute(current, "load/history_faults")
        if faults := fetch_rows(current):
            raise LakeportError(
                f"{self.facts.key}: versions in {self.file_type.table.name} overlap for {self._values_of(faults)}; "
                "nothing was loaded; if other programs write to the table, correct its _valid_from and _valid_to, then "
                "replay"
            )

    def _make_tables(self, current: cursor) -> None:
        key = [column for column in self.file_type.table_columns if column.name in self.file_type.table.key]
        event = sql.SQL("lakeport_at {}, lakeport_is_start SMALLINT, lakeport_is_new SMALLINT").format(
            keywords(self.file_type.history_type)
        )
        until = sql.SQL("lakeport_until {}").format(keywords(self.file_type.history_type))
        shapes = [
            (_EVENTS, [*ddl.nullable(key), *ddl.nullable(self.file_type.tracked_columns), event]),
            (_KEYS, ddl.nullable(key)),
            (_VERSIONS, [*ddl.nullable(key), event, until]),
        ]
        for name, columns in shapes:
            current.execute(composed("load/drop_replaced", table=name))  # of an earlier load of this session
            parts = {"columns": sql.SQL(", ").join(columns), "layout": sql.SQL("")}
            current.execute(composed("load/create_stage", stage=name, **parts))

    def _execute(self, current: cursor, name: str, **more: sql.Composable) -> None:
        key = list(self.file_type.table.key)
        tracked = {column.name: True for column in self.file_type.tracked_columns}
        if name == "load/history_unchanged":
            more = {"is_same_key": same(self.here, _EVENTS, key), "is_same": same(self.here, _EVENTS, tracked)}
        elif name == "load/history_insert":
            more["is_same_key"] = same(self.staged, _VERSIONS, key)
        elif name == "load/history_versions":
            more = {"is_same": _is_same_as_before(tracked), "before": _before(key, tracked)}
        else:
            more["is_same_key"] = same(_HERE, _THERE, key)
        statement = composed(name, **{**self.parts, **more})
        current.execute(statement)

    def _close(self, current: cursor) -> None:
        """Set the new ends of versions that were in the table before."""
        is_same = [same(self.here, _VERSIONS, list(self.file_type.table.key))]
        is_same.append(_compared("{}._valid_from = {}.lakeport_at", self.here, _VERSIONS))
        is_same.append(_compared("{1}.lakeport_is_new = 0 AND {1}.lakeport_is_start = 1", self.here, _VERSIONS))
        is_same.append(_compared(_HAS_ANOTHER_END, self.here, _VERSIONS))
        changed = ReplacedRows(self.here, _VERSIONS, sql.SQL(" AND ").join(is_same))
        keep(current, self.file_type.table, changed)
        current.execute(composed("load/history_close", table=self.here, versions=_VERSIONS, is_replaced=changed.where))

    def _refuse_two_rows_at_once(self, current: cursor) -> None:
        source, key = self.file_type.history_from, self.file_type.table.key
        names = [*key, source.name] if isinstance(source, Column) and source.name not in key else [*key]
        current.execute(composed("load/duplicate_keys", key=ddl.names(names), stage=self.staged))
        if rows := fetch_rows(current):
            raise DuplicateKeys(
                f"the file has several rows with the same {', '.join(names)}: {self._values_of(rows)}; "
                "ask the sender for one row for each"
            )

    def _values_of(self, rows: list[dict[str, object]]) -> str:
        return self.file_type.rejects.values_in_message(_examples(rows))


def _names_of(table: sql.Identifier, names: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL("{}.{}").format(table, sql.Identifier(name)) for name in names)


def _compared(text: str, left: sql.Identifier, right: sql.Identifier) -> sql.Composed:
    return sql.SQL(text).format(left, right)  # nosemgrep: sql-wrapped-unread - texts of this module


def _is_same_as_before(tracked: dict[str, bool]) -> sql.Composed:
    """Return the condition that a row has the tracked values of the row before it."""
    pairs = [(sql.Identifier(name), sql.Identifier(f"lakeport_before_{number}")) for number, name in enumerate(tracked)]
    same_or_null = sql.SQL("({0} = {1} OR ({0} IS NULL AND {1} IS NULL))")
    return sql.SQL(" AND ").join(same_or_null.format(*pair) for pair in pairs)


def _before(key: list[str], tracked: dict[str, bool]) -> sql.Composed:
    """Return the tracked values of the event before as columns."""
    value_before = sql.SQL("LAG({}) OVER (PARTITION BY {} ORDER BY lakeport_at) AS {}")
    names = [(sql.Identifier(name), sql.Identifier(f"lakeport_before_{number}")) for number, name in enumerate(tracked)]
    return sql.SQL(", ").join(value_before.format(name, ddl.names(key), before) for name, before in names)


def _examples(rows: list[dict[str, object]]) -> str:
    return "; ".join(
        ", ".join(f"{name} {value}" for name, value in row.items() if name != "lakeport_times") for row in rows
    )
