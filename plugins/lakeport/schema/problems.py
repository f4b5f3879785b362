"""Describe the problems of a schema: the place, the value as YAML reads it, what is allowed, what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from lakeport.schema.parts import all_keys, fields_of, keys_at, located, tag_of
from lakeport.schema.places import Place, compose, key, label, node_at
from lakeport.schema.written_values import kind_of, meant, quoted
from lakeport.wording import agreeing, amount

MAX_PROBLEMS = 100
_NAME_RULE = "lower-case letters, digits and underscores, a letter first, at most 45 characters"
_MAX_EXAMPLE = 30


def of_values(texts: dict[Path, str], owners: Callable[[Place], Path], error: ValidationError) -> Iterator[str]:
    """Yield the problems of a schema's values; `owners` returns the file that has a place."""
    roots = {path: compose(text) for path, text in texts.items()}
    found = error.errors()
    outer = {problem["loc"][:depth] for problem in found for depth in range(len(problem["loc"]))}
    inner = [problem for problem in found if problem["loc"] not in outer]  # an outer problem only repeats an inner one
    for problem in inner[:MAX_PROBLEMS]:
        place = _place(problem)
        path = owners(place)
        node, line = _node_of(roots[path], problem, place)
        if place == ("name",):
            yield f"{label(path)}:{line}: the file name is the name of the file type: {_NAME_RULE}"
            continue
        for sentence in _sentence(problem, node).splitlines():
            yield f"{label(path)}:{line}: {key(_without_key_mark(problem, place))}{sentence}"
    if len(inner) > MAX_PROBLEMS:
        yield f"{label(next(iter(texts)))}: and {amount(len(inner) - MAX_PROBLEMS, 'more problem')}"


def _place(problem: Any) -> Place:
    place = located(problem["loc"])[0]
    is_of_type = problem["type"].startswith("union_tag") and "discriminator" in problem["ctx"]
    return (*place, "type") if is_of_type and "'" in problem["ctx"]["discriminator"] else place


def _node_of(root: yaml.Node | None, problem: Any, place: Place) -> tuple[yaml.Node | None, int]:
    """Return the node a problem is about; a key that YAML did not read as text is found by its value."""
    if problem["type"] != "invalid_key":
        return node_at(root, place)
    around, line = node_at(root, _above(place))
    keys = [key for key, _ in around.value] if isinstance(around, yaml.MappingNode) else []
    found = next((key for key in keys if _read_alone(key) == problem["input"]), None)
    return (found, found.start_mark.line + 1) if found else (None, line)


def _read_alone(node: yaml.Node) -> object:
    try:
        return yaml.safe_load(node.value) if not node.style else node.value  # type: ignore[attr-defined]
    except (yaml.YAMLError, ValueError):
        return None


def _without_key_mark(problem: Any, place: Place) -> Place:
    """Return a place without the mark that pydantic adds for a key that is not text."""
    return _above(place) if problem["type"] == "invalid_key" else place


def _above(place: Place) -> Place:
    return place[:-2] if place[-1:] == ("[key]",) else place[:-1]


def _sentence(problem: Any, node: yaml.Node | None) -> str:
    kind, given, context, location = problem["type"], problem.get("input"), problem.get("ctx", {}), problem["loc"]
    raw = node.value if isinstance(node, yaml.ScalarNode) and not node.style else None
    allowed = ", ".join(keys_at(location))
    sentences: dict[str, Callable[[], str]] = {
        "extra_forbidden": lambda: _unknown_key(location),
        "missing": lambda: "is missing",
        "invalid_key": lambda: f"unknown key {meant(given, raw)}; remove it, or write the key that you mean",
        "value_error": lambda: _with_trap(str(context.get("error")), given, raw),
        "string_pattern_mismatch": lambda: _invalid_name(given, context),
        "literal_error": lambda: f"is {meant(given, raw)}; allowed: {context['expected']}{_near(given, context)}",
        "string_type": lambda: f"is {meant(given, raw, 'text')}",
        "tuple_type": lambda: f"is {meant(given, raw)}; write a list, as in {_as_list(given)}",
        "model_type": lambda: f"is {meant(given, raw)}; write keys below it, indented: {allowed}",
        "model_attributes_type": lambda: f"is {meant(given, raw)}; write keys below it, indented: {allowed}",
        "union_tag_not_found": lambda: _no_tag(given, context, location),
        "union_tag_invalid": lambda: _unknown_type(given, context, raw),
        "int_parsing": lambda: f"is {meant(given, raw)}, not a whole number",
        "int_type": lambda: f"is {meant(given, raw)}, not a whole number",
        "bool_parsing": lambda: f"is {meant(given, raw)}; allowed: true, false",
        "bool_type": lambda: f"is {meant(given, raw)}; allowed: true, false",
        "greater_than_equal": lambda: f"is {meant(given, raw)}; allowed: {context['ge']:,} or more",
        "less_than_equal": lambda: f"is {meant(given, raw)}; allowed: {context['le']:,} or less",
        "too_short": lambda: "is an empty list; write at least one entry",
        "string_too_short": lambda: "is empty; write a text",
    }
    if kind in sentences:
        return sentences[kind]()
    return f"is {meant(given, raw)}: {problem['msg'][0].lower()}{problem['msg'][1:]}"


def _no_tag(given: object, context: Any, location: Place) -> str:
    """Return that the key is missing by which one of several parts is chosen."""
    if "'" in context["discriminator"]:
        return "is missing"
    kinds, others = [tag_of(part) for part in located(location)[1]], keys_at(location)
    keys = [str(key) for key in given if key in kinds or key not in others] if isinstance(given, dict) else []
    found = f"it has {', '.join(keys) or 'none'}" if isinstance(given, dict) else f"it is {quoted(given)}"
    near = get_close_matches(keys[0], kinds, n=1) if len(keys) == 1 else []
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"a check is an SQL condition or has one of the keys {', '.join(kinds)}; {found}{hint}"


def _unknown_type(given: Any, context: Any, raw: str | None) -> str:
    type_, expected = given["type"], context["expected_tags"]
    return f"is {meant(type_, raw)}; allowed: {expected}{_near(type_, {'expected': expected})}"


def _unknown_key(location: Place) -> str:
    """Return where an unknown key belongs: another spelling, another type, or another part."""
    word = str(location[-1])
    allowed, parts = keys_at(location[:-1]), located(location[:-1])[1]
    others = [tag_of(part) for part in located(location[:-2])[1] if word in fields_of(part)]
    if others and location[-2:-1] == (tag_of(parts[0]),):
        does = agreeing(len(others), "does", "do")
        return f"type {tag_of(parts[0])} does not take {word}; {_listed(others)} {does}"
    near = get_close_matches(word, allowed, n=1)
    if near:
        return f"unknown key; did you mean {near[0]!r}?"
    elsewhere = [path for path in all_keys() if path.rpartition(".")[2] == word]
    above = elsewhere[0].rpartition(".")[0] if elsewhere else ""
    belongs = f"; it belongs {f'below {above}' if above else 'at the top level'}" if elsewhere else ""
    return f"unknown key{belongs}; allowed: " + ", ".join(allowed)


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _invalid_name(given: object, context: Any) -> str:
    if ":" in context["pattern"]:
        return f"is {quoted(given)}; write module:function, as in flights:departures for transforms/flights.py"
    if r"\." in context["pattern"]:
        return f"is {quoted(given)}; write schema.table: lower-case letters, digits, underscores; as in lake.trips"
    return (
        f"is {quoted(given)}; allowed: lower-case letters, digits and underscores ({context['pattern']}){_legal(given)}"
    )


def _legal(given: object) -> str:
    word = re.sub(r"[^a-z0-9_]+", "_", str(given).lower()).strip("_")
    return f"; try {word}" if word and word != given and not word[0].isdigit() and len(word) <= _MAX_EXAMPLE else ""


def _near(given: object, context: Any) -> str:
    near = get_close_matches(str(given).lower(), re.findall(r"'([^']+)'", context["expected"]), n=1)
    return f"; did you mean {near[0]!r}?" if near and isinstance(given, str) else ""


def _with_trap(sentence: str, given: object, raw: str | None) -> str:
    if isinstance(given, str) and given.count("(") > given.count(")"):
        return f'{sentence}; inside {{ }} write a type with a comma in quotes, as in "decimal(8,2)"'
    is_taken_for_other = raw is not None and not isinstance(given, str | int) and given is not None
    return f"{sentence}; YAML reads {raw} as {kind_of(given)}" if is_taken_for_other else sentence


def _as_list(given: object) -> str:
    return f"[{given}]" if isinstance(given, str) and len(given) <= _MAX_EXAMPLE else "[a, b]"
