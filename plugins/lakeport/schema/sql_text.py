"""Tell SQL code from quoted text and comments.

Not by sqlparse, which accepts several dialects at once: it takes `# ` for the start of a comment, and brackets and
backticks for quotes, so that a semicolon after or inside them is missed.
"""

from __future__ import annotations

import re

_QUOTED = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\""
_COMMENT = r"--[^\n]*|/\*.*?\*/"
_NOT_CODE = re.compile(f"{_QUOTED}|{_COMMENT}", re.DOTALL)
# Any text that a statement of a person may quote: also with backslashes, and between dollar signs.
_QUOTED_ANYHOW = re.compile(rf"'(?:[^'\\]|''|\\.)*'|\"(?:[^\"]|\"\")*\"|{_COMMENT}|\$(\w*)\$.*?\$\1\$", re.DOTALL)
# An operator without its right or left side.
_OPEN_END = re.compile(r"(?:[-+*/%<>=|,]|\b(?:and|or|not|in|like|ilike|between|is))\s*$", re.IGNORECASE)
_OPEN_START = re.compile(r"\s*(?:[*/%<>=|,]|\b(?:and|or|in|like|ilike|between|is)\b)", re.IGNORECASE)


def without_quoted(text: str, instead: str = " ") -> str:
    """Return a text with `instead` in place of each literal and quoted name."""
    return re.sub(_QUOTED, instead, text)


def code_of(text: str) -> str:
    """Return a text of the same length with spaces in place of literals, quoted names and comments."""
    return _NOT_CODE.sub(lambda found: " " * len(found[0]), text)


def outside_quotes(statement: str) -> str:
    """Return a statement without its literals, quoted names, dollar-quoted texts and comments."""
    return _QUOTED_ANYHOW.sub("", statement)


def query_in(text: str) -> str:
    """Return a query without the semicolon and the comments after it."""
    return text[: len(code_of(text).rstrip().removesuffix(";"))]


def single_condition(text: str) -> str:
    """Refuse anything but one condition, since it becomes part of a statement, in parentheses."""
    bare, depth = without_quoted(text), 0
    for character in bare:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            break
    operands = without_quoted(text, "x")
    is_part = _OPEN_END.search(operands) or _OPEN_START.match(operands)
    if depth or is_part or not text.strip() or ";" in bare or "--" in bare or "/*" in bare or "'" in bare:
        raise ValueError(f"{text!r} is not a single SQL condition on a row, as in distance > 0")
    return text
