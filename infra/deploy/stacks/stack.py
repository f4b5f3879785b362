"""A wanted stack: its template, parameters and tags."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml


class _Loader(yaml.CSafeLoader):
    """Reads a template's outline; ignores the values of CloudFormation's own tags."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


@dataclass(frozen=True)
class Stack:
    """A wanted stack."""

    name: str
    template: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    versions: Collection[str] = ()
    """Parameters that hold versions of the code: a difference in them alone does not change the stack."""

    @property
    def declared(self) -> dict[str, str]:
        """Return every parameter of the template with its default, "" without one."""
        found = outline(self.template)["Parameters"]
        return {name: _text(each.get("Default", "")) for name, each in found.items()}

    @property
    def wanted(self) -> dict[str, str]:
        declared = self.declared
        return declared | {name: value for name, value in self.parameters.items() if name in declared}


@lru_cache(maxsize=4)
def outline(template: str) -> dict[str, Any]:
    loader = _Loader(template)
    try:
        found: dict[str, Any] = loader.get_single_data()
        return found
    finally:
        loader.dispose()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def unknown_parameters(stacks: Mapping[str, Stack], given: Mapping[str, str]) -> Iterator[str]:
    """Yield the parameters that no template has."""
    known = {name for stack in stacks.values() for name in stack.declared}
    yield from (name for name in given if name not in known)
