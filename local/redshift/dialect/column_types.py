"""The types of columns: Redshift's own translated, and those it does not have refused."""

from collections.abc import Iterator, Sequence

from local.redshift.dialect.tokens import Edit, Kind, Token, closing, identifier, upper_at
from local.redshift.protocol.errors import INVALID_PARAMETER, Refused

_TYPES = {
    "SUPER": "super",
    "NVARCHAR": "varchar",
    "NCHAR": "char",
    "DATETIME": "timestamp",
    "TEXT": "varchar(256)",
    "BPCHAR": "char(256)",
    "INTERVALY2M": "interval year to month",
    "INTERVALD2S": "interval day to second",
}
_BARE = {"VARCHAR": "(256)", "NVARCHAR": "(256)", "VARYING": "(256)", "NUMERIC": "(18,0)", "DECIMAL": "(18,0)"}
_KNOWN_TYPES = frozenset(
    (
        *("SMALLINT", "INT2", "INTEGER", "INT", "INT4", "BIGINT", "INT8", "DECIMAL", "NUMERIC", "REAL", "FLOAT4"),
        *("DOUBLE", "PRECISION", "FLOAT8", "FLOAT", "BOOLEAN", "BOOL", "CHAR", "CHARACTER", "NCHAR", "BPCHAR"),
        *("VARCHAR", "VARYING", "NVARCHAR", "TEXT", "DATE", "TIME", "TIMETZ", "TIMESTAMP", "TIMESTAMPTZ", "DATETIME"),
        *("WITH", "WITHOUT", "ZONE", "INTERVAL", "YEAR", "MONTH", "DAY", "TO", "SECOND", "SUPER", "VARBYTE"),
        *("VARBINARY", "BINARY", "INTERVALY2M", "INTERVALD2S"),
    )
)
_BARE_VARBYTE = "64000"
MOST_BYTES = {"VARCHAR": 65535, "NVARCHAR": 65535, "VARYING": 65535, "TEXT": 65535, "CHAR": 4096, "CHARACTER": 4096}
MOST_BYTES |= {"NCHAR": 4096, "BPCHAR": 4096, "VARBYTE": 16_777_216, "VARBINARY": 16_777_216, "BINARY": 16_777_216}
MOST_DIGITS, LARGEST_SCALE = 38, 37
_NOT_YET = frozenset(("HLLSKETCH", "GEOMETRY", "GEOGRAPHY"))
_COLUMN_WORDS = (
    "PRIMARY",
    "UNIQUE",
    "REFERENCES",
    "CHECK",
    "EXCLUDE",
    "CONSTRAINT",
    "NOT",
    "NULL",
    "DEFAULT",
    "ENCODE",
    "DISTKEY",
    "SORTKEY",
    "IDENTITY",
    "GENERATED",
    "COLLATE",
)


def edits(tokens: Sequence[Token], at: int, stop: int) -> Iterator[Edit]:
    """Translate the type that starts at a token; raises Refused for types Redshift does not have."""
    start = at
    if at < stop and tokens[at].kind is Kind.QUOTED:
        raise _unsupported(tokens, start, tokens[at].text)
    while at < stop and tokens[at].kind is Kind.WORD and tokens[at].upper not in _COLUMN_WORDS:
        word, token = tokens[at].upper, tokens[at]
        if word in _NOT_YET:
            raise Refused(f"Type {word} is not supported by this stand-in yet")
        if word not in _KNOWN_TYPES or upper_at(tokens, at + 1) in ("[", "ARRAY"):
            raise _unsupported(tokens, start, f'"{token.text.lower()}"')
        has_length = at + 1 < stop and tokens[at + 1].text == "("
        if has_length:
            _check_size(word, tokens, at)
        if word == "INTERVAL" and upper_at(tokens, at + 1) not in ("YEAR", "DAY"):
            raise _unsupported(tokens, start, '"interval": it is YEAR TO MONTH or DAY TO SECOND')
        if word in ("VARBYTE", "VARBINARY", "BINARY"):
            yield _varbyte(tokens, at)
            return
        elif has_length and word in ("TEXT", "BPCHAR"):
            yield Edit(token.start, token.end, "varchar" if word == "TEXT" else "char")
        elif word in _TYPES or (word in _BARE and not has_length):
            bare = "" if has_length or word in ("TEXT", "BPCHAR") else _BARE.get(word, "")
            yield Edit(token.start, token.end, _TYPES.get(word, token.text) + bare)
        if has_length and upper_at(tokens, at + 2) == "MAX":
            yield Edit(tokens[at + 2].start, tokens[at + 2].end, str(MOST_BYTES.get(word, 65535)))
        at += 1


def _unsupported(tokens: Sequence[Token], at: int, what: str) -> Refused:
    return Refused(f'Column "{_qualified(tokens, at - 1)}" has unsupported type {what}.')


def _qualified(tokens: Sequence[Token], at: int) -> str:
    """Return a column's name after that of the table that the statement makes or changes."""
    words = [token.upper for token in tokens]
    place = words.index("TABLE") + 1 if "TABLE" in words[:at] else at
    place += 3 if words[place : place + 3] == ["IF", "NOT", "EXISTS"] else 0
    while upper_at(tokens, place + 1) == ".":
        place += 2
    return f"{tokens[place].name()}.{tokens[at].name()}" if place < at else tokens[at].name()


def _check_size(word: str, tokens: Sequence[Token], at: int) -> None:
    """Check the arguments of a type against Redshift's limits; the engine checks those that are not numbers."""
    first, second = upper_at(tokens, at + 2), upper_at(tokens, at + 4)
    if word in ("DECIMAL", "NUMERIC") and first.isdecimal():
        digits, scale = int(first), int(second) if second.isdecimal() else 0
        if not 1 <= digits <= MOST_DIGITS:
            raise Refused(f"{word} precision {digits} must be between 1 and {MOST_DIGITS}", sqlstate=INVALID_PARAMETER)
        if scale > min(digits, LARGEST_SCALE):
            limits = f"0 and precision {digits}, and at most {LARGEST_SCALE}"
            raise Refused(f"{word} scale {scale} must be between {limits}", sqlstate=INVALID_PARAMETER)
    elif word in MOST_BYTES and first.isdecimal() and int(first) > MOST_BYTES[word]:
        limit = f"length for type {word.lower()} cannot exceed {MOST_BYTES[word]}"
        raise Refused(limit, sqlstate=INVALID_PARAMETER)


def _varbyte(tokens: Sequence[Token], at: int) -> Edit:
    """VARBYTE(n) has a check beside it, because the type itself does not hold values to its length."""
    last = at + (upper_at(tokens, at + 1) == "VARYING")
    length, end = _BARE_VARBYTE, last
    if upper_at(tokens, last + 1) == "(" and last + 2 < len(tokens):
        _check_size("VARBYTE", tokens, last)
        length, end = tokens[last + 2].text, closing(tokens, last + 1)
    check = f"CHECK (octet_length({identifier(tokens[at - 1].name())}) <= {length})"
    return Edit(tokens[at].start, tokens[end].end, f"varbyte({length}) {check}")
