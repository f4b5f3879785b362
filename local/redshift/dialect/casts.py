"""The types that `x::type` and CAST(x AS type) name: Redshift's own translated, those it lacks refused."""

from collections.abc import Iterator, Sequence

from local.redshift.dialect import column_types
from local.redshift.dialect.tokens import Edit, Kind, Token, closing, upper_at
from local.redshift.protocol.errors import Refused

_MISSING = frozenset(
    (
        *("UUID", "JSON", "JSONB", "BYTEA", "XML", "MONEY", "INET", "CIDR", "MACADDR", "BIT", "POINT", "LINE", "BOX"),
        *("POLYGON", "CIRCLE", "TSVECTOR", "TSQUERY", "HSTORE", "CITEXT", "INT4RANGE", "INT8RANGE", "DATERANGE"),
    )
)
_NOT_YET = ("HLLSKETCH", "GEOMETRY", "GEOGRAPHY")
_RENAMED = {
    "NVARCHAR": "varchar",
    "NCHAR": "char",
    "DATETIME": "timestamp",
    "INTERVALY2M": "interval year to month",
    "INTERVALD2S": "interval day to second",
}
_BYTES = ("VARBYTE", "VARBINARY", "BINARY")
_DECIMALS = ("NUMERIC", "DECIMAL")


def check(tokens: Sequence[Token]) -> None:
    """Raise Refused for a cast to a type that is not there."""
    for at in _targets(tokens):
        name = upper_at(tokens, at)
        if name in _MISSING:
            raise Refused(f"Type {name} is not supported by Amazon Redshift")
        if name in _NOT_YET:
            raise Refused(f"A cast to {name} is not supported by this stand-in yet")


def edits(tokens: Sequence[Token]) -> Iterator[Edit]:
    """Translate names; a DECIMAL without digits has 18 and none behind the point. A length that is left out is none."""
    for at in _targets(tokens):
        token, is_bare = tokens[at], upper_at(tokens, at + 1) != "("
        length = at + 1 + (token.upper == "CHARACTER" and upper_at(tokens, at + 1) == "VARYING")
        if token.upper == "SUPER":
            yield Edit(token.start, token.end, "super")
        elif token.upper in _BYTES:
            yield _varbyte(tokens, at)
        elif token.upper in _RENAMED:
            yield Edit(token.start, token.end, _RENAMED[token.upper])
        elif token.upper in _DECIMALS and is_bare:
            yield Edit(token.start, token.end, f"{token.text}(18,0)")
        if upper_at(tokens, length) == "(" and upper_at(tokens, length + 1) == "MAX":
            most = str(column_types.MOST_BYTES.get(token.upper if length == at + 1 else "VARYING", ""))
            yield Edit(tokens[length + 1].start, tokens[length + 1].end, most)


def _is_literal(tokens: Sequence[Token], at: int) -> bool:
    """Return whether a string literal is cast by `::`: it is a separate string, not the text of a document."""
    return upper_at(tokens, at - 1) == "::" and tokens[at - 2].kind is Kind.TEXT


def _varbyte(tokens: Sequence[Token], at: int) -> Edit:
    last = at + (upper_at(tokens, at + 1) == "VARYING")
    last = closing(tokens, last + 1) if upper_at(tokens, last + 1) == "(" else last
    return Edit(tokens[at].start, tokens[last].end, "text::varbyte" if _is_literal(tokens, at) else "varbyte")


def _targets(tokens: Sequence[Token]) -> Iterator[int]:
    """Return where the types of casts begin."""
    for at, token in enumerate(tokens[:-1]):
        if token.text == "::":
            yield at + 1
        elif token.upper == "CAST" and token.kind is Kind.WORD and upper_at(tokens, at + 1) == "(":
            yield from _after_as(tokens, at + 1)


def _after_as(tokens: Sequence[Token], opening: int) -> Iterator[int]:
    depth = 0
    for at in range(opening, closing(tokens, opening)):
        depth += {"(": 1, ")": -1}.get(tokens[at].text, 0)
        if depth == 1 and tokens[at].upper == "AS":
            yield at + 1
