"""Drafts of schemas, inferred from files."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import yaml

from lakeport.inference.infer import Draft, infer
from lakeport.schema.file_type import FileType


def draft_of(path: Path) -> tuple[Draft, FileType]:
    draft = infer(path)
    name = f"{draft.name[:32]}_{uuid.uuid4().hex[:8]}"
    return draft, FileType.model_validate({**yaml.load(draft.as_yaml(), yaml.CSafeLoader), "name": name})


def inferred(tmp_path: Path, data: str | bytes, name: str = "trips.csv", **options: Any) -> Draft:
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    draft = infer(path, **options)
    FileType.model_validate({**yaml.load(draft.as_yaml(), yaml.CSafeLoader), "name": draft.name})
    return draft


def types(draft: Draft) -> dict[str, str]:
    return {column.name: column.type for column in draft.columns}
