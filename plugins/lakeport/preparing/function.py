"""Import the function in `transforms/` that a schema refers to, and report an error with the line that raised it."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from lakeport import settings
from lakeport.errors import TransformFailed
from lakeport.schema.file_type import FileType

_PACKAGE = "transforms"
_MAX_CHARACTERS = 1000


class Input(Protocol):
    """The input of a function; `failure` is an error of the input, which the function did not cause."""

    failure: Exception | None


def function_of(file_type: FileType) -> Callable[..., Any]:
    """Import the function; raises TransformFailed if its module cannot be imported."""
    module, _, name = (file_type.transform.python or "").partition(":")
    _make_importable(settings.transforms_folder())
    try:
        function: Callable[..., Any] = getattr(importlib.import_module(f"{_PACKAGE}.{module}"), name)
    except Exception as error:
        raise TransformFailed(f"{_label(file_type)} cannot be imported: {_describe(error)}") from error
    return function


@contextmanager
def transform_errors(file_type: FileType, given: Input, where: Callable[[], str]) -> Iterator[None]:
    """Report an exception inside the block as an error of the function, unless its input failed.

    Raises TransformFailed with the place in the file, from `where`, and the line of the function.
    """
    try:
        yield
    except TransformFailed:
        raise
    except Exception as error:
        if given.failure is not None:
            raise given.failure from None
        raise TransformFailed(
            f"{where()}: {_label(file_type)} failed, nothing was loaded: {_describe(error, file_type)}"
        ) from error


def _label(file_type: FileType) -> str:
    return f"transform {file_type.transform.python}"


def _describe(error: Exception, file_type: FileType | None = None) -> str:
    """Return an error's class and message, and the line of `transforms/` that raised it.

    The message may name a value of a row, so it is left out if the file type does not show them.
    """
    folder = str(settings.transforms_folder())
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(folder)]
    at = f" ({_PACKAGE}{frames[-1].filename.removeprefix(folder)}:{frames[-1].lineno})" if frames else ""
    message = file_type.rejects.values_in_message(str(error)) if file_type else str(error)
    return f"{type(error).__name__}: {message}"[:_MAX_CHARACTERS] + at


def _make_importable(folder: Path) -> None:
    """Make this folder importable as the package `transforms`, wherever it is deployed."""
    if list(getattr(sys.modules.get(_PACKAGE), "__path__", [])) == [str(folder)]:
        return
    for name in [name for name in sys.modules if name == _PACKAGE or name.startswith(f"{_PACKAGE}.")]:
        del sys.modules[name]
    package = ModuleType(_PACKAGE)
    package.__path__ = [str(folder)]
    sys.modules[_PACKAGE] = package
