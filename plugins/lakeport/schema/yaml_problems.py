"""Describe what is wrong with the text of a schema as YAML: its syntax, numbers that people misread, NULs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from lakeport.schema.places import compose, key, label, scalars

_INDICATORS = {"*": "an alias", "&": "an anchor", "%": "a directive", "@": "reserved", "`": "reserved", "!": "a tag"}
_MAX_LINE = 200
_INTEGER = "tag:yaml.org,2002:int"
_PLAIN_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_ODD = re.compile(r"(?<![\w.])(?:0[0-9xb_]|[0-9]+[_:][0-9])|\\(?:0|x00|u0000|U00000000)")  # and some other texts
_MEANS_NULL = ("format", "null_as"), "\0"
_CUT_BY_COMMENT = re.compile(r"[{\[][^}\]]*\s#[^}\]]*([}\]].*)?$")


def of_yaml(path: Path, text: str, error: yaml.YAMLError | ValueError) -> str:
    """Return why a text is not valid YAML."""
    if not isinstance(error, yaml.MarkedYAMLError) or not error.problem_mark:
        return f"{label(path)}: is not valid YAML in UTF-8: {' '.join(str(error).split())}"
    line = error.problem_mark.line
    return f"{label(path)}:{line + 1}: {error.problem}{_trap(text, line, str(error.problem))}"


def _trap(text: str, number: int, problem: str) -> str:
    """Return what is most likely wrong on a line that is not valid YAML, or nothing."""
    lines = [each[:_MAX_LINE] for each in text.splitlines()]
    line = lines[number] if number < len(lines) else ""
    comment = next((n for n, each in enumerate(lines[: number + 1], 1) if _CUT_BY_COMMENT.search(each)), None)
    if comment and "expected" in problem:
        return f"; in line {comment} a # after a blank starts a comment: write the value in quotes"
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "; a tab indents this line: indent with blanks"
    found = re.search(r"(?::\s+|-\s+|[\[,]\s*)([*&%@`!])[^\s,\]}]*", line)
    if found:
        return f"; {found[1]} at the start of a value is {_INDICATORS[found[1]]} in YAML: write the value in quotes"
    if "mapping values" in problem and re.search(r":\s+[^\"'\s#\[{][^#]*:\s", line):
        return "; a value with a colon and a blank needs quotes"
    if "mapping values" in problem:
        return "; keys of the same part must start in the same column"
    return "; write a colon and a blank after a key" if "expected ':'" in problem else ""


def of_scalars(path: Path, text: str) -> Iterator[tuple[str, str]]:
    """Yield the problems of numbers that people misread, as 010 for 8, and of NULs, each with its place."""
    for place, node in scalars(compose(text)) if _ODD.search(text) else ():
        start = f"{label(path)}:{node.start_mark.line + 1}: {key(place)}"
        if "\0" in node.value and (place, node.value) != _MEANS_NULL:
            yield start, f"{start}contains a NUL, which databases cannot store"
        if node.tag == _INTEGER and not node.style and not _PLAIN_NUMBER.fullmatch(node.value):
            number = yaml.safe_load(node.value)
            yield start, f"{start}is {node.value}, which YAML reads as the number {number}; write {number}"
