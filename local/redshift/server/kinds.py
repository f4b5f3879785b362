"""What a statement is: one that the engine runs, one that the stand-in carries out, or one with an open question."""

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from local.redshift.copy.statement import CopyCommand
from local.redshift.dialect import arithmetic, lateral, refusals, routines, set_operations
from local.redshift.dialect.tokens import tokenize
from local.redshift.protocol.errors import StandInError
from local.redshift.unload.statement import UnloadCommand

_DIVISION = re.compile(
    r"""'(?:[^'\\]++|''|\\.)*+'|"(?:[^"]++|"")*+"|\$(?P<tag>[A-Za-z_]\w*)?\$.*?\$(?(tag)(?P=tag))\$
      | --[^\n]*|/\*(?:[^*]++|\*(?!/))*+\*/|(?P<division>/)""",
    re.DOTALL | re.VERBOSE,
)
"""A slash outside strings, quoted names and comments, which may have quotes in them."""


@dataclass(frozen=True)
class Forward:
    sql: str
    source: str = ""
    """As the client wrote it."""
    aliases: frozenset[str] = frozenset()
    """Those that may stand for their expressions, if the engine finds no column of that name."""
    replaced: frozenset[str] = frozenset()
    """Those whose expressions are in their place already."""

    @functools.cached_property
    def is_typed(self) -> bool:
        """Return whether the types of its decimals matter: it divides or mixes some, or makes columns of them."""
        upper = self.sql.upper()
        divides = any(found["division"] for found in _DIVISION.finditer(self.sql))
        may_mix = any(word in upper for word in arithmetic.MIXING_WORDS)
        if not (divides or may_mix or self.combines or "CREATE" in upper):
            return False
        tokens = tokenize(self.sql)
        words = [token.upper for token in tokens]
        makes_columns = words[:1] == ["CREATE"] and "AS" in words
        mixes = not arithmetic.MIXING_WORDS.isdisjoint(words)
        matters = "/" in words or mixes or self.combines or makes_columns
        return matters and not refusals.is_of_catalog(words)

    @property
    def combines(self) -> bool:
        """Return whether it has set operations."""
        return any(word in self.sql.upper() for word in set_operations.WORDS)

    @property
    def is_recursive(self) -> bool:
        return "RECURSIVE" in self.sql.upper()

    @property
    def probe(self) -> str:
        """Return the query in it, for the engine to read."""
        return lateral.probe(tokenize(self.sql), self.sql)


@dataclass(frozen=True)
class Copy:
    command: CopyCommand


@dataclass(frozen=True)
class Unload:
    command: UnloadCommand


@dataclass(frozen=True)
class Truncate:
    """Commits the transaction it runs in."""

    sql: str


@dataclass(frozen=True)
class Alone:
    """Runs outside transaction blocks only; the engine needs another statement, or none."""

    name: str
    sql: str
    tag: str


@dataclass(frozen=True)
class Instead:
    """The engine does the same by another statement, whose rows are not sent."""

    sql: str
    tag: str


@dataclass(frozen=True)
class Accepted:
    """Means nothing on a laptop."""

    tag: str


@dataclass(frozen=True)
class Failed:
    error: StandInError


@dataclass(frozen=True)
class Ask:
    """Waits for the columns of a query, which the engine knows."""

    query: str
    answered: Callable[[Sequence[str]], "Statement"]


@dataclass(frozen=True)
class Lookup:
    """Waits for a row of a query."""

    query: str
    answered: Callable[[Sequence[str | None]], "Statement"]


@dataclass(frozen=True)
class Body:
    """Waits for the statements of its body, which are read one by one."""

    routine: routines.Routine


Statement = Ask | Body | Lookup | Forward | Copy | Unload | Truncate | Alone | Instead | Accepted | Failed
