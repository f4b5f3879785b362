"""Put short names in place of those of 64 to 127 bytes, which PostgreSQL would cut at 63."""

import contextlib
import itertools
import re
from collections.abc import Iterator, Sequence

from local.redshift.dialect.tokens import Edit, Kind, Token, apply, identifier, tokenize
from local.redshift.protocol import names
from local.redshift.protocol.errors import Refused

MOST_BYTES = 127
_PATTERNS = ("LIKE", "ILIKE", "TO", "~", "*")
"""The words before a pattern: LIKE, SIMILAR TO, `~` and `~*`."""
_CATALOGS = ("PG_", "INFORMATION_SCHEMA", "SVV_", "SVL_", "STL_", "STV_", "SYS_", "HAS_", "REGCLASS", "EXECUTE")
"""A word of a statement that reads catalogs, or that runs the text of another one."""
UNKEPT: dict[str, str] = {}
"""Short and long names that the engine has not stored yet."""
ALL_NAMES = "SELECT short, long FROM pg_internal.long_names"
KEEP = "INSERT INTO pg_internal.long_names VALUES ($1, $2) ON CONFLICT DO NOTHING"


def shortened(sql: str, tokens: Sequence[Token]) -> str:
    """Return a statement with short names in place of long ones; raises Refused for a name Redshift does not take."""
    edits = list(_edits(tokens))
    return apply(sql, edits) if edits else sql


def reads_names(tokens: Sequence[Token]) -> bool:
    """Return whether a string of a statement may mean a name: the statement reads catalogs, or sets what has names."""
    is_setting = [token.upper for token in tokens[:1]] in (["SET"], ["SHOW"])
    return is_setting or any(token.upper.startswith(_CATALOGS) for token in tokens)


def patterns(tokens: Sequence[Token]) -> dict[int, str]:
    """Return which parameters are patterns, by their place, with the word before each."""
    return {
        int(token.text[1:]) - 1: before.upper
        for before, token in itertools.pairwise(tokens)
        if token.kind is Kind.PARAMETER and before.upper in _PATTERNS
    }


def of_engine(value: bytes, pattern_after: str = "") -> bytes:
    """Return a bound parameter, a short name in place of a long one; raises Refused as for a pattern in the text."""
    if pattern_after:
        check_pattern(value.decode(errors="replace"), pattern_after)
    if len(value) <= names.ENGINE_BYTES:
        return value
    short = names.short(value.decode(errors="replace"))
    return short.encode() if short in names.LONG else value


def check_pattern(pattern: str, operator: str) -> None:
    """Refuse a pattern that finds a long name but not the short one, or the other way round."""
    if any(name in pattern for name in names.LONG.values()):
        return
    regular = pattern if operator.startswith(("~", "*")) else _regular(pattern)
    for short, name in names.LONG.items():
        with contextlib.suppress(re.error):
            if bool(re.search(regular, name, re.IGNORECASE)) != bool(re.search(regular, short, re.IGNORECASE)):
                raise Refused(
                    f"pattern '{pattern}' cannot be compared with \"{name}\" by this stand-in: use the whole name"
                )


def _regular(pattern: str) -> str:
    """Return the regular expression of a pattern of LIKE."""
    return "^" + re.escape(pattern).replace("%", ".*").replace("_", ".") + "$"


def _edits(tokens: Sequence[Token]) -> Iterator[Edit]:
    are_names = reads_names(tokens)
    for before, token in itertools.pairwise((*tokens[:1], *tokens)):
        if are_names and token.kind is Kind.TEXT and before.upper in _PATTERNS:
            check_pattern(token.string(), before.upper)
        if len(token.text) <= names.ENGINE_BYTES // 4:
            continue
        if token.is_name and (size := len(token.name().encode())) > names.ENGINE_BYTES:
            yield Edit(token.start, token.end, identifier(_short(token.name(), size)))
        elif token.kind is Kind.BODY:
            start = token.text.index("$", 1) + 1
            end = token.text.rindex("$", 0, -1)
            body = token.text[start:end]
            if (short := shortened(body, tokenize(body))) != body:
                yield Edit(token.start + start, token.start + end, short)
        elif token.kind is Kind.TEXT and are_names:
            yield from _in_literal(token)


def _in_literal(token: Token) -> Iterator[Edit]:
    """A string that has a long name in it means that name where catalogs are asked for it; elsewhere it is data."""
    text = token.text
    for short, name in names.LONG.items():
        text = text.replace(name, short)
    if text != token.text:
        yield Edit(token.start, token.end, text)


def _short(name: str, size_bytes: int) -> str:
    if size_bytes > MOST_BYTES:
        raise Refused(f'name "{name}" is longer than {MOST_BYTES} bytes')
    short = names.short(name)
    if short not in names.LONG:
        names.LONG[short] = UNKEPT[short] = name
    return short
