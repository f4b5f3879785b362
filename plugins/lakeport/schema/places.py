"""Find the line of a key in the text of a schema, and write places as problems show them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

Place = tuple[int | str, ...]


def label(path: Path) -> str:
    """Return the name of a schema in problems."""
    return f"{path.parent.name}/{path.name}"


def key(place: Place) -> str:
    """Return a place as problems write it, with a colon."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")
    return f"{text}: " if text else ""


def compose(text: str) -> yaml.Node | None:
    """Return the nodes of a text, which have line numbers."""
    node: yaml.Node | None = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return node


def node_at(node: yaml.Node | None, place: Place) -> tuple[yaml.Node | None, int]:
    """Return the node at a place and its line, or the line of the part around it if the place is missing."""
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


def scalars(node: yaml.Node | None, place: Place = ()) -> Iterator[tuple[Place, yaml.ScalarNode]]:
    """Yield each value that is neither a list nor a mapping, with its place."""
    if isinstance(node, yaml.ScalarNode):
        yield place, node
    elif isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from scalars(value, (*place, name.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from scalars(value, (*place, number))
