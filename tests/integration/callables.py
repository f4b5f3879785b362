"""The types of the fixtures that are functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lakeport.loading.one_file import FileLoad

Query = Callable[..., list[tuple[Any, ...]]]


Bring = Callable[..., FileLoad]
