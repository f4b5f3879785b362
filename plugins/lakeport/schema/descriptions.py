"""The descriptions of the keys: the docstrings below the fields of the models.

Pydantic can read them too, but whenever a model is imported, which takes longer than all else about the models.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from lakeport.schema.values import Part


@cache
def descriptions_of(part: type[Part]) -> dict[str, str]:
    """Return the description of each key that has one."""
    models = [model for model in reversed(part.__mro__) if issubclass(model, Part)]
    found = {name: text for model in models for name, text in _own_descriptions(model)}
    return {part.model_fields[name].alias or name: text for name, text in found.items()}


def _own_descriptions(part: type[Part]) -> Iterator[tuple[str, str]]:
    """Yield the fields of one class that have a docstring, with the docstring in one line."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(part))).body
    for field, below in pairwise(tree.body if isinstance(tree, ast.ClassDef) else ()):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            name = field.target.id
            if name in part.model_fields and isinstance(below.value, ast.Constant):
                yield name, " ".join(str(below.value.value).split())
