"""Decimal division: its precision and scale follow from those of its operands (Computations with numeric values).

A value does not carry its precision, so the engine is asked for the types of both operands.  Results of
decimal arithmetic, aggregates and others are cast to the type they have in Redshift: a query around them learns it too.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from local.redshift.dialect import queries
from local.redshift.dialect.decimals import (
    MOST_DIGITS,
    OTHER,
    UNKNOWN,
    UNREAD,
    Type,
    combined,
    mixed,
    type_of,
    written_type,
)
from local.redshift.dialect.operands import PICKS, Node, Parser
from local.redshift.dialect.queries import Block
from local.redshift.dialect.tokens import Edit, Token, apply, depths, tokenize
from local.redshift.protocol.wire import Field

_COMPUTED = ("/", "*", "+", "-", "SUM", "AVG", "SIGN", *PICKS)
_MIXES = ("mix", "case")
MIXING_WORDS = frozenset(("COALESCE", "GREATEST", "LEAST", "CASE"))
"""Those whose results of several decimal types get one."""


@dataclass(frozen=True)
class Question:
    query: str
    answered: Callable[[Sequence[Field | None]], str]
    """Make the statement from the columns of the query; None is one that the engine cannot read."""
    alone: Sequence[tuple[str, str]] = ()
    """A query for each column, and one without tables, for an engine that cannot read all of them."""


def question(sql: str, done: int) -> tuple[Question | None, int]:
    """Return what to ask for the next SELECT or change, inner ones first, and how many are done; None when all are."""
    tokens = tokenize(sql)
    depth = depths(tokens)
    found = sorted(
        [*queries.blocks(tokens), *queries.changes(tokens)], key=lambda block: (-depth[block.start], block.start)
    )
    for number in range(done, len(found)):
        block = found[number]
        parser = Parser(tokens, block, {each.start: each.stop for each in found if each is not block})
        nodes = [node for node in parser.nodes() if _computes(node)]
        if not nodes:
            continue
        leaves = [leaf for node in nodes for leaf in _numbered(node)]
        for place, leaf in enumerate(leaves):
            leaf.leaf = place
        texts = [sql[tokens[leaf.start].start : tokens[leaf.stop - 1].end] for leaf in leaves]
        columns = _in_context(sql, tokens, block, found, texts)
        lead = f"{queries.context(sql, tokens, block)}SELECT "

        def answered(fields: Sequence[Field | None], nodes: list[Node] = nodes, texts: list[str] = texts) -> str:
            types = [_type(text, field) for text, field in zip(texts, fields, strict=True)]
            for node in nodes:
                _settle(node, types)
            return apply(sql, [edit for node in nodes for edit in _edits(sql, tokens, node)])

        query = f"{lead}{', '.join(columns)}" if columns else ""
        alone = [(f"{lead}{column}", f"SELECT {text}") for column, text in zip(columns, texts, strict=True)]
        return Question(query, answered, alone), number + 1
    return None, len(found)


def _type(text: str, field: Field | None) -> Type:
    """Return an operand's type; that of a parameter of PREPARE is not known before EXECUTE."""
    found = written_type(text) if field is None else type_of(field)
    return UNREAD if text.startswith("$") and found is OTHER else found


def _computes(node: Node) -> bool:
    return node.operator in (*_COMPUTED, *_MIXES) or any(map(_computes, node.parts))


def _numbered(node: Node, *, is_operand: bool = False) -> Iterator[Node]:
    """Yield the leaves whose types decide: operands."""
    if node.is_leaf and is_operand:
        yield node
    for part in node.parts:
        if node.operator or _computes(part):
            yield from _numbered(part, is_operand=bool(node.operator))


def _in_context(
    sql: str, tokens: Sequence[Token], block: Block, found: Sequence[Block], texts: Sequence[str]
) -> list[str]:
    """Write the operands as columns of a query, where the names mean what they mean in the block."""
    source = queries.source(sql, tokens, block)
    columns = [f"(SELECT {text} {source})" for text in texts]  # each alone: some may be aggregates
    outer = [each for each in found if each.start < block.start and block.stop <= each.stop]
    for around in sorted(outer, key=lambda each: -each.start):
        if any(each.start <= block.start < each.stop for each in around.relations(tokens)):
            continue
        columns = [f"(SELECT {column} {queries.source(sql, tokens, around)})" for column in columns]
    return columns


def _settle(node: Node, types: Sequence[Type]) -> None:
    """Give a node its type, after those of its parts."""
    for part in node.parts:
        _settle(part, types)
    if node.is_leaf:
        node.type = types[node.leaf] if node.leaf >= 0 else OTHER
    elif node.operator in _MIXES:
        node.type = functools.reduce(mixed, (part.type for part in _deciding(node)))
    elif not node.operator:
        return
    elif node.operator in ("()", "sign", "ABS", *PICKS):
        node.type = node.parts[0].type
    elif node.operator in ("SUM", "AVG"):
        inner = node.parts[0].type
        node.type = Type("decimal", MOST_DIGITS, inner.scale) if inner.kind == "decimal" else _whole(inner)
    elif node.operator == "SIGN":
        inner = node.parts[0].type
        node.type = Type("decimal", 1, 0) if inner.kind in ("decimal", "unknown") else inner
    elif node.operator == "ROUND":
        inner = node.parts[0].type
        node.type = UNKNOWN if inner.kind == "decimal" else inner
    else:
        node.type = combined(node.operator, node.parts[0].type, node.parts[1].type)


def _deciding(node: Node) -> list[Node]:
    """Return the parts that a CASE, COALESCE and their like result in."""
    return node.parts[: node.results] or node.parts


def _whole(inner: Type) -> Type:
    return Type("integer", 19, 0) if inner.kind == "integer" else inner


def _edits(sql: str, tokens: Sequence[Token], node: Node) -> Iterator[Edit]:
    start, end = tokens[node.start].start, tokens[node.stop - 1].end
    text = _text(sql, tokens, node)
    if text != sql[start:end]:
        yield Edit(start, end, text)


def _text(sql: str, tokens: Sequence[Token], node: Node) -> str:
    """Write a node with its parts written; decimal results get their type."""
    start, end = tokens[node.start].start, tokens[node.stop - 1].end
    changes = [
        Edit(tokens[part.start].start - start, tokens[part.stop - 1].end - start, _text(sql, tokens, part))
        for part in node.parts
    ]
    text = apply(sql[start:end], [change for change in changes if change.text])
    kinds = {part.type.kind for part in node.parts}
    if node.operator == "/" and node.type is UNREAD:
        return f"pg_internal.no_decimal({text})"
    if node.operator == "/" and kinds & {"decimal", "unknown"} and not kinds & {"float", "other"}:
        left, right = (_text(sql, tokens, part) for part in node.parts)
        scale = f", {node.type.scale}" if node.type.kind == "decimal" else ""
        text = f"(+ pg_internal.quotient({left}, {right}{scale}))"
    is_mixed = node.operator in _MIXES and len({part.type for part in _deciding(node)}) > 1
    if node.type.kind == "decimal" and (node.operator in _COMPUTED or is_mixed):
        body = text if node.operator in ("/", "SUM", "AVG") else f"({text})"
        kind = f"numeric({node.type.precision},{node.type.scale})"
        if node.operator == "case":  # a column keeps its name: that of a cast would be numeric
            return f"(CASE WHEN FALSE THEN NULL::{kind} ELSE {body}::{kind} END)"
        return f"{body}::{kind}"
    return text
