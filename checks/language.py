"""Refuse phrases and names that are not plain English; `checks/language.yaml` lists them and what to write instead.

Python is read by its syntax: docstrings, comments, strings of more than one word, names, and the names of tests as
sentences.
In Markdown, code blocks and `code` are skipped.  Every other file is read as it is.
"""

from __future__ import annotations

import ast
import fnmatch
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).with_suffix(".yaml")
_FENCED = re.compile(r"^ *```.*?^ *```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Passage:
    """A piece of text that people read, and the line where it starts."""

    line: int
    text: str


class Language:
    """The phrases and names to refuse, and the exceptions."""

    def __init__(self, rules: dict[str, Any]) -> None:
        self.phrases = [(_pattern(rule["phrase"]), rule["instead"]) for rule in rules["phrases"]]
        self.names = re.compile("|".join(rules["names"]))
        self.allowed = rules["allowed"]
        self.used: set[int] = set()

    def problems(self, path: str, source: str) -> Iterator[str]:
        """Return one line for each refused phrase or name of the file."""
        for passage in passages(path, source):
            for pattern, instead in self.phrases:
                for match in pattern.finditer(passage.text):
                    line = passage.line + passage.text.count("\n", 0, match.start())
                    if not self._is_allowed(path, passage.text, match):
                        phrase = " ".join(match[0].split())
                        yield f"{path}:{line}: {phrase!r}: {instead}"
        if path.endswith(".py"):
            for line, name in names(source):
                if self.names.fullmatch(name):
                    yield f"{path}:{line}: name {name!r}: say what the thing is or does"

    def unused(self) -> Iterator[str]:
        """Return one line for each exception that no file needs."""
        for index, entry in enumerate(self.allowed):
            if index not in self.used:
                yield f"checks/language.yaml: nothing needs the exception {entry['text']!r} for {entry['path']}"

    def _is_allowed(self, path: str, text: str, match: re.Match[str]) -> bool:
        for index, entry in enumerate(self.allowed):
            if fnmatch.fnmatch(path, entry["path"]):
                for place in _pattern(re.escape(entry["text"]).replace(r"\ ", " ")).finditer(text):
                    if place.start() <= match.start() and match.end() <= place.end():
                        self.used.add(index)
                        return True
        return False


def passages(path: str, source: str) -> Iterator[Passage]:
    """Return what people read in the file."""
    if path.endswith(".py"):
        tree = ast.parse(source)
        yield from _comments(source)
        yield from _strings(tree)
        yield from _test_names(tree)
    elif path.endswith(".md"):
        yield Passage(1, _FENCED.sub(lambda match: "\n" * match[0].count("\n") or "`", source))
    else:
        yield Passage(1, re.sub(r"^(\s*)(#|--|//) ?", r"\1", source, flags=re.MULTILINE))


def names(source: str) -> Iterator[tuple[int, str]]:
    """Return the names that the file defines: functions, parameters, variables, attributes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def _comments(source: str) -> Iterator[Passage]:
    """Return each comment; comments on consecutive lines are one passage."""
    line, lines = 0, list[str]()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            if lines and token.start[0] != line + len(lines):
                yield Passage(line, "\n".join(lines))
                lines = []
            line = line if lines else token.start[0]
            lines.append(token.string.lstrip("#"))
    if lines:
        yield Passage(line, "\n".join(lines))


def _strings(tree: ast.AST) -> Iterator[Passage]:
    """Return the strings of more than one word; `{}` stands for what an f-string fills in."""
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            text = node.value
        else:
            continue
        if " " in text.strip():
            yield Passage(node.lineno, text)


def _test_names(tree: ast.AST) -> Iterator[Passage]:
    """Return the names of tests as sentences."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield Passage(node.lineno, node.name.removeprefix("test_").replace("_", " "))


def _pattern(phrase: str) -> re.Pattern[str]:
    """Compile the phrase; a space in it is any white space, even a line's end."""
    return re.compile(phrase.replace(" ", r"\s+"), re.IGNORECASE)


def main(paths: Iterable[str]) -> int:
    """Print each problem of the files; return 1 if there is one."""
    language = Language(yaml.safe_load(RULES.read_text()))
    problems = [problem for path in paths for problem in language.problems(path, Path(path).read_text())]
    problems += language.unused()
    print(*problems, sep="\n", end="\n" if problems else "")  # noqa: T201 - it is what the check reports
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
