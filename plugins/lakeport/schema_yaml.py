"""Read schema YAMLs: every problem of a file at once, each with its line, its key and what is allowed."""

from __future__ import annotations

import re
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
_MAX_DEPTH = 20
_MAX_PROBLEMS = 100
_MAX_CHARACTERS = 1000
_SUFFIXES = {".yaml", ".yml"}
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_NAME_RULE = "lower-case letters, digits and underscores, a letter first, at most 45 characters"
_BaseLoader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What anchors, tags and deep nesting need; a text without any of it is read once.
_UNUSUAL = re.compile(r"[&!]|^ {40}", re.MULTILINE)
_NESTING = "[{-?"
_MANY = 500


class _StrictLoader(_BaseLoader):  # type: ignore[misc]  # the C loader where PyYAML has it: ten times as fast
    """YAML as people mean it: a key is a plain word, and written twice it is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a list or mapping cannot be a key", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} stands there twice", problem_mark=key.start_mark)
            seen.add(key.value)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


def schema_paths(folder: Path) -> list[Path]:
    """List the folder's schemas in a stable order; a leading underscore or dot is not a file type."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.name[0] not in "._")


def read_file_type(path: Path) -> FileType:
    """Read one schema.

    Raises SchemaError with all that is wrong with it.
    """
    try:
        return _file_type(path)
    except SchemaError as error:
        raise SchemaError([_printable(problem) for problem in error.problems]) from error


def _file_type(path: Path) -> FileType:
    try:
        text = _text(path)
        _refuse_the_unusual(text)
        values = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - derives from the safe loader
    except (yaml.YAMLError, ValueError) as error:
        raise SchemaError([f"{_label(path)}{_yaml_problem(error)}"]) from error
    except OSError as error:
        raise SchemaError([f"{_label(path)}: cannot be read: {error.strerror}"]) from error
    if not isinstance(values, dict):
        raise SchemaError([f"{_label(path)}: is no mapping of keys to values"])
    problems = list(_naming_problems(path, text, values))
    try:
        file_type = FileType.model_validate({**values, "name": path.stem})
    except ValidationError as error:
        problems += _problems(path, text, error)
    if problems:
        raise SchemaError(problems)
    return file_type


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise SchemaError([f"{_label(path)}: is larger than {_MAX_BYTES:,} bytes"])
    return data.decode()


def _refuse_the_unusual(text: str) -> None:
    """Refuse what harms or surprises and no schema needs.

    A few aliases of aliases make a small file endless, tags change what a value is, and the C loader crashes on tens
    of thousands of nested brackets.
    """
    depth = 0
    is_usual = not _UNUSUAL.search(text) and sum(map(text.count, _NESTING)) < _MANY
    event: Any
    for event in () if is_usual else yaml.parse(text, Loader=_BaseLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        problems = {
            "anchors and aliases are not allowed": getattr(event, "anchor", None),
            "tags (!...) are not allowed": getattr(event, "tag", None),
            f"is nested more than {_MAX_DEPTH} deep": depth > _MAX_DEPTH,
        }
        problem = next((words for words, is_there in problems.items() if is_there), None)
        if problem:
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


def _naming_problems(path: Path, text: str, values: dict[Any, Any]) -> Iterator[str]:
    if path.suffix != ".yaml":
        yield f"{_label(path)}:1: the file's name must end in .yaml; rename it to {path.stem}.yaml"
    if "name" in values:
        line = _line(yaml.compose(text, Loader=_BaseLoader), ("name",))
        yield f"{_label(path)}:{line}: name: the file's own name is the file type; remove this key"


def _problems(path: Path, text: str, error: ValidationError) -> Iterator[str]:
    root = yaml.compose(text, Loader=_BaseLoader)
    found = error.errors()
    outer = {problem["loc"][:depth] for problem in found for depth in range(len(problem["loc"]))}
    inner = [problem for problem in found if problem["loc"] not in outer]  # outer: only that something inside is wrong
    for problem in inner[:_MAX_PROBLEMS]:
        place = problem["loc"]
        line = _line(root, place)
        is_name = place == ("name",)
        sentence = f"the file's name is the file type: {_NAME_RULE}" if is_name else _key(place) + _sentence(problem)
        yield f"{_label(path)}:{line}: {sentence}"
    if len(inner) > _MAX_PROBLEMS:
        yield f"{_label(path)}: and {len(inner) - _MAX_PROBLEMS:,} problems more"


def _sentence(problem: Any) -> str:
    kind, given, context = problem["type"], problem.get("input"), problem.get("ctx", {})
    if kind == "extra_forbidden":
        return "is no key of a schema; " + _nearest(str(problem["loc"][-1]), _keys_at(problem["loc"][:-1]))
    if kind == "missing":
        return "is missing"
    if kind == "literal_error":
        return f"is {_shown(given)}; allowed: {context['expected']}"
    if kind == "string_pattern_mismatch":
        return f"is {_shown(given)}; allowed are lower-case letters, digits and underscores ({context['pattern']})"
    if kind == "value_error":
        return str(context["error"])
    return f"is {_shown(given)}: {problem['msg'][0].lower()}{problem['msg'][1:]}"


def _shown(given: object) -> str:
    return shorten(repr(given), 60, placeholder="...")


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
    return f": is not readable as YAML in UTF-8: {' '.join(str(error).split())}"


def _label(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _printable(text: str) -> str:
    # Neither Airflow's database nor JSON takes every character that a file's name or a quoted key may hold.
    return _UNPRINTABLE.sub(lambda match: repr(match[0])[1:-1], text[:_MAX_CHARACTERS])
