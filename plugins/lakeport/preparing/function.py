"""Find the function that a schema names in `transforms/`, and call it so that its errors are told as its own."""

from __future__ import annotations

import ast
import importlib
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from lakeport import settings
from lakeport.errors import TransformFailed
from lakeport.schema.file_type import FileType

_PACKAGE = "transforms"
_SHOWN_CHARACTERS = 1000


class Input(Protocol):
    """What a function is given; `failure` is what reading it met, which is no fault of the function."""

    failure: Exception | None


def objections(file_type: FileType) -> Iterator[str]:
    """Yield what is wrong with the function's name, without running its module."""
    reference = file_type.transform.python
    if reference is None:
        return
    module, _, name = reference.partition(":")
    path = _path_of(module)
    shown = f"{_PACKAGE}/{path.relative_to(settings.transforms_folder())}"
    if not path.is_file():
        yield f"is {reference!r}, but there is no {shown}"
        return
    try:
        body = ast.parse(path.read_bytes()).body
    except (SyntaxError, ValueError) as error:
        yield f"is {reference!r}, but {shown} is no Python: {error}"
        return
    functions = [each.name for each in body if isinstance(each, ast.FunctionDef)]
    if name not in functions:
        near = get_close_matches(name, functions, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it has: {', '.join(functions) or 'none'}"
        yield f"is {reference!r}, but {shown} has no function {name}; {hint}"


def function_of(file_type: FileType) -> Callable[..., Any]:
    """Import the function; raises TransformFailed where its module cannot be imported."""
    module, _, name = (file_type.transform.python or "").partition(":")
    _make_importable(settings.transforms_folder())
    try:
        function: Callable[..., Any] = getattr(importlib.import_module(f"{_PACKAGE}.{module}"), name)
    except Exception as error:
        raise TransformFailed(f"{_told(file_type)} cannot be imported: {_words(error)}") from error
    return function


@contextmanager
def as_its_own(file_type: FileType, given: Input, where: Callable[[], str]) -> Iterator[None]:
    """Tell what goes wrong inside as the function's error, but for what its input met.

    Raises TransformFailed with the place in the file, from `where`, and the line of the function.
    """
    try:
        yield
    except TransformFailed:
        raise
    except Exception as error:
        if given.failure is not None:
            raise given.failure from None
        raise TransformFailed(f"{where()}: {_told(file_type)} failed, nothing was loaded: {_words(error)}") from error


def _told(file_type: FileType) -> str:
    return f"transform {file_type.transform.python}"


def _words(error: Exception) -> str:
    """Return an error's own words and the line of the transforms in which it was raised."""
    folder = str(settings.transforms_folder())
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(folder)]
    at = f" ({_PACKAGE}{frames[-1].filename.removeprefix(folder)}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}"[:_SHOWN_CHARACTERS] + at


def _path_of(module: str) -> Path:
    return settings.transforms_folder().joinpath(*module.split(".")).with_suffix(".py")


def _make_importable(folder: Path) -> None:
    """Let `transforms` be the package in this folder, wherever a deployment has laid it."""
    if list(getattr(sys.modules.get(_PACKAGE), "__path__", [])) == [str(folder)]:
        return
    for name in [name for name in sys.modules if name == _PACKAGE or name.startswith(f"{_PACKAGE}.")]:
        del sys.modules[name]
    package = ModuleType(_PACKAGE)
    package.__path__ = [str(folder)]
    sys.modules[_PACKAGE] = package
