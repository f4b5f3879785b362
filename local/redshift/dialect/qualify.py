"""QUALIFY: the rows of a SELECT that a condition on window functions lets through.

`SELECT list FROM ... QUALIFY c ORDER BY o LIMIT n` becomes a SELECT of the list from a subquery that has the list and
the condition.  The order is the subquery's: a filter above it keeps it.
"""

from collections.abc import Sequence

from local.redshift.dialect import lateral, queries
from local.redshift.dialect.queries import Block, Item
from local.redshift.dialect.tokens import Kind, Token, identifier, tokenize, upper_at
from local.redshift.protocol.errors import SYNTAX_ERROR, Refused

_FLAG = "lakeport_qualifies"


def rewritten(sql: str) -> str:
    """Return a statement without QUALIFY; raises Refused where Redshift would."""
    while True:
        tokens = tokenize(sql)
        found = [block for block in queries.blocks(tokens) if "QUALIFY" in block.clauses]
        if not found:
            return sql
        block = found[-1]
        start, stop = tokens[block.start].start, tokens[block.stop - 1].end
        sql = sql[:start] + _without(sql, tokens, block) + sql[stop:]


def _without(sql: str, tokens: Sequence[Token], block: Block) -> str:
    _check_alias(tokens, block)
    items, start = block.items(tokens), block.select_list(tokens)[0]
    head, top = _head(tokens, block, start)
    inner, outer = list[str](), list[str]()
    for number, item in enumerate(items):
        for label, name in _columns(sql, tokens, block, item, number):
            inner.append(label)
            outer.append(name)
    condition = lateral.condition(sql, tokens, block)
    if not condition:
        raise Refused('syntax error at or near "qualify"', sqlstate=SYNTAX_ERROR)
    body = " ".join(
        _clause(sql, tokens, block, name) for name in ("FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "ORDER")
    )
    limits = " ".join(_clause(sql, tokens, block, name) for name in ("LIMIT", "OFFSET", "FETCH"))
    return (
        f"SELECT {head} {', '.join(outer)} FROM (SELECT {', '.join(inner)}, ({condition}) AS {_FLAG} {body})"  # noqa: S608
        f" lakeport_qualified WHERE {_FLAG} {limits} {top}"
    )


def _check_alias(tokens: Sequence[Token], block: Block) -> None:
    """Where QUALIFY follows FROM at once, Redshift wants an alias before it."""
    relations = block.relations(tokens)
    if relations and relations[-1].stop == block.clauses["QUALIFY"] and not relations[-1].has_alias:
        raise Refused('syntax error at or near "qualify": the relation before it needs an alias', sqlstate=SYNTAX_ERROR)


def _head(tokens: Sequence[Token], block: Block, start: int) -> tuple[str, str]:
    """Return DISTINCT, and TOP n as the LIMIT it is."""
    words = [token.upper for token in tokens[block.start + 1 : start]]
    return " ".join(set(words) & {"DISTINCT"}), f"LIMIT {words[words.index('TOP') + 1]}" if "TOP" in words else ""


def _columns(sql: str, tokens: Sequence[Token], block: Block, item: Item, number: int) -> list[tuple[str, str]]:
    """Return what the subquery selects for an item, and how it is named outside."""
    text = sql[tokens[item.start].start : tokens[item.end - 1].end]
    if tokens[item.end - 1].text == "*" and item.end - item.start in (1, 3):
        wanted = tokens[item.start].name() if item.end - item.start > 1 else None
        names = [each.name for each in block.relations(tokens) if wanted in (None, each.name)]
        return [
            (f"{identifier(name)} AS lakeport_row_{number}_{at}", f"(lakeport_row_{number}_{at}).*")
            for at, name in enumerate(names)
        ]
    last = tokens[item.end - 1]
    plain = (
        last.name()
        if last.is_name and all(each.is_name or each.text == "." for each in tokens[item.start : item.end])
        else None
    )
    name = item.alias or plain
    if name:
        return [(f"{text} AS {identifier(name)}", identifier(name))]
    first = tokens[item.start]
    label = first.name() if first.kind is Kind.WORD and upper_at(tokens, item.start + 1) == "(" else "?column?"
    return [(f"{text} AS lakeport_{number}", f"lakeport_{number} AS {identifier(label)}")]


def _clause(sql: str, tokens: Sequence[Token], block: Block, name: str) -> str:
    span = block.span(name)
    return sql[tokens[span[0]].start : tokens[span[1] - 1].end] if span else ""
