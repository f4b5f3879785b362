"""Query the warehouse for the loads that a plan depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport.recovery.replay.selection import SelectedFile
from lakeport.redshift import ddl
from lakeport.redshift.live_table import live_columns_query
from lakeport.redshift.rows import fetch_rows
from lakeport.redshift.session import Warehouse
from lakeport.redshift.sql_files import statement
from lakeport.redshift.statements import composed
from lakeport.schema.table import Table


@dataclass(frozen=True)
class LoadQueries:
    """The queries of a plan.

    Each query is a separate transaction: registration waits for every transaction that has read mng.files.
    """

    warehouse: Warehouse
    _loads: dict[tuple[str | None, datetime | None], list[SelectedFile]] = field(default_factory=dict)

    def files_of_load(self, each: SelectedFile) -> list[SelectedFile]:
        """Return all files of the file's load."""
        load = (each.table_name, each.loaded_at)
        if each.loaded_at is None:
            return [each]
        if load not in self._loads:
            found = self._read(statement("mng/loaded_together"), {"table_name": load[0], "loaded_at": load[1]})
            self._loads[load] = [SelectedFile.from_row(row) for row in found]
        return self._loads[load]

    def keys_landed_later(self, each: SelectedFile, table_name: str) -> dict[str, str]:
        """Return the key of each file, by id, that landed later and is loaded into the table."""
        values = {"table_name": table_name, "landed_at": each.file.landed_at, "file_id": each.file.file_id}
        found = self._read(statement("mng/loads_landed_later"), values)
        return {row["file_id"]: row["key"] for row in found}

    def keys_in_progress_later(self, each: SelectedFile, file_type: str) -> list[str]:
        """Return the keys of the files of the type that landed later and that a run is loading."""
        values = {"file_type": file_type, "landed_at": each.file.landed_at}
        return [row["key"] for row in self._read(statement("mng/in_progress_later"), values)]

    def keys_loaded_later(self, each: SelectedFile) -> list[str]:
        """Return the keys of the files that were loaded into the file's table after it, in the order of the loads."""
        values = {"table_name": each.table_name, "loaded_at": each.loaded_at}
        return [row["key"] for row in self._read(statement("mng/loaded_later"), values)]

    def has_table(self, table: Table) -> bool:
        """Return whether the table exists."""
        values = {"schema_name": table.schema_name, "table_name": table.table_name}
        return bool(self._read(live_columns_query(), values))

    def kept_rows(self, each: SelectedFile, kept: Table) -> tuple[int, int]:
        """Return how many kept rows the file's load replaced, and how many of its rows later loads replaced."""
        if not self.has_table(kept):
            return 0, 0
        query = composed("load/kept_of_load", kept=ddl.table_identifier(kept))
        [row] = self._read(query, {"loaded_at": each.loaded_at})
        return int(row["rows_replaced"]), int(row["own_rows"])

    def unfinished_keys(self, file_type: str) -> dict[str, str]:
        """Return the key of each file of the type, by id, that is New or In Progress."""
        found = self._read(statement("mng/waiting_files"), {"file_type": file_type})
        return {row["file_id"]: row["key"] for row in found}

    def count_rows(self, each: SelectedFile) -> int:
        """Return how many rows of the file's load are in its table; 0 if the table does not exist."""
        table = str(each.table_name)
        schema_name, _, table_name = table.partition(".")
        if not self._read(live_columns_query(), {"schema_name": schema_name, "table_name": table_name}):
            return 0
        query = composed("load/count_loaded", table=ddl.table_identifier(table))
        [row] = self._read(query, {"loaded_at": each.loaded_at})
        return int(row["row_count"])

    def _read(self, query: str | sql.Composable, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        def read(current: cursor) -> list[dict[str, Any]]:
            current.execute(query, values)
            return fetch_rows(current)

        return self.warehouse.transaction(read)
