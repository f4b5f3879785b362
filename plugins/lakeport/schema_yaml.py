"""Read schema YAMLs: every problem of a file at once, each with its line, its key and what is allowed."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from difflib import get_close_matches
from pathlib import Path
from textwrap import shorten
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from lakeport.errors import SchemaError
from lakeport.file_type import FileType

_MAX_BYTES = 1_000_000
_NAME_RULE = "lower-case letters, digits and underscores, a letter first, at most 45 characters"
_BaseLoader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_BaseLoader):  # type: ignore[misc]  # the C loader where PyYAML has it: ten times as fast
    """YAML as people mean it: a key written twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} stands there twice", problem_mark=key.start_mark)
            seen.add(key.value)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


def schema_paths(folder: Path) -> list[Path]:
    """List the folder's schemas in a stable order; a leading underscore is not a file type."""
    return sorted(path for path in folder.glob("*.y*ml") if not path.name.startswith("_"))


def read_file_type(path: Path) -> FileType:
    """Read one schema.

    Raises SchemaError with all that is wrong with it.
    """
    try:
        text = path.read_bytes().decode()
        if len(text) > _MAX_BYTES:
            raise SchemaError([f"{_label(path)}: is larger than {_MAX_BYTES:,} bytes"])
        _refuse_anchors(text)
        values = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - derives from the safe loader
    except (yaml.YAMLError, ValueError) as error:
        raise SchemaError([f"{_label(path)}{_yaml_problem(error)}"]) from error
    except OSError as error:
        raise SchemaError([f"{_label(path)}: cannot be read: {error.strerror}"]) from error
    if not isinstance(values, dict):
        raise SchemaError([f"{_label(path)}: is no mapping of keys to values"])
    if "name" in values:
        raise SchemaError([f"{_label(path)}: name: the file's own name is the file type; remove this key"])
    try:
        return FileType.model_validate({"name": path.stem, **values})
    except ValidationError as error:
        raise SchemaError(list(_problems(path, text, error))) from error


def _refuse_anchors(text: str) -> None:
    """Refuse anchors: a few aliases of aliases make a small file endless; only a text with an & is read twice."""
    event: Any
    for event in yaml.parse(text, Loader=_BaseLoader) if "&" in text else ():
        if getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not allowed", problem_mark=event.start_mark)


def _problems(path: Path, text: str, error: ValidationError) -> Iterator[str]:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    places = {problem["loc"] for problem in error.errors()}
    for problem in error.errors():
        place = problem["loc"]
        if any(other[: len(place)] == place and other != place for other in places):
            continue  # only says that something inside is wrong
        line = _line(root, place)
        is_name = place == ("name",)
        sentence = f"the file's name is the file type: {_NAME_RULE}" if is_name else _key(place) + _sentence(problem)
        yield f"{_label(path)}:{line}: {sentence}"


def _sentence(problem: Any) -> str:
    kind, given, context = problem["type"], problem.get("input"), problem.get("ctx", {})
    if kind == "extra_forbidden":
        return "is no key of a schema; " + _nearest(str(problem["loc"][-1]), _keys_at(problem["loc"][:-1]))
    if kind == "missing":
        return "is missing"
    if kind == "literal_error":
        return f"is {given!r}; allowed: {context['expected']}"
    if kind == "string_pattern_mismatch":
        return f"is {given!r}; allowed are lower-case letters, digits and underscores ({context['pattern']})"
    if kind == "value_error":
        return str(context["error"])
    return f"is {shorten(repr(given), 60)}: {problem['msg'][0].lower()}{problem['msg'][1:]}"


def _keys_at(place: tuple[int | str, ...]) -> list[str]:
    model: Any = FileType
    for step in place:
        if isinstance(step, int):
            continue
        annotation = model.model_fields[step].annotation
        candidates = (annotation, *getattr(annotation, "__args__", ()))
        model = next((a for a in candidates if isinstance(a, type) and issubclass(a, BaseModel)), FileType)
    return [field.alias or name for name, field in model.model_fields.items() if (model, name) != (FileType, "name")]


def _nearest(word: str, allowed: list[str]) -> str:
    near = get_close_matches(word, allowed, n=1)
    return f"did you mean {near[0]!r}?" if near else "allowed: " + ", ".join(allowed)


def _key(place: tuple[int | str, ...]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")
    return f"{text}: " if text else ""


def _line(node: yaml.Node | None, place: tuple[int | str, ...]) -> int:
    line = 1
    for step in place:
        child = _child(node, step)
        if child is None:
            break
        node, line = child
    return line


def _child(node: yaml.Node | None, step: int | str) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((value, key.start_mark.line + 1) for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark.line + 1
    return None


def _yaml_problem(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f":{error.problem_mark.line + 1}: {error.problem}"
    return f": is not readable as YAML in UTF-8: {error}"


def _label(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
