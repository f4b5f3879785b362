"""Read YAML strictly: constructs that harm or surprise people are errors, each with a remedy."""

from __future__ import annotations

import re
from collections.abc import Hashable
from functools import lru_cache
from typing import Any

import yaml

_MAX_DEPTH = 20
_BaseLoader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What anchors, tags and deep nesting need; a text without any of it is read once.
_UNUSUAL = re.compile(r"[&!]|^ {40}", re.MULTILINE)
_NESTING = "[{-?"
_MERGE = "tag:yaml.org,2002:merge"
_TEXT = "tag:yaml.org,2002:str"
_RESOLVER: Any = yaml.resolver.Resolver()
_MANY = 500


def values_of(text: str) -> Any:
    """Return the values of a YAML text; raises yaml.YAMLError or ValueError if it is not valid."""
    _refuse_the_unusual(text)
    loader = _StrictLoader(text)
    try:
        node = loader.get_single_node()
        return None if node is None else loader.value_of(node)
    finally:
        loader.dispose()


def _refuse_the_unusual(text: str) -> None:
    """Refuse constructs that no schema needs and that harm or surprise people.

    A few aliases of aliases make a small file endless, tags change what a value is, and the C loader crashes on tens
    of thousands of nested brackets.
    """
    depth = 0
    is_usual = not _UNUSUAL.search(text) and sum(map(text.count, _NESTING)) < _MANY
    event: Any
    for event in () if is_usual else yaml.parse(text, Loader=_BaseLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        forbidden = {
            "anchors and aliases are not allowed": getattr(event, "anchor", None),
            "tags (!...) are not allowed": getattr(event, "tag", None),
            f"is nested more than {_MAX_DEPTH} deep": depth > _MAX_DEPTH,
        }
        problem = next((words for words, is_there in forbidden.items() if is_there), None)
        if problem:
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


@lru_cache(maxsize=4096)
def _tag_of_plain(text: str) -> str:
    """Return what YAML takes an unquoted text for; schemas repeat the same keys and values."""
    if text == "=":  # YAML 1.1 has a type for it, of which PyYAML makes no value
        return _TEXT
    return str(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False)))


class _StrictLoader(_BaseLoader):  # type: ignore[misc]  # the C loader where PyYAML has it: ten times as fast
    """YAML as people expect it: keys are plain words, and a duplicate key is an error.

    It builds texts, lists and mappings itself: PyYAML's way for cyclic values takes most of the time of a parse.
    """

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: Any) -> Any:
        if kind is not yaml.ScalarNode:
            return super().resolve(kind, value, implicit)
        return _tag_of_plain(value) if implicit[0] and value is not None else _TEXT

    def value_of(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self.mapping_of(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.value_of(each) for each in node.value]
        return node.value if node.tag == _TEXT else self.construct_object(node)

    def mapping_of(self, node: yaml.MappingNode) -> dict[Hashable, Any]:
        seen: dict[str, yaml.Node] = {}
        mapping: dict[Hashable, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a list or mapping cannot be a key", problem_mark=key.start_mark)
            if key.tag == _MERGE:
                problem = "<< would copy the keys of another mapping; write them here"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            if key.value in seen:
                line = seen[key.value].start_mark.line + 1
                problem = f"{key.value!r} is a duplicate key, first in line {line}; keep one of them"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen[key.value] = key
            mapping[self.value_of(key)] = self.value_of(value)
        return mapping

    def construct_date(self, node: yaml.ScalarNode) -> object:
        try:
            return self.construct_yaml_timestamp(node)
        except ValueError as error:
            problem = f"YAML reads {node.value} as a date, but {error}; for text write it in quotes"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from error

    def construct_number(self, node: yaml.ScalarNode) -> object:
        try:
            return self.construct_yaml_int(node)
        except ValueError as error:
            problem = f"a number of {len(node.value):,} digits is too long for a schema"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from error


_StrictLoader.add_constructor("tag:yaml.org,2002:int", _StrictLoader.construct_number)
_StrictLoader.add_constructor("tag:yaml.org,2002:timestamp", _StrictLoader.construct_date)
