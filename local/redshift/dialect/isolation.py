"""Isolation belongs to the database: a transaction may name any level and gets that one."""

from collections.abc import Iterator, Sequence

from local.redshift.dialect.tokens import Edit, Token, identifier, literal, upper_at
from local.redshift.protocol.errors import SYNTAX_ERROR, Refused

_LEVELS = {"SNAPSHOT": "repeatable read", "SERIALIZABLE": "serializable"}
"""PostgreSQL's names for the isolation of a database."""
_BEGINS = ("BEGIN", "START", "SET")


def edits(tokens: Sequence[Token]) -> Iterator[Edit]:
    """BEGIN takes every level and runs at the database's."""
    if upper_at(tokens, 0) not in _BEGINS or (upper_at(tokens, 0) == "SET" and upper_at(tokens, 1) != "TRANSACTION"):
        return
    for at, token in enumerate(tokens):
        if token.upper == "ISOLATION" and upper_at(tokens, at + 1) == "LEVEL":
            is_two_words = upper_at(tokens, at + 2) in ("READ", "REPEATABLE")
            last = min(at + 2 + is_two_words, len(tokens) - 1)
            is_all = upper_at(tokens, 0) == "SET" and last == len(tokens) - 1
            yield Edit(token.start, tokens[last].end, "READ WRITE" if is_all else "")


def of_database(tokens: Sequence[Token]) -> str | None:
    """Return what carries out ALTER DATABASE d ISOLATION LEVEL l, from the next connection on; None for any other."""
    words = [token.upper for token in tokens[3:]]
    if words[:2] != ["ISOLATION", "LEVEL"]:
        return None
    if len(words) != 3 or words[2] not in _LEVELS:  # noqa: PLR2004 - and the level itself
        raise Refused(f"ALTER DATABASE ... ISOLATION LEVEL is {' or '.join(_LEVELS)}", sqlstate=SYNTAX_ERROR)
    database, level = identifier(tokens[2].name()), literal(_LEVELS[words[2]])
    return f"ALTER DATABASE {database} SET default_transaction_isolation TO {level}"
