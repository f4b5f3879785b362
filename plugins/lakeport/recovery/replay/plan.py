"""What a replay or an undo will do to each file, and what it refuses since it would not be true afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.arrivals.publishing import published_index
from lakeport.files import s3_objects
from lakeport.model import Status
from lakeport.recovery.replay.selection import Chosen
from lakeport.redshift import ddl
from lakeport.redshift.session import Warehouse
from lakeport.redshift.statements import composed, statement
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import known_file_type

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_UNDER_WAY = ("New", "In Progress")


@dataclass(frozen=True)
class Planned:
    """What will be done to one file, which has the status `to` then.

    `rows` of it are deleted from its table, or the whole table where it is its own; its load has `load_rows` there.
    """

    chosen: Chosen
    to: Status
    what: str = ""
    rows: int = 0
    load_rows: int = 0
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
    _loads: dict[tuple[str | None, datetime | None], list[Chosen]] = field(default_factory=dict)

    def undo(self, files: Sequence[Chosen]) -> list[Planned]:
        """Plan to take the files' rows out of their tables, and to load again what one COPY loaded with them."""
        return [self._undo(each) for each in files] + self._load_again([], self._along(files))

    def replay(self, files: Sequence[Chosen]) -> list[Planned]:
        """Plan to load the files again, and with them what one COPY loaded with them."""
        return self._load_again(files, self._along(files))

    def _load_again(self, files: Sequence[Chosen], along: Sequence[tuple[Chosen, str]]) -> list[Planned]:
        among = [*files, *(each for each, _ in along)]
        planned = [self._replay(each, among) for each in files]
        for each, with_key in along:
            again = self._replay(each, among)
            planned.append(replace(again, what=f"{again.what}, since one COPY loaded it with {with_key}"))
        several = Counter(each.type_name for each in planned if not each.refused)
        return [self._one_at_a_time(each, several[each.type_name]) for each in planned]

    def _undo(self, each: Chosen) -> Planned:
        if each.status in _UNDER_WAY:
            return Planned(each, Status.FAIL, refused=f"it is {each.status}: a run may be loading it")
        if each.loaded_at is None:
            return Planned(each, Status.FAIL, "nothing: no row of it is in a table", is_idle=True)
        file_type = known_file_type(each.file_type or "")
        if file_type is None:
            return Planned(each, Status.FAIL, refused=_no_schema(each))
        if file_type.table.mode == "merge":
            refused = "table.mode is merge: the rows that its rows replaced cannot be brought back; replay it"
            return Planned(each, Status.FAIL, refused=refused)
        planned = self._taken_out(each, file_type, Status.FAIL)
        if planned.drops_table:
            return planned
        lost = "; what stood there before it is not brought back"
        return replace(planned, what=planned.what + lost * file_type.table.replaces_rows)

    def _replay(self, each: Chosen, among: Sequence[Chosen]) -> Planned:
        if each.status == "In Progress":
            return Planned(each, Status.NEW, refused="it is In Progress: a run may be loading it")
        planned = self._type_again(each)
        file_type = known_file_type(planned.type_name)
        if planned.refused:
            return planned
        if file_type is None:
            return replace(planned, refused=_no_schema(each))
        if not s3_objects.is_there(self.s3, each.file.source()):
            return replace(planned, refused="its object is neither in landing nor in the archive")
        if each.loaded_at is not None:
            planned = replace(self._taken_out(each, file_type, Status.NEW), file_type=planned.file_type)
        overtaken = self._overtaken(each, file_type, among)
        if overtaken and not self.older:
            return replace(planned, refused=overtaken)
        source = "the archive" if each.file.archive_key else "landing"
        done = [planned.what, f"loaded from {source}" + (", older rows in place of newer" if overtaken else "")]
        return replace(planned, what=", ".join(filter(None, done)))

    def _type_again(self, each: Chosen) -> Planned:
        """Ask the published schemas which type a Rejected file is of now."""
        if each.status != "Rejected":
            return Planned(each, Status.NEW)
        match = published_index(self.s3).match(each.file.key, each.file.size_bytes)
        if match.rejected_because:
            return Planned(each, Status.NEW, refused=f"it would be rejected again: {match.rejected_because}")
        return Planned(each, Status.NEW, f"now of type {match.file_type}", file_type=match.file_type)

    def _taken_out(self, each: Chosen, file_type: FileType, to: Status) -> Planned:
        """Plan to delete exactly the rows of the file's load."""
        load_rows = self._rows(each)
        if load_rows and file_type.table.mode == "new_table" and each.table_name != file_type.table.name:
            return Planned(each, to, f"table {each.table_name} dropped", load_rows, load_rows, drops_table=True)
        rows = load_rows if len(self._load(each)) == 1 else each.rows_loaded or 0
        return Planned(each, to, f"{rows:,} rows deleted from {each.table_name}", rows, load_rows)

    def _along(self, files: Sequence[Chosen]) -> list[tuple[Chosen, str]]:
        """Return what one COPY loaded with the files, so that no row tells of which it is, and with which of them."""
        chosen, along = {each.file.file_id for each in files}, dict[str, tuple[Chosen, str]]()
        for each in files:
            for other in self._load(each):
                if other.file.file_id not in chosen:
                    along.setdefault(other.file.file_id, (other, each.file.key))
        return list(along.values())

    def _load(self, each: Chosen) -> list[Chosen]:
        """Return all files of the file's load."""
        place = (each.table_name, each.loaded_at)
        if each.loaded_at is None:
            return [each]
        if place not in self._loads:
            found = self._read(statement("mng/loaded_together"), {"table_name": place[0], "loaded_at": place[1]})
            self._loads[place] = [Chosen.of_row(row) for row in found]
        return self._loads[place]

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
