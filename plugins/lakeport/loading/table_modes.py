"""Select what the `table.mode` of a schema does with the rows of a load."""

from __future__ import annotations

import re

from lakeport.loading.historizing import History
from lakeport.loading.merging import Merge
from lakeport.loading.placing import NewTable, Placing, Truncate
from lakeport.loading.replacing import Replace
from lakeport.loading.slicing import Slice
from lakeport.model import RegisteredFile
from lakeport.redshift import ddl
from lakeport.schema.column import Column
from lakeport.schema.facts import FileFacts
from lakeport.schema.file_type import FileType
from lakeport.schema.key_pattern import captured

_LABEL_CHARACTERS = 60
_MODES: dict[str, type[Placing]] = {
    "append": Placing,
    "truncate": Truncate,
    "replace": Replace,
    "merge": Merge,
    "slice": Slice,
    "history": History,
}


def placing(
    file_type: FileType,
    file: RegisteredFile,
    run_id: str,
    ignored: tuple[Column, ...] = (),
    *,
    is_stricter: bool = False,
) -> Placing:
    """Return what the mode of the type's table does with the rows of this file."""
    facts = FileFacts.of(file_type, file, run_id)
    if file_type.table.mode == "new_table":
        return NewTable(file_type.into(name_of_new_table(file_type, file)), facts, ignored)
    return _MODES[file_type.table.mode](file_type, facts, ignored, is_stricter)


def name_of_new_table(file_type: FileType, file: RegisteredFile) -> str:
    """Return the name of the file's own table, which is always the same and unique.

    The captures of the pattern, or else the day of landing, are for people; the start of the file id makes it unique.
    """
    values = (captured(file_type.landing.pattern, file.key) or {}).values()
    label = re.sub(r"[^a-z0-9]+", "_", "_".join(values).lower())[:_LABEL_CHARACTERS].strip("_")
    return ddl.suffixed(file_type.table, f"_{label or file.landed_at.strftime('%Y%m%d')}_{file.file_id[:12]}")
