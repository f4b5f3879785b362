"""What is wrong with a schema, in sentences: where, what YAML made of it, what is allowed, how to write it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path
from textwrap import shorten
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from lakeport.schema.file_type import FileType

Place = tuple[int | str, ...]

MAX_PROBLEMS = 100
_NAME_RULE = "lower-case letters, digits and underscores, a letter first, at most 45 characters"
_INDICATORS = {"*": "an alias", "&": "an anchor", "%": "a directive", "@": "reserved", "`": "reserved", "!": "a tag"}
_MAX_EXAMPLE = 30
_MAX_LINE = 200
_INTEGER = "tag:yaml.org,2002:int"
_PLAIN_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_ODD_NUMBER = re.compile(r"(?<![\w.])(?:0[0-9xb_]|[0-9]+[_:][0-9])")  # and some that are none
_CUT_BY_COMMENT = re.compile(r"[{\[][^}\]]*\s#[^}\]]*([}\]].*)?$")


def label(path: Path) -> str:
    """Return how problems name a schema."""
    return f"{path.parent.name}/{path.name}"


def of_yaml(path: Path, text: str, error: yaml.YAMLError | ValueError) -> str:
    """Return what keeps a text from being YAML."""
    if not isinstance(error, yaml.MarkedYAMLError) or not error.problem_mark:
        return f"{label(path)}: is not readable as YAML in UTF-8: {' '.join(str(error).split())}"
    line = error.problem_mark.line
    return f"{label(path)}:{line + 1}: {error.problem}{_trap(text, line, str(error.problem))}"


def _trap(text: str, number: int, problem: str) -> str:
    """Return what a person most likely meant on a line that YAML cannot read, or nothing."""
    lines = [each[:_MAX_LINE] for each in text.splitlines()]
    line = lines[number] if number < len(lines) else ""
    comment = next((n for n, each in enumerate(lines[: number + 1], 1) if _CUT_BY_COMMENT.search(each)), None)
    if comment and "expected" in problem:
        return f"; in line {comment} a # behind a blank begins a comment: write the value in quotes"
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "; a tab indents this line: indent with blanks"
    found = re.search(r"(?::\s+|-\s+|[\[,]\s*)([*&%@`!])[^\s,\]}]*", line)
    if found:
        return f"; {found[1]} at a value's start is {_INDICATORS[found[1]]} in YAML: write the value in quotes"
    if "mapping values" in problem and re.search(r":\s+[^\"'\s#\[{][^#]*:\s", line):
        return "; a value that holds a colon and a blank needs quotes"
    if "mapping values" in problem:
        return "; keys of one part begin in the same column"
    return "; behind a key stand a colon and a blank" if "expected ':'" in problem else ""


def of_values(texts: dict[Path, str], owners: Callable[[Place], Path], error: ValidationError) -> Iterator[str]:
    """Yield the problems of a schema's values; `owners` says of a place which file it stands in."""
    roots = {path: compose(text) for path, text in texts.items()}
    found = error.errors()
    outer = {problem["loc"][:depth] for problem in found for depth in range(len(problem["loc"]))}
    inner = [problem for problem in found if problem["loc"] not in outer]  # outer: only that something inside is wrong
    for problem in inner[:MAX_PROBLEMS]:
        place = problem["loc"]
        path = owners(place)
        is_name = place == ("name",)
        node, line = _node_of(roots[path], problem)
        if is_name:
            yield f"{label(path)}:{line}: the file's name is the file type: {_NAME_RULE}"
            continue
        for sentence in _sentence(problem, node).splitlines():
            yield f"{label(path)}:{line}: {key(_shown_place(problem))}{sentence}"
    if len(inner) > MAX_PROBLEMS:
        yield f"{label(next(iter(texts)))}: and {len(inner) - MAX_PROBLEMS:,} problems more"


def of_numbers(path: Path, text: str) -> Iterator[tuple[str, str]]:
    """Yield the numbers that are written as people do not read them, 010 for 8, and how their problem begins."""
    for place, node in _scalars(compose(text), ()) if _ODD_NUMBER.search(text) else ():
        if node.tag == _INTEGER and not node.style and not _PLAIN_NUMBER.fullmatch(node.value):
            start = f"{label(path)}:{node.start_mark.line + 1}: {key(place)}"
            number = yaml.safe_load(node.value)
            yield start, f"{start}is {node.value}, which YAML reads as the number {number}; write {number}"


def _scalars(node: yaml.Node | None, place: Place) -> Iterator[tuple[Place, yaml.ScalarNode]]:
    if isinstance(node, yaml.ScalarNode):
        yield place, node
    elif isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _scalars(value, (*place, name.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _scalars(value, (*place, number))


def _node_of(root: yaml.Node | None, problem: Any) -> tuple[yaml.Node | None, int]:
    """Return the node a problem is about; one that YAML did not read as a word is found by what it became."""
    if problem["type"] != "invalid_key":
        return node_at(root, problem["loc"])
    around, line = node_at(root, _above(problem["loc"]))
    keys = [key for key, _ in around.value] if isinstance(around, yaml.MappingNode) else []
    found = next((key for key in keys if _read_alone(key) == problem["input"]), None)
    return (found, found.start_mark.line + 1) if found else (None, line)


def _read_alone(node: yaml.Node) -> object:
    try:
        return yaml.safe_load(node.value) if not node.style else node.value  # type: ignore[attr-defined]
    except (yaml.YAMLError, ValueError):
        return None


def _shown_place(problem: Any) -> Place:
    """Return a problem's place without what pydantic calls a key that is no word."""
    place: Place = problem["loc"]
    return _above(place) if problem["type"] == "invalid_key" else place


def _above(place: Place) -> Place:
    return place[:-2] if place[-1:] == ("[key]",) else place[:-1]


def _sentence(problem: Any, node: yaml.Node | None) -> str:
    kind, given, context, place = problem["type"], problem.get("input"), problem.get("ctx", {}), problem["loc"]
    raw = node.value if isinstance(node, yaml.ScalarNode) and not node.style else None
    sentences: dict[str, Callable[[], str]] = {
        "extra_forbidden": lambda: _no_key(problem["loc"]),
        "missing": lambda: "is missing",
        "invalid_key": lambda: f"the key {raw or _shown(given)} is {_kind(given)} to YAML, and no key of a schema",
        "value_error": lambda: _with_trap(str(context.get("error")), given, raw),
        "string_pattern_mismatch": lambda: _no_name(given, context),
        "literal_error": lambda: f"is {_meant(given, raw)}; allowed: {context['expected']}{_near(given, context)}",
        "string_type": lambda: f"is {_meant(given, raw, 'text')}",
        "tuple_type": lambda: f"is {_meant(given, raw)}; write a list, as in {_as_list(given)}",
        "model_type": lambda: (
            f"is {_meant(given, raw)}; its keys stand below it, indented: {', '.join(keys_at(place))}"
        ),
        "int_parsing": lambda: f"is {_meant(given, raw)}, no whole number",
        "int_type": lambda: f"is {_meant(given, raw)}, no whole number",
        "bool_parsing": lambda: f"is {_meant(given, raw)}; allowed: true, false",
        "bool_type": lambda: f"is {_meant(given, raw)}; allowed: true, false",
        "too_short": lambda: "is an empty list; write at least one entry",
        "string_too_short": lambda: "is empty; write it",
    }
    if kind in sentences:
        return sentences[kind]()
    return f"is {_meant(given, raw)}: {problem['msg'][0].lower()}{problem['msg'][1:]}"


def _no_key(place: Place) -> str:
    """Say where an unknown key belongs: another spelling, or another part."""
    word = str(place[-1])
    allowed = keys_at(place[:-1])
    near = get_close_matches(word, allowed, n=1)
    if near:
        return f"is no key of a schema; did you mean {near[0]!r}?"
    elsewhere = [path for path in _all_keys(FileType) if path.rpartition(".")[2] == word]
    belongs = f"; it belongs below {elsewhere[0].rpartition('.')[0] or 'nothing'}" if elsewhere else ""
    return f"is no key of a schema{belongs}; allowed: " + ", ".join(allowed)


def _no_name(given: object, context: Any) -> str:
    if ":" in context["pattern"]:
        return f"is {_shown(given)}; write module:function, as in flights:departures for that of transforms/flights.py"
    if r"\." in context["pattern"]:
        return f"is {_shown(given)}; write schema.table in lower-case letters, digits and underscores, as in lake.trips"
    return (
        f"is {_shown(given)}; allowed are lower-case letters, digits and underscores ({context['pattern']})"
        f"{_legal(given)}"
    )


def _legal(given: object) -> str:
    word = re.sub(r"[^a-z0-9_]+", "_", str(given).lower()).strip("_")
    return f"; try {word}" if word and word != given and not word[0].isdigit() and len(word) <= _MAX_EXAMPLE else ""


def _near(given: object, context: Any) -> str:
    near = get_close_matches(str(given).lower(), re.findall(r"'([^']+)'", context["expected"]), n=1)
    return f"; did you mean {near[0]!r}?" if near and isinstance(given, str) else ""


def _with_trap(sentence: str, given: object, raw: str | None) -> str:
    if isinstance(given, str) and given.count("(") > given.count(")"):
        return f'{sentence}; inside {{ }} a type with a comma is written in quotes, as in "decimal(8,2)"'
    is_taken_for_other = raw is not None and not isinstance(given, str | int) and given is not None
    return f"{sentence}; YAML reads {raw} as {_kind(given)}" if is_taken_for_other else sentence


def _meant(given: object, raw: str | None, wanted: str = "") -> str:
    """Say what was written and what YAML made of it, where that is not the same."""
    if given is None:
        return "empty" if not raw else f"{raw}, which YAML reads as nothing" + _quoted(raw, wanted)
    if raw is None or isinstance(given, str):
        return _shown(given) + (f", not {wanted}" if wanted else "")
    if raw == str(given) and not wanted:
        return raw
    return f"{raw}, which YAML reads as {_kind(given)}" + _quoted(raw, wanted)


def _quoted(raw: str, wanted: str) -> str:
    return f'; as text it is written in quotes: "{raw}"' if wanted else ""


def _kind(given: object) -> str:
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, int | float):
        return f"the number {given}"
    if isinstance(given, dt.date):
        return "a date"
    return "nothing" if given is None else _shown(given)


def _as_list(given: object) -> str:
    return f"[{given}]" if isinstance(given, str) and len(given) <= _MAX_EXAMPLE else "[a, b]"


def _shown(given: object) -> str:
    return shorten(repr(given), 60, placeholder="...")


def keys_at(place: Place) -> list[str]:
    """Return the keys that a part of a schema may have."""
    model: Any = FileType
    for step in place:
        if not isinstance(step, int):
            fields = {field.alias or name: field for name, field in model.model_fields.items()}
            model = next(iter(_models(fields[step].annotation)), FileType)
    return [field.alias or name for name, field in model.model_fields.items() if (model, name) != (FileType, "name")]


def _models(annotation: Any) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for each in getattr(annotation, "__args__", ()) for model in _models(each)]


def _all_keys(model: Any, above: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield f"{above}{field.alias or name}"
        for inner in _models(field.annotation):
            yield from _all_keys(inner, f"{above}{field.alias or name}.")


def key(place: Place) -> str:
    """Return a place as problems write it, with a colon."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")
    return f"{text}: " if text else ""


def compose(text: str) -> yaml.Node | None:
    """Return a text's nodes, which know their lines."""
    node: yaml.Node | None = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return node


def node_at(node: yaml.Node | None, place: Place) -> tuple[yaml.Node | None, int]:
    """Return the node at a place and its line; the line of what is around it where the place is missing."""
    line = 1
    for step in place:
        child = _child(node, step)
        if child is None:
            return None, line
        node, line = child
    return node, line


def _child(node: yaml.Node | None, step: int | str) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((value, key.start_mark.line + 1) for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark.line + 1
    return None
