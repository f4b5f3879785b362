"""How Redshift stores a table: its DISTSTYLE, DISTKEY, SORTKEY and ENCODE are checked, and then dropped."""

from collections.abc import Iterator, Sequence

from local.redshift.dialect.tokens import Edit, Token, closing, upper_at
from local.redshift.protocol.errors import SYNTAX_ERROR, UNDEFINED_COLUMN, Refused

_REFUSED = ("INHERITS", "PARTITION", "TABLESPACE", "WITH", "USING", "ON")
_STYLES = ("AUTO", "EVEN", "KEY", "ALL")
_MOST_SORT_KEYS, _MOST_INTERLEAVED = 400, 8
_ENCODINGS = frozenset(
    (
        *("AUTO", "AZ64", "BYTEDICT", "DELTA", "DELTA32K", "LZO", "MOSTLY8", "MOSTLY16", "MOSTLY32", "RAW"),
        *("RUNLENGTH", "TEXT255", "TEXT32K", "ZSTD"),
    )
)


def edits(tokens: Sequence[Token], start: int) -> Iterator[Edit]:
    """Drop the attributes that follow the list of columns, or precede AS."""
    at = start
    while at < len(tokens) and tokens[at].upper != "AS":
        if start and tokens[at].upper in _REFUSED:
            raise Refused(f"CREATE TABLE ... {tokens[at].upper} is not supported by Amazon Redshift")
        end = _end(tokens, at)
        if end > at:
            yield Edit(tokens[at].start, tokens[min(end, len(tokens)) - 1].end, "")
        at = max(end, at + 1)


def check(tokens: Sequence[Token], columns: Sequence[str], start: int) -> None:
    """Hold the keys of a table to its columns, unless those come from another table or a query."""
    words = [token.upper for token in tokens]
    dist_keys = words.count("DISTKEY")
    if dist_keys > 1:
        raise Refused("CREATE TABLE takes one DISTKEY", sqlstate=SYNTAX_ERROR)
    for at in range(start, len(tokens)):
        if words[at] == "DISTSTYLE":
            _check_style(upper_at(tokens, at + 1), has_key=bool(dist_keys))
        elif words[at] in ("DISTKEY", "SORTKEY") and upper_at(tokens, at + 1) == "(":
            named = [token.name() for token in tokens[at + 2 : closing(tokens, at + 1)] if token.is_name]
            _check_key(words[at], named, columns, is_interleaved=words[at - 1] == "INTERLEAVED")


def check_encoding(encoding: str) -> None:
    if encoding not in _ENCODINGS:
        raise Refused(f'invalid encoding type "{encoding.lower()}": use {", ".join(sorted(_ENCODINGS))}')


def _check_style(style: str, *, has_key: bool) -> None:
    if style not in _STYLES:
        near = f'syntax error at or near "{style.lower()}"'
        raise Refused(f"{near}: DISTSTYLE is one of {', '.join(_STYLES)}", sqlstate=SYNTAX_ERROR)
    if style == "KEY" and not has_key:
        raise Refused("DISTSTYLE KEY needs a DISTKEY")


def _check_key(key: str, named: Sequence[str], columns: Sequence[str], *, is_interleaved: bool) -> None:
    most = 1 if key == "DISTKEY" else _MOST_INTERLEAVED if is_interleaved else _MOST_SORT_KEYS
    if len(named) > most:
        raise Refused(f"{'INTERLEAVED ' * is_interleaved}{key} takes at most {most} columns")
    for name in named:
        if columns and name not in columns:
            raise Refused(f'column "{name}" named in {key} does not exist', sqlstate=UNDEFINED_COLUMN)


def _end(tokens: Sequence[Token], at: int) -> int:
    word, after = upper_at(tokens, at), upper_at(tokens, at + 1)
    if word in ("COMPOUND", "INTERLEAVED") and after == "SORTKEY":
        return _end(tokens, at + 1)
    if word in ("DISTKEY", "SORTKEY"):
        return closing(tokens, at + 1) + 1 if after == "(" else at + 1 + (after == "AUTO")
    if word in ("DISTSTYLE", "ENCODE") or (word == "BACKUP" and after in ("YES", "NO")):
        return at + 2
    return at
