"""A small file type."""

from __future__ import annotations

from typing import Any

from lakeport.schema.file_type import FileType


def make_file_type(**changes: Any) -> FileType:
    """Return a small CSV type; `changes` are keys of its YAML."""
    is_packed = "compression" in changes.get("format", {})
    values: dict[str, Any] = {
        "name": "trips",
        "description": "Trips, one row per trip.",
        "owner": "tests",
        "landing": {"pattern": "trips/trips_*" if is_packed else "trips/trips_*.csv"},
        "format": {"type": "csv", "header_lines": 1},
        "columns": [
            {"name": "id", "type": "integer", "required": True},
            {"name": "city", "type": "varchar(8)", "description": "Where the trip began"},
            {"name": "price", "type": "decimal(8,2)"},
        ],
    }
    return FileType.model_validate({**values, **changes})
