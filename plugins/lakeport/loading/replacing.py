"""The mode replace: build a new table and swap it with the old one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.errors import TableMismatch
from lakeport.loading.keeping import ReplacedRows
from lakeport.loading.placing import Placing, execute_all
from lakeport.redshift import ddl
from lakeport.redshift.rows import fetch_rows
from lakeport.redshift.sql_files import statement
from lakeport.redshift.statements import composed, keywords
from lakeport.schema.file_type import FileType

_DEPENDENT_OBJECTS = "2BP01"
_PRIVILEGES = {"a": "INSERT", "r": "SELECT", "w": "UPDATE", "d": "DELETE", "x": "REFERENCES"}
_GRANT = re.compile(r'(?P<group>group )?(?P<name>"(?:[^"]|"")*"|[^"=]*)=(?P<letters>[A-Za-z*]*)/')


class Replace(Placing):
    """replace: swap the table with a new one that has its comments and its grants.

    The new table follows the schema, whatever the old one looked like, and needs no VACUUM.  Readers see the old table
    until the commit; they wait from the swap to the commit, which is short.  Grants to users, groups and PUBLIC are
    repeated; grants to roles are not, since ordinary users cannot read them.
    """

    @property
    def destination(self) -> FileType:
        return self.file_type.into(ddl.suffixed(self.file_type.table, "__lakeport_new"))

    def make_table(self, current: cursor) -> None:
        execute_all(current, ddl.create_table(self.destination, if_missing=False))

    def replaced(self, current: cursor, table: sql.Identifier) -> ReplacedRows:  # noqa: ARG002 - Slice asks it
        return ReplacedRows(table)

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
                f"{table.name} cannot be replaced because views depend on it; create the views WITH NO SCHEMA BINDING, "
                f"or set table.mode to truncate in the schema ({str(error).strip()})"
            ) from error
        new = ddl.table_identifier(self.destination.table)
        current.execute(composed("load/rename_table", table=new, name=sql.Identifier(table.table_name)))

    def _grants(self, current: cursor) -> Iterator[sql.Composed]:
        table = self.file_type.table
        current.execute(statement("load/grants"), {"schema_name": table.schema_name, "table_name": table.table_name})
        for row in fetch_rows(current):
            yield from grants_in(row["access_list"], ddl.table_identifier(self.destination.table))


def grants_in(text: str, table: sql.Identifier) -> Iterator[sql.Composed]:
    """Convert a table's access list, with lines such as `group readers=r*/owner`, to GRANT statements."""
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
                    keywords(_PRIVILEGES[letter]),
                    table,
                    grantee or sql.SQL("PUBLIC"),
                    sql.SQL(" WITH GRANT OPTION" if may_grant and grantee and not entry["group"] else ""),
                )
