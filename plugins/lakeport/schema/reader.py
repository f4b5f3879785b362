"""Read schema YAMLs: every problem of a file at once, each with its line, its key and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from lakeport import settings
from lakeport.errors import SchemaError
from lakeport.schema import yaml_problems
from lakeport.schema.alerts import Alerts
from lakeport.schema.file_type import FileType
from lakeport.schema.places import Place, compose, label, node_at
from lakeport.schema.strict_yaml import values_of
from lakeport.schema.transform_files import function_problems, query_problems

DEFAULTS = "_defaults.yaml"
_OF_EACH = ("name", "columns")
_MAX_BYTES = 1_000_000
_MAX_CHARACTERS = 1000
_OWNER = re.compile(r"""^owner: *["']?([\w.+-]+@[\w-]+(?:\.[\w-]+)+)["']? *(?:#.*)?$""", re.MULTILINE | re.ASCII)
_SUFFIXES = {".yaml", ".yml"}
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class _Read(NamedTuple):
    """A schema, or the defaults, as text and as values."""

    path: Path
    text: str
    values: dict[Any, Any]


def schema_paths(folder: Path) -> list[Path]:
    """List the folder's schemas in a stable order; a leading underscore or dot is not a file type."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.name[0] not in "._")


def read_file_type(path: Path) -> FileType:
    """Read one schema; keys that it does not set are taken from `_defaults.yaml` beside it.

    Raises SchemaError with all problems of the schema, or of the defaults.
    """
    with _printable_problems():
        schema = _read(path)
        return _checked(schema, _read_defaults(path.parent / DEFAULTS))


def check_text(path: Path, text: str) -> FileType:
    """Return the file type that a text describes, which could be written to this path.

    Raises SchemaError with all problems that `read_file_type` would find without `_defaults.yaml`.
    """
    with _printable_problems():
        if len(text.encode()) > _MAX_BYTES:
            raise SchemaError([_too_large(path)])
        return _checked(_Read(path, text, _values(path, text)), _Read(path.parent / DEFAULTS, "", {}))


def known_file_type(name: str) -> FileType | None:
    """Return the file type, or None if its schema is missing or invalid."""
    path = settings.schemas_folder() / f"{name}.yaml"
    try:
        return read_file_type(path) if path.is_file() else None
    except SchemaError:
        return None


def default_alerts(folder: Path) -> Alerts:
    """Return who is alerted about files of no file type: `alerts` of `_defaults.yaml`, or none."""
    path = folder / DEFAULTS
    try:
        return Alerts.model_validate(_read_defaults(path).values.get("alerts") or {})
    except (SchemaError, ValidationError):
        return Alerts()


def alerts_of_invalid(path: Path) -> Alerts:
    """Return who is alerted about an invalid schema: its valid `alerts`, or the default ones; and its owner."""
    alerts, owner = default_alerts(path.parent), None
    try:
        text = _text(path)
        owner = _OWNER.search(text)
        alerts = Alerts.model_validate(values_of(text)["alerts"])
    except (OSError, yaml.YAMLError, ValueError, TypeError, LookupError):
        pass  # the problems of the schema are what the alert is about
    more = (owner.group(1),) if owner and owner.group(1) not in alerts.email else ()
    return Alerts(slack=alerts.slack, email=(*alerts.email, *more))


def owner_of_invalid(path: Path) -> str:
    """Return the owner that an invalid schema names, as far as it can be read."""
    try:
        owner = values_of(_text(path))["owner"]
    except (OSError, yaml.YAMLError, ValueError, TypeError, LookupError, SchemaError):
        owner = None
    return owner if isinstance(owner, str) and owner else "unknown, because the schema cannot be read"


def line_of(path: Path, place: Place) -> int:
    """Return the line of a key in a schema that can be read."""
    return node_at(compose(_text(path)), place)[1]


def _checked(schema: _Read, of_defaults: _Read) -> FileType:
    path, text, values = schema
    defaults_path, defaults_text, defaults = of_defaults
    found = [*_naming_problems(path, text, values), *_default_problems(defaults_path, defaults_text, defaults)]

    def owner(place: Place) -> Path:
        return (
            path
            if not defaults or place == ("name",) or not _holds(defaults, place) or _holds(values, place)
            else defaults_path
        )

    try:
        file_type = FileType.model_validate({**_merged(defaults, values), "name": path.stem})
    except ValidationError as error:
        from lakeport.schema import problems  # noqa: PLC0415 - each task reads a schema, which is valid

        texts = {path: text} | ({defaults_path: defaults_text} if defaults else {})
        found += problems.of_values(texts, owner, error)
    else:
        found += _transform_problems(path, file_type)
    reported = tuple(found)
    for each, its_text in ((path, text), (defaults_path, defaults_text)):
        found += [odd for start, odd in yaml_problems.of_scalars(each, its_text) if not _is_reported(start, reported)]
    if found:
        raise SchemaError(found)
    return file_type


def _read(path: Path) -> _Read:
    try:
        text = _text(path)
    except ValueError as error:
        raise SchemaError([yaml_problems.of_yaml(path, "", error)]) from error
    except OSError as error:
        raise SchemaError([f"{label(path)}: cannot be read: {error.strerror}"]) from error
    return _Read(path, text, _values(path, text))


def _read_defaults(path: Path) -> _Read:
    return _read(path) if _is_there(path) else _Read(path, "", {})


def _values(path: Path, text: str) -> dict[Any, Any]:
    try:
        values = values_of(text)
    except (yaml.YAMLError, ValueError) as error:
        raise SchemaError([yaml_problems.of_yaml(path, text, error)]) from error
    if values is None and path.name == DEFAULTS:
        return {}
    if not isinstance(values, dict):
        raise SchemaError([f"{label(path)}: is not a mapping of keys to values, as in `owner: data@example.com`"])
    return values


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _merged(defaults: dict[Any, Any], values: dict[Any, Any]) -> dict[Any, Any]:
    """Return the values over the defaults, mapping by mapping; a list is taken whole."""
    merged = dict(defaults)
    for key, value in values.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _holds(values: object, place: Place) -> bool:
    """Return whether these values have the place."""
    for step in place:
        is_there = (
            step in values if isinstance(values, dict) else isinstance(values, list) and step in range(len(values))
        )
        if not is_there:
            return False
        values = values[step]  # type: ignore[index]  # is_there holds only for a mapping or a list
    return True


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise SchemaError([_too_large(path)])
    return data.decode()


def _too_large(path: Path) -> str:
    return f"{label(path)}: is larger than {_MAX_BYTES:,} bytes"


def _naming_problems(path: Path, text: str, values: dict[Any, Any]) -> Iterator[str]:
    if path.suffix != ".yaml":
        yield f"{label(path)}:1: the file's name must end in .yaml; rename it to {path.stem}.yaml"
    if "name" in values:
        line = node_at(compose(text), ("name",))[1]
        yield f"{label(path)}:{line}: name: the file's own name is the file type; remove this key"


def _default_problems(path: Path, text: str, defaults: dict[Any, Any]) -> Iterator[str]:
    for key in _OF_EACH:
        if key in defaults:
            line = node_at(compose(text), (key,))[1]
            yield f"{label(path)}:{line}: {key}: belongs in each schema; remove it from {path.name}"


def _transform_problems(path: Path, file_type: FileType) -> Iterator[str]:
    """Yield what is wrong with the query and the function that the schema names."""
    found = {"sql": query_problems(file_type), "python": function_problems(file_type)}
    for key, objections in found.items():
        for objection in objections:
            yield f"{label(path)}:{line_of(path, ('transform', key))}: transform.{key}: {objection}"


def _is_reported(start: str, reported: Sequence[str]) -> bool:
    return any(problem.startswith(start) for problem in reported)


@contextmanager
def _printable_problems() -> Iterator[None]:
    try:
        yield
    except SchemaError as error:
        raise SchemaError([_printable(problem) for problem in error.problems]) from error


def _printable(text: str) -> str:
    # Neither Airflow's database nor JSON takes every character that a file's name or a quoted key may hold.
    return _UNPRINTABLE.sub(lambda match: repr(match[0])[1:-1], text[:_MAX_CHARACTERS])
