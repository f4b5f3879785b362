"""Schemas as people name them: a file type, the path of a YAML, or a folder of them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from lakeport import settings
from lakeport.errors import LakeportError
from lakeport.schema.reader import schema_paths


def schema_path(name: str) -> Path:
    """Return the path of one schema; raises LakeportError, with what there is, where there is none."""
    path = Path(name) if name.endswith(".yaml") else settings.schemas_folder() / f"{name}.yaml"
    if not path.is_file():
        raise LakeportError(f"there is no {path}; {what_there_is(path.stem)}")
    return path


def paths_of(names: list[str]) -> Iterator[Path]:
    """Yield the schemas that these names mean; a folder means all of its schemas."""
    for name in names:
        is_folder = Path(name).is_dir()
        paths = schema_paths(Path(name)) if is_folder else [_file(name)]
        if is_folder and not paths:
            raise LakeportError(f"there is no schema in {name}; {what_there_is(name)}")
        yield from paths


def what_there_is(name: str) -> str:
    """Return which file types have a schema, the one whose name is nearest first, and how to make another."""
    there = (
        [each.stem for each in schema_paths(settings.schemas_folder())] if settings.schemas_folder().is_dir() else []
    )
    near = get_close_matches(name, there, n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return f"{meant}file types are {', '.join(there) or 'none yet'}; `./lakeport infer SAMPLE --write` makes one"


def _file(name: str) -> Path:
    """Return a path that is there whatever it ends in, so that what is wrong with the file is told of it."""
    return Path(name) if Path(name).is_file() else schema_path(name)
