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
    has_columns: bool
    start: int
    stop: int


def check(tokens: Sequence[Token]) -> None:
    """Refuse a recursive query without a list of its columns, or that is not made by UNION ALL."""
    for query in _recursive(tokens):
        depth = depths(tokens)
        named = f'recursive common table expression "{query.name}"'
        if not query.has_columns:
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
        first = next((block for block in queries.blocks(tokens) if query.start <= block.start < query.stop), None)
        items = first.items(tokens) if first else []
        if found and query.name == found[1] and int(found[2]) <= len(items):
            item = items[int(found[2]) - 1]
            start, end = tokens[item.start].start, tokens[item.end - 1].end
            return apply(sql, [Edit(start, start, "("), Edit(end, end, f")::{_VARCHAR}")])
    return sql


def _recursive(tokens: Sequence[Token]) -> Iterator[_Query]:
    for at, token in enumerate(tokens):
        if token.upper == "RECURSIVE" and upper_at(tokens, at - 1) == "WITH":
            yield from (query for query in _queries(tokens, at + 1) if _reads(tokens, query))


def _queries(tokens: Sequence[Token], at: int) -> Iterator[_Query]:
    while at + 2 < len(tokens) and tokens[at].is_name:
        name, has_columns = tokens[at].name(), tokens[at + 1].text == "("
        at = closing(tokens, at + 1) + 1 if has_columns else at + 1
        if upper_at(tokens, at) != "AS" or upper_at(tokens, at + 1) != "(":
            return
        end = closing(tokens, at + 1)
        yield _Query(name, has_columns, at + 2, end)
        at = end + 2
        if upper_at(tokens, end + 1) != ",":
            return


def _reads(tokens: Sequence[Token], query: _Query) -> bool:
    inside = (block for block in queries.blocks(tokens) if query.start <= block.start < query.stop)
    relations = (relation for block in inside for relation in block.relations(tokens))
    return any([part.name() for part in relation.path] == [query.name] for relation in relations)
