"""Cut SQL text into tokens and statements, and edit it in place: unknown text stays unchanged."""

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<blank>\s+|--[^\n]*|/\*(?:[^*]++|\*(?!/))*+\*/)
      | (?P<text>[eE]?'(?:[^'\\]++|''|\\.)*+')
      | (?P<body>\$(?P<tag>[A-Za-z_]\w*)?\$.*?\$(?(tag)(?P=tag))\$)
      | (?P<parameter>\$\d+)
      | (?P<quoted>"(?:[^"]++|"")*+")
      | (?P<number>(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<word>[^\W\d][\w$]*|\#[^\W\d][\w$]*)
      | (?P<symbol>::|<>|<=|>=|!=|\|\||.)""",
    re.DOTALL | re.VERBOSE,
)


class Kind(StrEnum):
    TEXT = "text"
    BODY = "body"
    PARAMETER = "parameter"
    QUOTED = "quoted"
    NUMBER = "number"
    WORD = "word"
    SYMBOL = "symbol"


_KINDS = {kind.value: kind for kind in Kind} | {"tag": Kind.BODY}
_QUOTED = frozenset(("text", "quoted", "body", "tag"))


class Token(NamedTuple):
    """A tuple, because a statement has hundreds of them."""

    kind: Kind
    text: str
    start: int
    end: int
    upper: str
    """The text in upper case for words and symbols; empty for anything quoted, which is never a keyword."""

    @property
    def is_name(self) -> bool:
        return self.kind in (Kind.WORD, Kind.QUOTED)

    def name(self) -> str:
        """Return the identifier meant: Redshift folds quoted ones to lower case too."""
        return (self.text[1:-1].replace('""', '"') if self.kind is Kind.QUOTED else self.text).lower()

    def string(self) -> str:
        """Return a string literal's content; backslashes stay in it, except before a quote."""
        if self.kind is Kind.BODY:
            return self.text[self.text.index("$", 1) + 1 : self.text.rindex("$", 0, -1)]
        return self.text[self.text.index("'") + 1 : -1].replace("''", "'").replace("\\'", "'")


@dataclass(frozen=True, slots=True)
class Edit:
    start: int
    end: int
    text: str


def tokenize(sql: str) -> list[Token]:
    """Return all tokens but blanks and comments."""
    return list(_short(sql) if len(sql) < _SHORT else _last(sql) if len(sql) < _LONG else _tokens(sql))


def _tokens(sql: str) -> tuple[Token, ...]:
    make, tokens = tuple.__new__, list[Token]()  # Token() itself would be another call for each token
    for found in _TOKEN.finditer(sql):
        group = found.lastgroup
        if group != "blank":
            text, (start, end) = found.group(), found.span()
            upper = "" if group in _QUOTED else text.upper()
            tokens.append(make(Token, (_KINDS[group], text, start, end, upper)))  # type: ignore[index]
    return tuple(tokens)


_SHORT, _LONG = 4000, 4 << 20
_short, _last = lru_cache(maxsize=1000)(_tokens), lru_cache(maxsize=1)(_tokens)
"""Each statement is cut several times, and clients repeat short ones."""


def split(sql: str) -> list[str]:
    """Cut at semicolons; statements of blanks and comments alone are left out."""
    statements, start, has_tokens = [], 0, False
    for token in tokenize(sql):
        if token.text != ";":
            has_tokens = True
            continue
        if has_tokens:
            statements.append(sql[start : token.start])
        start, has_tokens = token.end, False
    return [*statements, sql[start:]] if has_tokens else statements


def apply(sql: str, edits: Iterable[Edit]) -> str:
    """Carry out edits; of two that overlap the one that starts first wins, and an insertion goes before both."""
    parts, at = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.start != edit.end, -edit.end)):
        if edit.start < at:
            continue
        parts += [sql[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, sql[at:]])


def closing(tokens: Sequence[Token], at: int) -> int:
    """Return the index of the parenthesis that closes the one at `at`, or the last index if none does."""
    depth = 0
    for index in range(at, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[index].text, 0)
        if depth == 0:
            return index
    return len(tokens) - 1


def depths(tokens: Sequence[Token]) -> list[int]:
    """Return for each token how many parentheses are open before it."""
    steps = ({"(": 1, ")": -1}.get(token.text, 0) for token in tokens)
    return list(itertools.accumulate(steps, initial=0))[:-1]


def argument_commas(tokens: Sequence[Token], start: int, end: int) -> list[int]:
    """Return the commas between the arguments of a call."""
    commas, depth = [], 0
    for at in range(start, end):
        depth += {"(": 1, ")": -1}.get(tokens[at].text, 0)
        if tokens[at].text == "," and depth == 0:
            commas.append(at)
    return commas


def upper_at(tokens: Sequence[Token], index: int) -> str:
    """Return the keyword or symbol at an index, empty when there is none."""
    return tokens[index].upper if 0 <= index < len(tokens) else ""


def literal(value: str) -> str:
    """Quote a value so that it is one string under any setting of the session."""
    escaped = value.replace("\\", "\\\\").replace("'", "''").replace("\0", "")
    return f"E'{escaped}'"


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""').replace("\0", "") + '"'
