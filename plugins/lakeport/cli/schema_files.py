"""Find schemas by file type, path of a YAML file, or folder."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from lakeport import settings
from lakeport.errors import LakeportError
from lakeport.schema.reader import schema_paths


def schema_path(name: str) -> Path:
    """Return the path of one schema; raises LakeportError, which lists the known file types, if it does not exist."""
    path = Path(name) if name.endswith(".yaml") else settings.schemas_folder() / f"{name}.yaml"
    if not path.is_file():
        raise LakeportError(f"{path} does not exist; {known_file_types(path.stem)}")
    return path


def paths_of(names: list[str]) -> Iterator[Path]:
    """Yield the paths of these schemas; a folder stands for all of its schemas."""
    for name in names:
        is_folder = Path(name).is_dir()
        paths = schema_paths(Path(name)) if is_folder else [_file(name)]
        if is_folder and not paths:
            raise LakeportError(f"no schemas in {name}; {known_file_types(name)}")
        yield from paths


def known_file_types(name: str) -> str:
    """Return a hint: the closest file type, all file types, and how to create another one."""
    known = (
        [each.stem for each in schema_paths(settings.schemas_folder())] if settings.schemas_folder().is_dir() else []
    )
    near = get_close_matches(name, known, n=1)
    suggestion = f"did you mean {near[0]!r}? " if near else ""
    return f"{suggestion}file types: {', '.join(known) or 'none yet'}; `./lakeport infer SAMPLE --write` creates one"


def _file(name: str) -> Path:
    """Return the path of an existing file with any suffix, so that it is checked as a schema."""
    return Path(name) if Path(name).is_file() else schema_path(name)
