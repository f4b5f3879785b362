"""What a replay or an undo will do to each file, and what it refuses since it would not be true afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport import ddl, landing
from lakeport.file_type import FileType
from lakeport.publishing import published_index
from lakeport.replaying.chosen import Chosen
from lakeport.schema_yaml import known_file_type
from lakeport.statements import composed, statement
from lakeport.warehouse import Warehouse

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_UNDER_WAY = ("New", "In Progress")


@dataclass(frozen=True)
class Planned:
    """What will be done to one file; `rows` are deleted from its table, or the whole table where it is its own."""

    chosen: Chosen
    what: str = ""
    rows: int = 0
    drops_table: bool = False
    refused: str | None = None
    file_type: str | None = None
    """The type the file is of now, where that is another than when it landed."""
    is_idle: bool = False
    """There is nothing to do."""

    @property
    def type_name(self) -> str:
        """Return the type whose run loads the file."""
        return self.file_type or self.chosen.file_type or ""


@dataclass(frozen=True)
class Planner:
    """Plan for all chosen files at once, since what may be done to one depends on the others.

    Each look at the tables is a transaction of its own: registration waits for whoever reads mng.files.  With `older`
    rows of older files may take the place of newer ones.
    """

    warehouse: Warehouse
    s3: S3Client
    older: bool = False

    def undo(self, files: Sequence[Chosen]) -> list[Planned]:
        """Plan to take the files' rows out of their tables."""
        return [self._undo(each, files) for each in files]

    def replay(self, files: Sequence[Chosen]) -> list[Planned]:
        """Plan to load the files again."""
        planned = [self._replay(each, files) for each in files]
        several = Counter(each.type_name for each in planned if not each.refused)
        return [self._one_at_a_time(each, several[each.type_name]) for each in planned]

    def _undo(self, each: Chosen, among: Sequence[Chosen]) -> Planned:
        if each.status in _UNDER_WAY:
            return Planned(each, refused=f"it is {each.status}: a run may be loading it")
        if each.loaded_at is None:
            return Planned(each, "nothing: no row of it is in a table", is_idle=True)
        file_type = known_file_type(each.file_type or "")
        if file_type is None:
            return Planned(each, refused=_no_schema(each))
        if file_type.table.mode == "merge":
            return Planned(
                each, refused="table.mode is merge: the rows that its rows replaced cannot be brought back; replay it"
            )
        planned = self._taken_out(each, file_type, among)
        if planned.refused or planned.drops_table:
            return planned
        lost = "; what stood there before it is not brought back"
        return replace(planned, what=planned.what + lost * file_type.table.replaces_rows)

    def _replay(self, each: Chosen, among: Sequence[Chosen]) -> Planned:
        if each.status == "In Progress":
            return Planned(each, refused="it is In Progress: a run may be loading it")
        planned = self._type_again(each)
        file_type = known_file_type(planned.type_name)
        if planned.refused:
            return planned
        if file_type is None:
            return replace(planned, refused=_no_schema(each))
        if not landing.is_there(self.s3, each.file.source()):
            return replace(planned, refused="its object is neither in landing nor in the archive")
        if each.loaded_at is not None:
            taken = self._taken_out(each, file_type, among)
            planned = replace(taken, file_type=planned.file_type)
        overtaken = self._overtaken(each, file_type, among)
        if overtaken and not self.older and not planned.refused:
            return replace(planned, refused=overtaken)
        source = "the archive" if each.file.archive_key else "landing"
        done = [planned.what, f"loaded from {source}" + (", older rows in place of newer" if overtaken else "")]
        return replace(planned, what=", ".join(filter(None, done)))

    def _type_again(self, each: Chosen) -> Planned:
        """Ask the published schemas which type a Rejected file is of now."""
        if each.status != "Rejected":
            return Planned(each)
        match = published_index(self.s3).match(each.file.key, each.file.size_bytes)
        if match.rejected_because:
            return Planned(each, refused=f"it would be rejected again: {match.rejected_because}")
        return Planned(each, f"now of type {match.file_type}", file_type=match.file_type)

    def _taken_out(self, each: Chosen, file_type: FileType, among: Sequence[Chosen]) -> Planned:
        """Plan to delete exactly the rows of the file's load."""
        ids = {other.file.file_id for other in among}
        siblings = [key for file_id, key in self._others(each) if file_id not in ids]
        if siblings:
            return Planned(
                each, refused=f"its rows cannot be told from those of {', '.join(siblings)}: choose these as well"
            )
        rows = self._rows(each)
        if rows and file_type.table.mode == "new_table" and each.table_name != file_type.table.name:
            return Planned(each, f"table {each.table_name} dropped", rows, drops_table=True)
        return Planned(each, f"{rows:,} rows deleted from {each.table_name}", rows)

    def _overtaken(self, each: Chosen, file_type: FileType, among: Sequence[Chosen]) -> str | None:
        """Say which later load the file's rows would take the place of."""
        if not file_type.table.replaces_rows:
            return None
        ids = {other.file.file_id for other in among}
        values = {"table_name": file_type.table.name, "landed_at": each.file.landed_at, "file_id": each.file.file_id}
        later = [key for file_id, key in self._read(statement("mng/loads_landed_later"), values) if file_id not in ids]
        if not later:
            return None
        return f"{later[-1]} landed later and is loaded; --older puts rows of this file in the place of its rows"

    def _one_at_a_time(self, each: Planned, files: int) -> Planned:
        """A type that loads the newest of the waiting files filters the others out: no rows may be lost by that."""
        file_type = known_file_type(each.type_name)
        if each.refused or file_type is None or file_type.landing.select == "all":
            return each
        found = self._read(statement("mng/waiting_files"), {"file_type": each.type_name})
        waiting = [key for file_id, key in found if file_id != each.chosen.file.file_id]
        if files == 1 and not waiting:
            return each
        if each.chosen.loaded_at is None:
            return replace(each, what=f"{each.what} if it is the newest that waits, else Filtered Out")
        if files > 1:
            remedy = "replay them one at a time, the oldest first, each when the one before is Done"
            return replace(each, refused=f"select is newest, which would load one of these {files}; {remedy}")
        return replace(each, refused=f"select is newest, and {waiting[0]} is under way: let it end first")

    def _others(self, each: Chosen) -> list[tuple[str, str]]:
        values = {"table_name": each.table_name, "loaded_at": each.loaded_at, "file_id": each.file.file_id}
        return self._read(statement("mng/other_loads"), values)

    def _rows(self, each: Chosen) -> int:
        table = str(each.table_name)
        schema_name, _, table_name = table.partition(".")
        if not self._read(ddl.live_columns_query(), {"schema_name": schema_name, "table_name": table_name}):
            return 0
        query = composed("load/count_loaded", table=ddl.table_identifier(table))
        ((rows,),) = self._read(query, {"loaded_at": each.loaded_at})
        return int(rows)

    def _read(self, query: str | sql.Composable, values: Mapping[str, Any]) -> list[Any]:
        def read(current: cursor) -> list[Any]:
            current.execute(query, values)
            return current.fetchall()

        return self.warehouse.transaction(read)


def _no_schema(each: Chosen) -> str:
    return f"schemas/{each.file_type}.yaml is gone or broken, so that nobody knows how its table is filled"
