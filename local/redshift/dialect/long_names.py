"""Put short names in place of those of 64 to 127 bytes, which PostgreSQL would cut at 63."""

from collections.abc import Iterator, Sequence

from local.redshift.dialect.tokens import Edit, Kind, Token, apply, identifier, tokenize
from local.redshift.protocol import names
from local.redshift.protocol.errors import Refused

MOST_BYTES = 127
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


def _edits(tokens: Sequence[Token]) -> Iterator[Edit]:
    is_setting = [token.upper for token in tokens[:1]] in (["SET"], ["SHOW"])
    are_names = is_setting or any(token.upper.startswith(_CATALOGS) for token in tokens)
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
