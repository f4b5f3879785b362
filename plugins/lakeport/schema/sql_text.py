"""Tell SQL code from quoted text and comments.

Not by sqlparse, which accepts several dialects at once: it takes `# ` for the start of a comment, and brackets and
backticks for quotes, so that a semicolon after or inside them is missed.
"""

from __future__ import annotations

import re

_QUOTED = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\""
_COMMENT = r"--[^\n]*|/\*.*?\*/"
_NOT_CODE = re.compile(f"{_QUOTED}|{_COMMENT}", re.DOTALL)


def without_quoted(text: str, instead: str = " ") -> str:
    """Return a text with `instead` in place of each literal and quoted name."""
    return re.sub(_QUOTED, instead, text)


def code_of(text: str) -> str:
    """Return a text of the same length with spaces in place of literals, quoted names and comments."""
    return _NOT_CODE.sub(lambda found: " " * len(found[0]), text)


def query_in(text: str) -> str:
    """Return a query without the semicolon and the comments after it."""
    return text[: len(code_of(text).rstrip().removesuffix(";"))]
