"""Put short names in place of those of 64 to 127 bytes, which PostgreSQL would cut at 63."""

import contextlib
import itertools
import re
from collections.abc import Iterator, Sequence

from local.redshift.dialect.name_strings import Use, uses
from local.redshift.dialect.tokens import Edit, Kind, Token, apply, identifier, tokenize, upper_at
from local.redshift.protocol import names
from local.redshift.protocol.errors import Refused

MOST_BYTES = 127
UNKEPT: dict[str, str] = {}
"""Short and long names that the engine has not stored yet."""
ALL_NAMES = "SELECT short, long FROM pg_internal.long_names"
KEEP = "INSERT INTO pg_internal.long_names VALUES ($1, $2) ON CONFLICT DO NOTHING"


def shortened(sql: str, tokens: Sequence[Token]) -> str:
    """Return a statement with short names in place of long ones; raises Refused for a name Redshift does not take."""
    edits = [*_edits(tokens), *_in_strings(tokens)]
    return apply(sql, edits) if edits else sql


def parameters(tokens: Sequence[Token]) -> dict[int, str]:
    """Return which parameters mean names, by their place: with the word before each that is a pattern."""
    return {
        int(tokens[at].text[1:]) - 1: upper_at(tokens, at - 1) if use is Use.PATTERN else ""
        for at, use in uses(tokens).items()
        if tokens[at].kind is Kind.PARAMETER
    }


def of_engine(value: bytes, pattern_after: str) -> bytes:
    """Return a bound name, a short one in place of a long one; raises Refused as for a pattern in the text."""
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
    for token in tokens:
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


def _in_strings(tokens: Sequence[Token]) -> Iterator[Edit]:
    for at, use in uses(tokens).items():
        token = tokens[at]
        if token.kind is not Kind.TEXT or not (names.LONG or use is Use.SQL):
            continue
        text = token.string()
        if use is Use.PATTERN:
            check_pattern(text, upper_at(tokens, at - 1))
        if (short := _SHORTENED[use](text)) == text:
            continue
        start, escaped = token.text.partition("'")[0], short.replace("'", "''")
        literal = f"{start}'{escaped}'"
        if use is not Use.EQUAL:
            yield Edit(token.start, token.end, literal)
        elif (before := tokens[at - 1]).upper in ("=", "<>", "!="):
            both = f"({token.text}::text, {literal})"  # as text: a name would be cut
            yield Edit(before.start, token.end, f"IN {both}" if before.upper == "=" else f"NOT IN {both}")
        else:
            yield Edit(token.start, token.end, f"{token.text}::text, {literal}")  # in a list


def _in_pattern(pattern: str) -> str:
    for short, name in names.LONG.items():
        pattern = pattern.replace(name, short)
    return pattern


def _of_name(text: str) -> str:
    """Return a name, or one with its schema, as the engine has it; any other text stays unchanged."""
    if (short := names.short(text)) in names.LONG:
        return short
    tokens = tokenize(text)
    edits = [
        Edit(token.start, token.end, identifier(short) if token.kind is Kind.QUOTED else short)
        for token in tokens
        if token.is_name and (short := names.short(token.name())) in names.LONG
    ]
    is_path = all(left.is_name != right.is_name for left, right in itertools.pairwise(tokens))
    return apply(text, edits) if is_path and edits else text


def _in_sql(text: str) -> str:
    return shortened(text, tokenize(text))


_SHORTENED = {Use.NAME: _of_name, Use.EQUAL: _of_name, Use.PATTERN: _in_pattern, Use.SQL: _in_sql}


def _short(name: str, size_bytes: int) -> str:
    if size_bytes > MOST_BYTES:
        raise Refused(f'name "{name}" is longer than {MOST_BYTES} bytes')
    short = names.short(name)
    if short not in names.LONG:
        names.LONG[short] = UNKEPT[short] = name
    return short
