"""Compare messages with the ones that tests/golden/ keeps, one file for each family of messages.

`LAKEPORT_WRITE_GOLDEN=1 make test` writes what the tests see into the files; read the diff before you commit it.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest
import yaml

from local.config import REPOSITORY

_Error = TypeVar("_Error", bound=BaseException)
GOLDEN = REPOSITORY / "tests" / "golden"
_WRITE = os.environ.get("LAKEPORT_WRITE_GOLDEN", "0")  # now: fixtures clear the environment
_TEMPORARY = sorted({tempfile.gettempdir(), str(Path(tempfile.gettempdir()).resolve())}, key=len, reverse=True)
_VARYING = (  # the repository first: a clone may be in the folder of temporary files
    (re.compile(re.escape(str(REPOSITORY))), "<repository>"),
    (re.compile(rf"(?:{'|'.join(map(re.escape, _TEMPORARY))})/[^\s'\",:;)\]]*"), "<path>"),
    (re.compile(r"(?<![\w/])test_\w+\d+/"), "<folder>/"),  # of pytest's tmp_path
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b(127\.0\.0\.1|localhost):\d+"), r"\1:<port>"),
    (re.compile(r"\bport \d{4,5}\b"), "port <port>"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"_[0-9a-f]{6,}(?![0-9A-Za-z])"), "_<id>"),
    # A decimal number of another length than our ids have is a value: it stays.
    (re.compile(r"\b(?=[0-9]*[a-f]|[0-9]{8}\b|[0-9]{12}\b|[0-9]{32}\b)[0-9a-f]{8,}\b"), "<id>"),
)


def golden(family: str, name: str, message: str) -> None:
    """Assert that a message is the one in tests/golden/<family>.yaml; values that vary are placeholders there."""
    check_golden(GOLDEN / f"{family}.yaml", name, message)


@contextmanager
def raises_golden(
    error: type[_Error] | tuple[type[_Error], ...], family: str, name: str, *values: object
) -> Iterator[pytest.ExceptionInfo[_Error]]:
    """Assert that the block raises this error, that its message has the values, and that it is the golden one."""
    with pytest.raises(error) as raised:
        yield raised
    message = _message_of(raised.value)
    missing = [value for value in values if str(value) not in message]
    assert not missing, f"{message!r} lacks {missing}"
    golden(family, name, message)


def check_golden(path: Path, name: str, message: str) -> None:
    """Assert that the file has this message under this name, or write it if LAKEPORT_WRITE_GOLDEN is 1."""
    steady = without_varying_values(message)
    if os.environ.get("LAKEPORT_WRITE_GOLDEN", _WRITE) == "1":
        _write(path, name, steady)
        return
    messages = _read(path)
    advice = f"{path}, {name}: LAKEPORT_WRITE_GOLDEN=1 writes the new message"
    assert name in messages, advice
    assert steady == messages[name], advice


def without_varying_values(message: str) -> str:
    """Replace ids, temporary paths, ports and times, and the spaces at the ends of lines."""
    for pattern, placeholder in _VARYING:
        message = pattern.sub(placeholder, message)
    return "\n".join(line.rstrip() for line in message.strip().splitlines())


def _message_of(error: BaseException) -> str:
    """Return the message; of a database's error only its first line, without the statement and internal details."""
    return getattr(getattr(error, "diag", None), "message_primary", None) or str(error)


def _read(path: Path) -> dict[str, str]:
    return _parsed(path.read_text(encoding="utf-8")) if path.exists() else {}


@cache
def _parsed(text: str) -> dict[str, str]:
    return yaml.load(text, yaml.CSafeLoader) or {}


def _write(path: Path, name: str, message: str) -> None:
    """Replace one entry; the file is whole at any moment, and writers beside this one lose nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path.parent):
        messages = _read(path) | {name: message}
        text = yaml.dump(messages, Dumper=_BlockDumper, allow_unicode=True, sort_keys=True, width=10_000)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as draft:
            draft.write(text)
        Path(draft.name).chmod(0o644)
        Path(draft.name).replace(path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock a folder against other processes; the system releases the lock if this process ends."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class _BlockDumper(yaml.SafeDumper):
    """Write values as block scalars and names without quotes."""

    def represent_mapping(self, tag: str, mapping: dict[str, str], flow_style: bool | None = None) -> yaml.MappingNode:  # type: ignore[override]
        node = super().represent_mapping(tag, mapping, flow_style)
        for _, value in node.value:
            value.style = "|"
        return node
