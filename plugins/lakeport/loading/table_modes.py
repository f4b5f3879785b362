"""How the rows of one load come to their place: what each `table.mode` does around COPY, in the load's transaction.

Nobody sees any of it before that transaction commits, and nothing of it is left when the transaction does not: a
temporary table, a table built beside and a deletion are rolled back like the rows themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.errors import DoubledKeys, TableMismatch, TransformFailed
from lakeport.loading.sql_transform import insert_transformed
from lakeport.model import RegisteredFile
from lakeport.redshift import ddl
from lakeport.redshift.session import is_passing
from lakeport.redshift.statements import composed, statement, words
from lakeport.schema.facts import FileFacts
from lakeport.schema.file_type import FileType
from lakeport.schema.key_pattern import captured
from lakeport.schema.table import Table

_DEPENDENT_OBJECTS = "2BP01"
_LABEL_CHARACTERS = 60
_PRIVILEGES = {"a": "INSERT", "r": "SELECT", "w": "UPDATE", "d": "DELETE", "x": "REFERENCES"}
_GRANT = re.compile(r'(?P<group>group )?(?P<name>"(?:[^"]|"")*"|[^"=]*)=(?P<letters>[A-Za-z*]*)/')


def placing(file_type: FileType, file: RegisteredFile, run_id: str, ignored: tuple[str, ...] = ()) -> Placing:
    """Return what the mode of the type's table does with this file."""
    facts = FileFacts.of(file_type, file, run_id)
    if file_type.table.mode == "new_table":
        return IntoNewTable(file_type.into(name_of_new_table(file_type, file)), facts, ignored)
    return {"append": Placing, "truncate": InPlaceOfRows, "replace": InPlaceOfTable, "merge": InPlaceOfKeys}[
        file_type.table.mode
    ](file_type, facts, ignored)


def name_of_new_table(file_type: FileType, file: RegisteredFile) -> str:
    """Return the name of the one file's table: always the same for it, and no other's.

    What the pattern captures, or else the day on which the file landed, is there for people; the first characters of
    its id keep two files apart.
    """
    values = (captured(file_type.landing.pattern, file.key) or {}).values()
    label = re.sub(r"[^a-z0-9]+", "_", "_".join(values).lower())[:_LABEL_CHARACTERS].strip("_")
    return suffixed(file_type.table, f"_{label or file.landed_at.strftime('%Y%m%d')}_{file.file_id[:12]}")


def suffixed(table: Table, suffix: str) -> str:
    """Return the table's name with a suffix, within the length of a name."""
    return f"{table.schema_name}.{table.table_name[: ddl.MAX_NAME_BYTES - len(suffix)]}{suffix}"


@dataclass(frozen=True)
class Placing:
    """append: the rows are added to the table.

    `ignored` are columns of the file that go nowhere: COPY cannot skip a field, so it fills a temporary table then,
    from which the others are inserted.  So it does where an SQL transform makes the table's rows of the file's.
    """

    file_type: FileType
    facts: FileFacts
    ignored: tuple[str, ...] = ()

    @property
    def table_name(self) -> str:
        """Return the table that has the rows when the load is over."""
        return self.file_type.table.name

    @property
    def destination(self) -> FileType:
        """Return the type with the table that is written to, which is not always the one that has the rows then."""
        return self.file_type

    @property
    def is_staged(self) -> bool:
        """Say whether COPY fills a temporary table."""
        return bool(self.ignored) or self.file_type.transform.sql is not None

    @property
    def copy_into(self) -> sql.Identifier:
        """Return what COPY writes to."""
        return ddl.STAGE if self.is_staged else ddl.table_identifier(self.destination.table)

    @property
    def staged(self) -> sql.Identifier:
        """Return the temporary table whose rows go to the destination."""
        return ddl.TRANSFORMED if self.file_type.transform.sql else ddl.STAGE

    def begin(self, current: cursor) -> None:
        """Do what COPY needs."""
        self.make_table(current)
        if self.is_staged:
            current.execute(ddl.create_stage(self.file_type, self.ignored))

    def make_table(self, current: cursor) -> None:
        """Bring the destination into the state in which it takes the rows."""

    def place(self, current: cursor, rows_copied: int) -> int:
        """Bring the rows from where COPY wrote them to the destination, and return how many there are."""
        if not self.is_staged:
            return rows_copied
        if self.file_type.transform.sql:
            self.transform(current)
        self.make_room(current)
        current.execute(ddl.insert_staged(self.destination, self.staged))
        rows = current.rowcount
        for temporary in (ddl.STAGE,) if self.staged == ddl.STAGE else (ddl.STAGE, self.staged):
            current.execute(composed("load/drop_stage", stage=temporary))
        return rows

    def transform(self, current: cursor) -> None:
        """Fill the table of transformed rows; raises TransformFailed with what the query met."""
        current.execute(ddl.create_made(self.file_type, ddl.TRANSFORMED))
        query = insert_transformed(self.file_type)
        try:
            current.execute(query, self.facts.bound())
        except psycopg2.Error as error:
            if is_passing(error):
                raise
            raise TransformFailed(
                f"{self.facts.key}: transforms/{self.file_type.transform.sql}.sql failed, nothing was loaded: "
                f"{str(error).strip()}"
            ) from error

    def make_room(self, current: cursor) -> None:
        """Take away what the staged rows replace."""

    def finish(self, current: cursor) -> None:
        """Do what is left when the rows have been counted and checked."""


class InPlaceOfRows(Placing):
    """truncate: the rows take the place of all others.

    Other writers wait from there on; readers see the old rows until the commit, and so does an SQL transform.
    """

    def make_table(self, current: cursor) -> None:
        if not self.is_staged:
            self._clear(current)

    def make_room(self, current: cursor) -> None:
        self._clear(current)

    def _clear(self, current: cursor) -> None:
        current.execute(composed("load/clear_table", table=ddl.table_identifier(self.file_type.table)))


class IntoNewTable(Placing):
    """new_table: a table for this file alone, which appears with its rows."""

    def make_table(self, current: cursor) -> None:
        _run(current, ddl.create_table(self.file_type))


class InPlaceOfTable(Placing):
    """replace: a table built anew takes the place of the old one, with its comments and its grants.

    It follows the schema, whatever the old one looked like, and needs no VACUUM.  Readers see the old table until the
    commit; the swap makes them wait for what comes after it, which is little.  Grants to users, groups and PUBLIC are
    given again; those to roles stand nowhere that an ordinary user may read.
    """

    @property
    def destination(self) -> FileType:
        return self.file_type.into(suffixed(self.file_type.table, "__lakeport_new"))

    def make_table(self, current: cursor) -> None:
        _run(current, ddl.create_table(self.destination, if_missing=False))

    def finish(self, current: cursor) -> None:
        table = self.file_type.table
        for grant in self._grants(current):
            current.execute(grant)
        try:
            current.execute(composed("load/drop_replaced", table=ddl.table_identifier(table)))
        except psycopg2.Error as error:
            if error.pgcode != _DEPENDENT_OBJECTS:
                raise
            raise TableMismatch(
                f"{table.name} cannot be replaced, since views depend on it: create them WITH NO SCHEMA BINDING, "
                f"or write mode: truncate in the schema ({str(error).strip()})"
            ) from error
        beside = ddl.table_identifier(self.destination.table)
        current.execute(composed("load/rename_table", table=beside, name=sql.Identifier(table.table_name)))

    def _grants(self, current: cursor) -> Iterator[sql.Composed]:
        table = self.file_type.table
        current.execute(statement("load/grants"), {"schema_name": table.schema_name, "table_name": table.table_name})
        for (text,) in current.fetchall():
            yield from grants_in(text, ddl.table_identifier(self.destination.table))


class InPlaceOfKeys(Placing):
    """merge: each row takes the place of the one with its key, whole; rows with other keys stay.

    COPY fills a temporary table, then the rows with its keys are deleted and its own inserted: what MERGE does, without
    its refusals.  The deletion comes before anything else that writes to the table: under snapshot isolation two
    transactions that insert first and delete then would wait for each other for ever.  Two loads of different files at
    once would both insert a key that is new in both; a type's runs never overlap, so a merged table is for one type.

    Which of several rows with one key is taken is said by a column (`table.wins`), never by the order of lines:
    COPY reads a file in slices side by side, so that no table knows in which order its rows stood.
    """

    @property
    def is_staged(self) -> bool:
        return True

    @property
    def staged(self) -> sql.Identifier:
        return ddl.WINNERS if self.file_type.table.wins else super().staged

    def make_room(self, current: cursor) -> None:
        wins = self.file_type.table.wins
        if wins:
            current.execute(ddl.create_made(self.file_type, ddl.WINNERS))
            before = super().staged
            current.execute(ddl.insert_winners(self.file_type, before, wins.column, wins.direction))
            if before != ddl.STAGE:
                current.execute(composed("load/drop_stage", stage=before))
        self._refuse_doubled_keys(current)
        current.execute(ddl.delete_replaced(self.file_type.table, self.staged))

    def _refuse_doubled_keys(self, current: cursor) -> None:
        key, wins = self.file_type.table.key, self.file_type.table.wins
        current.execute(composed("load/doubled_keys", key=ddl.names(key), stage=self.staged))
        doubled = current.fetchall()
        if doubled:
            shown = "; ".join(f"{_pairs(key, row)} ({row[-1]} times)" for row in doubled)
            what = f"several rows for one key with the same {wins.column}" if wins else "several rows for one key"
            raise DoubledKeys(
                f"the file has {what}, so that none can take its place: {shown}; have it sent with one row for each "
                f"{', '.join(key)}" + ("" if wins else ", or say by table.wins which is taken")
            )


def grants_in(text: str, table: sql.Identifier) -> Iterator[sql.Composed]:
    """Read a table's access list, one entry a line as `group readers=r*/owner`, as the grants that make it."""
    for line in text.splitlines():
        entry = _GRANT.match(line)
        if not entry:
            continue
        name = entry["name"]
        name = name[1:-1].replace('""', '"') if name.startswith('"') else name
        grantee = sql.SQL("GROUP {}" if entry["group"] else "{}").format(sql.Identifier(name)) if name else None
        for letter, may_grant in re.findall(r"([A-Za-z])(\*?)", entry["letters"]):
            if letter in _PRIVILEGES:
                yield sql.SQL("GRANT {} ON {} TO {}{}").format(
                    words(_PRIVILEGES[letter]),
                    table,
                    grantee or sql.SQL("PUBLIC"),
                    sql.SQL(" WITH GRANT OPTION" if may_grant and grantee and not entry["group"] else ""),
                )


def _pairs(names: Sequence[str], values: Sequence[object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=False))


def _run(current: cursor, statements: Iterator[ddl.Statement]) -> None:
    for each in statements:
        current.execute(each)
