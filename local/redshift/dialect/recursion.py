"""WITH RECURSIVE: what Redshift asks of a recursive query, and strings that grow from one step to the next."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from local.redshift.dialect import queries
from local.redshift.dialect.tokens import Edit, Token, apply, closing, depths, tokenize, upper_at
from local.redshift.protocol.errors import SYNTAX_ERROR, Refused

_VARCHAR = "character varying"
_GROWS = re.compile(rf'recursive query "(.+)" column (\d+) has type {_VARCHAR}\(.+ but type {_VARCHAR} overall')
"""PostgreSQL compares the lengths of VARCHARs, too."""
_SET_OPERATIONS = ("UNION", "INTERSECT", "EXCEPT", "MINUS")


@dataclass(frozen=True)
class _Query:
    """One query of WITH RECURSIVE that reads itself; `start` and `stop` are the tokens between its parentheses."""

    name: str
    columns: Sequence[str]
    start: int
    stop: int


def check(tokens: Sequence[Token]) -> None:
    """Refuse a recursive query without a list of its columns, or that is not made by UNION ALL."""
    for query in _recursive(tokens):
        depth = depths(tokens)
        named = f'recursive common table expression "{query.name}"'
        if not query.columns:
            raise Refused(f"{named} needs a list of its columns", sqlstate=SYNTAX_ERROR)
        for at in range(query.start, query.stop):
            is_operation = upper_at(tokens, at) in _SET_OPERATIONS and depth[at] == depth[query.start]
            if is_operation and (upper_at(tokens, at), upper_at(tokens, at + 1)) != ("UNION", "ALL"):
                raise Refused(f"{named} needs UNION ALL", sqlstate=SYNTAX_ERROR)


def widened(sql: str, message: str) -> str:
    """Return a statement whose first step makes strings of any length, if the engine reports that they grow."""
    found = _GROWS.match(message)
    tokens = tokenize(sql)
    for query in _recursive(tokens) if found else ():
        if found and query.name == found[1] and int(found[2]) <= len(query.columns):
            edits = _widening(sql, tokens, query, int(found[2]) - 1)
            if edits:  # else the engine means another query of this name
                return apply(sql, edits)
    return sql


def _widening(sql: str, tokens: Sequence[Token], query: _Query, column: int) -> list[Edit]:
    """Put the first steps into a query that makes a column wide; nothing if they are."""
    depth = depths(tokens)
    within = range(query.start, query.stop)
    unions = [at for at in within if upper_at(tokens, at) == "UNION" and depth[at] == depth[query.start]]
    start, end = tokens[query.start].start, tokens[unions[-1]].start if unions else 0
    wide = [f"{name}::{_VARCHAR}" if at == column else name for at, name in enumerate(query.columns)]
    before = f"SELECT {', '.join(wide)} FROM ("  # noqa: S608 - the client's own
    after = f") AS first_step({', '.join(query.columns)}) "
    is_due = unions and before not in sql[start:end]
    return [Edit(start, start, before), Edit(end, end, after)] if is_due else []


def _recursive(tokens: Sequence[Token]) -> Iterator[_Query]:
    for at, token in enumerate(tokens):
        if token.upper == "RECURSIVE" and upper_at(tokens, at - 1) == "WITH":
            yield from (query for query in _queries(tokens, at + 1) if _reads(tokens, query))


def _queries(tokens: Sequence[Token], at: int) -> Iterator[_Query]:
    while at + 2 < len(tokens) and tokens[at].is_name:
        name, first = tokens[at].name(), at + 2
        at = closing(tokens, at + 1) + 1 if tokens[at + 1].text == "(" else at + 1
        columns = [token.text for token in tokens[first : at - 1] if token.is_name]
        if upper_at(tokens, at) != "AS" or upper_at(tokens, at + 1) != "(":
            return
        end = closing(tokens, at + 1)
        yield _Query(name, columns, at + 2, end)
        at = end + 2
        if upper_at(tokens, end + 1) != ",":
            return


def _reads(tokens: Sequence[Token], query: _Query) -> bool:
    inside = (block for block in queries.blocks(tokens) if query.start <= block.start < query.stop)
    relations = (relation for block in inside for relation in block.relations(tokens))
    return any([part.name() for part in relation.path] == [query.name] for relation in relations)
