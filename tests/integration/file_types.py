"""A small file type with its own table."""

from __future__ import annotations

import uuid
from typing import Any

from lakeport.schema.file_type import FileType
from tests.support import file_types


def make_file_type(**changes: Any) -> FileType:
    """Return a small CSV type whose name no other test has; `changes` are keys of its YAML."""
    name = f"trips_{uuid.uuid4().hex[:8]}"
    return file_types.make_file_type(**{"name": name, "landing": {"pattern": f"{name}/*"}, **changes})
