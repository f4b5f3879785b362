"""Lateral aliases: `SELECT a + b AS c, c * 2` may use c, unless a relation has a column of that name.

Only the engine knows which columns there are.  So the stand-in lets it read the query, and puts an alias's expression
in its place where the engine finds no such column.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from local.redshift.dialect import queries
from local.redshift.dialect.queries import Block, Span
from local.redshift.dialect.tokens import Edit, Token, apply, tokenize, upper_at

_MISSING = re.compile(r'column "((?:[^"]|"")*)" does not exist')


def aliases(tokens: Sequence[Token]) -> frozenset[str]:
    """Return the aliases that a later item of the same SELECT, or its WHERE, may mean."""
    return frozenset(name for block in queries.blocks(tokens) for name in _used(tokens, block))


def missing(message: str) -> str | None:
    """Return the column the engine does not find."""
    found = _MISSING.search(message)
    return found[1] if found else None


def substituted(sql: str, names: frozenset[str]) -> str:
    """Put the expressions of these aliases in their place, in inner SELECTs first."""
    for number in range(len(queries.blocks(tokenize(sql))) - 1, -1, -1):
        tokens = tokenize(sql)
        block = queries.blocks(tokens)[number]
        sql = apply(sql, _edits(sql, tokens, block, names))
    return sql


def condition(sql: str, tokens: Sequence[Token], block: Block) -> str:
    """Return QUALIFY's condition, in which an alias stands for its expression."""
    span = block.span("QUALIFY")
    if span is None:
        return "true"
    known = {item.alias: _text(sql, tokens, (item.start, item.end)) for item in block.items(tokens) if item.alias}
    return _replaced(sql, tokens, (span[0] + 1, span[1]), known)


def probe(tokens: Sequence[Token], sql: str) -> str:
    """Return the query of a statement, such as INSERT ... SELECT, for the engine to read."""
    depth = 0
    for at, token in enumerate(tokens):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 and upper_at(tokens, at) in ("SELECT", "WITH"):
            return sql[token.start :]
    return sql


def _used(tokens: Sequence[Token], block: Block) -> Iterator[str]:
    known = set[str]()
    for item in block.items(tokens):
        yield from (tokens[at].name() for at in _names(tokens, (item.start, item.end)) if tokens[at].name() in known)
        known |= {item.alias} if item.alias else set()
    if span := block.span("WHERE"):
        yield from (tokens[at].name() for at in _names(tokens, span) if tokens[at].name() in known)


def _edits(sql: str, tokens: Sequence[Token], block: Block, names: frozenset[str]) -> Iterator[Edit]:
    known: dict[str, str] = {}
    for item in block.items(tokens):
        text = _replaced(sql, tokens, (item.start, item.end), known)
        if text != _text(sql, tokens, (item.start, item.end)):
            yield Edit(tokens[item.start].start, tokens[item.end - 1].end, text)
        if item.alias in names:
            known[item.alias] = text
    if span := block.span("WHERE"):
        text = _replaced(sql, tokens, span, known)
        if text != _text(sql, tokens, span):
            yield Edit(tokens[span[0]].start, tokens[span[1] - 1].end, text)


def _replaced(sql: str, tokens: Sequence[Token], span: Span, known: Mapping[str, str]) -> str:
    if span[0] >= span[1]:
        return ""
    start, end = tokens[span[0]].start, tokens[span[1] - 1].end
    edits = [
        Edit(tokens[at].start - start, tokens[at].end - start, f"({known[tokens[at].name()]})")
        for at in _names(tokens, span)
        if tokens[at].name() in known
    ]
    return apply(sql[start:end], edits)


def _names(tokens: Sequence[Token], span: Span) -> Iterator[int]:
    """Yield the single names: no functions, no parts of longer names."""
    for at in range(*span):
        around = (upper_at(tokens, at - 1), upper_at(tokens, at + 1))
        if tokens[at].is_name and around[0] not in (".", "AS", "::") and around[1] not in (".", "("):
            yield at


def _text(sql: str, tokens: Sequence[Token], span: Span) -> str:
    return sql[tokens[span[0]].start : tokens[span[1] - 1].end] if span[0] < span[1] else ""
