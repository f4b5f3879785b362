"""What sessions share, and what each keeps of its COPYs; a start does without the modules that load files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from local.redshift.copy.journal import Journal
from local.redshift.dialect.tokens import literal
from local.redshift.protocol import wire
from local.redshift.settings import Settings

if TYPE_CHECKING:
    from local.redshift.copy.s3 import ObjectStore


@dataclass
class LastCopy:
    """What pg_last_copy_id() and pg_last_copy_count() answer in a session."""

    query_id: int = -1
    rows: int = 0
    has_failed: bool = False
    """It began to load and failed: it stays the last one, though its transaction is rolled back."""
    unsettled: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    """Journal entries the open transaction cannot see in the tables."""

    QUERY: ClassVar = "SELECT pg_last_copy_id(), pg_last_copy_count()"

    def read(self, rows: list[wire.Row]) -> None:
        self.query_id, self.rows = (int(cell or 0) for cell in rows[0])

    def forget_transaction(self) -> None:
        self.unsettled = {}

    def sql(self) -> str:
        unsettled = f", set_config('lakeport.unsettled', {literal(json.dumps(self.unsettled, default=str))}, true)"
        return (
            f"SELECT set_config('lakeport.copy_id', '{self.query_id}', false),"
            f" set_config('lakeport.copy_count', '{self.rows}', false)" + (unsettled if self.unsettled else "")
        )


@dataclass(frozen=True)
class Services:
    """What all sessions share."""

    settings: Settings
    journal: Journal

    @cached_property
    def store(self) -> ObjectStore:
        """Made when it is first needed: boto3 takes as long to import as all else that a start does."""
        from local.redshift.copy.s3 import ObjectStore  # noqa: PLC0415

        return ObjectStore(self.settings.s3_endpoint, self.settings.faults.missing_permission)

    @property
    def error_view(self) -> str:
        """The view a failed load points to."""
        return self.settings.error_view

    @property
    def replacements_view(self) -> str:
        """The view a load with replacements points to."""
        return self.settings.replacements_view
