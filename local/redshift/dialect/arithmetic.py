"""Decimal division: its precision and scale follow from those of its operands (Computations with numeric values).

A value does not carry its precision, so the engine is asked for the types of both operands.  Results of
decimal arithmetic, SUM and AVG are cast to the type they have in Redshift: so a query around them learns it too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from local.redshift.dialect import queries
from local.redshift.dialect.queries import Block
from local.redshift.dialect.tokens import Edit, Kind, Token, apply, closing, tokenize, upper_at
from local.redshift.protocol.wire import Field

MOST_DIGITS, LARGEST_SCALE = 38, 37
_LEAST_SCALE = 4
_COMPUTED = ("/", "*", "+", "-", "SUM", "AVG")
_MIXES = ("COALESCE", "NVL", "GREATEST", "LEAST")
_KEEPS_SCALE = ("SUM", "AVG", "MIN", "MAX", "ABS", "ROUND")
_NUMERIC = 1700
_INTEGERS = {21: (5, 0), 23: (10, 0), 20: (19, 0)}
_FLOATS = (700, 701)
_TIMES, _PLUS = ("*", "/", "%"), ("+", "-")
_AROUND = (*_TIMES, *_PLUS, "^", "||", "|", "&", "#")
"""Operators beside arithmetic that is not read whole: it is left alone."""
_STOPS = frozenset(
    (
        *(
            "SELECT",
            "FROM",
            "WHERE",
            "GROUP",
            "HAVING",
            "ORDER",
            "BY",
            "LIMIT",
            "OFFSET",
            "UNION",
            "ALL",
            "DISTINCT",
            "AS",
        ),
        *(
            "AND",
            "OR",
            "NOT",
            "IN",
            "IS",
            "BETWEEN",
            "LIKE",
            "ILIKE",
            "WHEN",
            "THEN",
            "ELSE",
            "END",
            "ON",
            "USING",
            "SET",
        ),
        *(
            "VALUES",
            "JOIN",
            "LEFT",
            "RIGHT",
            "FULL",
            "INNER",
            "CROSS",
            "OUTER",
            "WITH",
            "ASC",
            "DESC",
            "NULLS",
            "RETURN",
        ),
        *(
            "PARTITION",
            "ROWS",
            "RANGE",
            "OVER",
            "QUALIFY",
            "INSERT",
            "INTO",
            "UPDATE",
            "DELETE",
            "CREATE",
            "TABLE",
            "TOP",
        ),
        *("INTERVAL", "DATE", "TIME", "TIMESTAMP", "ARRAY", "EXCEPT", "INTERSECT", "MINUS", "SIMILAR", "ESCAPE"),
    )
)


@dataclass(frozen=True)
class Type:
    """What decides on a result: a DECIMAL, an integer with its digits as a DECIMAL, or any other."""

    kind: str
    precision: int = 0
    scale: int = 0


OTHER, FLOAT, UNKNOWN = Type("other"), Type("float"), Type("unknown")


@dataclass
class Node:
    """An operand or an operation; `start` and `stop` are tokens."""

    start: int
    stop: int
    operator: str = ""
    parts: list[Node] = field(default_factory=list)
    is_leaf: bool = False
    leaf: int = -1
    """Which of the asked types a leaf has."""
    type: Type = OTHER


@dataclass(frozen=True)
class Question:
    query: str
    answered: Callable[[Sequence[Field]], str]


def question(sql: str, done: int) -> tuple[Question | None, int]:
    """Return what to ask for the next SELECT, inner ones first, and how many are done then; None when all are."""
    tokens = tokenize(sql)
    found = sorted(queries.blocks(tokens), key=lambda block: (-_depth(tokens, block.start), block.start))
    for number in range(done, len(found)):
        block = found[number]
        parser = _Parser(tokens, block, {each.start: each.stop for each in found if each is not block})
        nodes = [node for node in parser.nodes() if _computes(node)]
        if not nodes:
            continue
        leaves = [leaf for node in nodes for leaf in _numbered(node)]
        for place, leaf in enumerate(leaves):
            leaf.leaf = place
        texts = [sql[tokens[leaf.start].start : tokens[leaf.stop - 1].end] for leaf in leaves]
        query = _in_context(sql, tokens, block, found, texts) if texts else ""

        def answered(fields: Sequence[Field], nodes: list[Node] = nodes) -> str:
            types = [_type(each) for each in fields]
            for node in nodes:
                _settle(node, types)
            return apply(sql, [edit for node in nodes for edit in _edits(sql, tokens, node)])

        return Question(query, answered), number + 1
    return None, len(found)


def _depth(tokens: Sequence[Token], at: int) -> int:
    return sum({"(": 1, ")": -1}.get(token.text, 0) for token in tokens[:at])


def _computes(node: Node) -> bool:
    return node.operator in _COMPUTED or any(map(_computes, node.parts))


def _numbered(node: Node) -> Iterator[Node]:
    """Yield the leaves whose types decide."""
    if node.is_leaf:
        yield node
    for part in node.parts:
        if not node.is_leaf or _computes(part):
            yield from _numbered(part)


def _in_context(sql: str, tokens: Sequence[Token], block: Block, found: Sequence[Block], texts: Sequence[str]) -> str:
    """Write a query that has the operands as its columns, where the names mean what they mean in the block."""
    source = _clause(sql, tokens, block)
    texts = [f"(SELECT {text} {source})" for text in texts]  # each alone: some may be aggregates
    columns, source = ", ".join(texts), ""
    outer = [each for each in found if each.start < block.start and block.stop <= each.stop]
    for around in sorted(outer, key=lambda each: -each.start):
        if block.start >= around.clauses.get("FROM", block.stop) and _is_in_from(around, block):
            continue
        texts = [f"(SELECT {text} {_clause(sql, tokens, around)})" for text in texts]
        columns = ", ".join(texts)
    return f"{_with(sql, tokens, block)}SELECT {columns}"


def _is_in_from(around: Block, block: Block) -> bool:
    span = around.span("FROM")
    return span is not None and span[0] < block.start < span[1]


def _clause(sql: str, tokens: Sequence[Token], block: Block) -> str:
    span = block.span("FROM")
    return sql[tokens[span[0]].start : tokens[span[1] - 1].end] if span else ""


def _with(sql: str, tokens: Sequence[Token], block: Block) -> str:
    """Return the queries of WITH that a block sees."""
    start = next((at for at in range(block.start) if upper_at(tokens, at) == "WITH" and _depth(tokens, at) == 0), None)
    if start is None:
        return ""
    main = next(
        (at for at in range(start, len(tokens)) if upper_at(tokens, at) == "SELECT" and not _depth(tokens, at)), start
    )
    if block.start >= main:
        return sql[tokens[start].start : tokens[main].start]
    commas = [at for at in range(start, block.start) if tokens[at].text == "," and _depth(tokens, at) == 0]
    return f"{sql[tokens[start].start : tokens[commas[-1]].start]} " if commas else ""


class _Parser:
    """Reads the arithmetic of one SELECT; what it does not read it passes over."""

    def __init__(self, tokens: Sequence[Token], block: Block, inner: dict[int, int]) -> None:
        self.tokens = tokens
        self.block = block
        self.inner = {start: stop for start, stop in inner.items() if block.start < start and stop <= block.stop}
        self.aliases = {item.end: item.stop for item in block.items(tokens) if item.stop > item.end}

    def nodes(self) -> Iterator[Node]:
        yield from self._within(self.block.start + 1, self.block.stop)

    def _within(self, at: int, stop: int) -> Iterator[Node]:
        span = self.block.span("FROM")
        while at < stop:
            if span and span[0] <= at < span[1]:
                at = span[1]
            elif at in self.inner:
                at = self.inner[at]
            elif at in self.aliases:
                at = self.aliases[at]
            elif node := self._sum(at, stop):
                if upper_at(self.tokens, at - 1) not in _AROUND and upper_at(self.tokens, node.stop) not in _AROUND:
                    yield node
                at = node.stop
            else:
                at += 1

    def _sum(self, at: int, stop: int) -> Node | None:
        return self._chain(at, stop, _PLUS, self._product)

    def _product(self, at: int, stop: int) -> Node | None:
        return self._chain(at, stop, _TIMES, self._operand)

    def _chain(
        self, at: int, stop: int, operators: Sequence[str], part: Callable[[int, int], Node | None]
    ) -> Node | None:
        left = part(at, stop)
        while left and left.stop < stop and self.tokens[left.stop].text in operators:
            right = part(left.stop + 1, stop)
            if right is None:
                break
            left = Node(left.start, right.stop, self.tokens[left.stop].text, [left, right])
        return left

    def _operand(self, at: int, stop: int) -> Node | None:
        tokens, start = self.tokens, at
        while at < stop and tokens[at].text in _PLUS:
            at += 1
        if at >= stop or at in self.inner:
            return None
        token = tokens[at]
        if token.text == "(":
            end = min(closing(tokens, at) + 1, stop)
            node = self._group(at, end)
        elif token.kind is Kind.NUMBER:
            node = Node(at, at + 1, type=_literal(token.text))
        elif token.kind is Kind.PARAMETER:
            node = self._leaf(at, at + 1)
        elif token.upper == "CASE":
            end = self._case_end(at, stop)
            node = self._leaf(at, end, has_inner=list(self._within(at + 1, end - 1)))
        elif token.is_name and token.upper not in _STOPS:
            node = self._name(at, stop)
        else:
            return None
        while node.stop + 1 < stop and tokens[node.stop].text == "::":
            node = self._leaf(node.start, self._type_end(node.stop + 1))
        return Node(start, node.stop, "sign", [node]) if start < at else node

    def _group(self, at: int, end: int) -> Node:
        """Read what is between parentheses: arithmetic, or a leaf such as a subquery."""
        inside = self._sum(at + 1, end - 1) if at + 1 not in self.inner else None
        if inside and inside.stop == end - 1:
            return Node(at, end, "()", [inside])
        return self._leaf(at, end)

    def _name(self, at: int, stop: int) -> Node:
        tokens, end = self.tokens, at + 1
        while end + 1 < stop and tokens[end].text == "." and tokens[end + 1].is_name:
            end += 2
        if end >= stop or tokens[end].text != "(":
            return self._leaf(at, end)
        close = closing(tokens, end) + 1
        name, last = upper_at(tokens, end - 1), close
        if upper_at(tokens, last) == "OVER":
            last = closing(tokens, last + 1) + 1 if upper_at(tokens, last + 1) == "(" else last + 2
        if upper_at(tokens, last) == "WITHIN":
            last = closing(tokens, last + 2) + 1
        first = end + 1 + (upper_at(tokens, end + 1) in ("DISTINCT", "ALL"))
        inside = self._sum(first, close - 1) if name in _KEEPS_SCALE else None
        if name in _MIXES and (mixed := self._arguments(end + 1, close - 1)):
            return Node(at, last, "mix", mixed)
        if inside and inside.stop == close - 1:
            return Node(at, last, name, [inside])
        if inside and name == inside.operator == "AVG":  # the stand-in's own, whose first argument is the engine's
            return Node(at, last, name, inside.parts)
        return self._leaf(at, last, has_inner=list(self._within(end + 1, close - 1)))

    def _arguments(self, at: int, stop: int) -> list[Node]:
        """Read arguments that are all arithmetic; none where one is anything else."""
        found = list[Node]()
        for start, end in queries.pieces(self.tokens, at, stop):
            node = self._sum(start, end)
            if node is None or node.stop != end:
                return []
            found.append(node)
        return found

    def _leaf(self, start: int, stop: int, has_inner: Sequence[Node] = ()) -> Node:
        return Node(start, stop, "", list(has_inner), is_leaf=True)

    def _case_end(self, at: int, stop: int) -> int:
        depth = 0
        for place in range(at, stop):
            depth += {"CASE": 1, "END": -1}.get(upper_at(self.tokens, place), 0)
            if depth == 0:
                return place + 1
        return stop

    def _type_end(self, at: int) -> int:
        end = at + 1 + (upper_at(self.tokens, at + 1) in ("PRECISION", "VARYING"))
        return closing(self.tokens, end) + 1 if upper_at(self.tokens, end) == "(" else end


def _literal(text: str) -> Type:
    """Return the type of a literal number."""
    whole, point, fraction = text.partition(".")
    if not point:
        return Type("integer", *_INTEGERS[23 if len(whole) < _INTEGERS[23][0] else 20])
    return Type("decimal", max(len(whole.lstrip("0")) + len(fraction), 1), len(fraction))


def _type(column: Field) -> Type:
    if column.type_id in _INTEGERS:
        return Type("integer", *_INTEGERS[column.type_id])
    if column.type_id in _FLOATS:
        return FLOAT
    if column.type_id != _NUMERIC:
        return OTHER
    if column.modifier < 4:  # noqa: PLR2004 - a modifier counts its own four bytes
        return UNKNOWN
    return Type("decimal", column.modifier - 4 >> 16, column.modifier - 4 & 0xFFFF)


def _settle(node: Node, types: Sequence[Type]) -> None:
    """Give a node its type, after those of its parts."""
    for part in node.parts:
        _settle(part, types)
    if node.is_leaf:
        node.type = types[node.leaf] if node.leaf >= 0 else OTHER
    elif node.operator == "mix":
        node.type = functools.reduce(mixed, (part.type for part in node.parts))
    elif not node.operator:
        return
    elif node.operator in ("()", "sign", "MIN", "MAX", "ABS"):
        node.type = node.parts[0].type
    elif node.operator in ("SUM", "AVG"):
        inner = node.parts[0].type
        node.type = Type("decimal", MOST_DIGITS, inner.scale) if inner.kind == "decimal" else _whole(inner)
    elif node.operator == "ROUND":
        node.type = UNKNOWN if node.parts[0].type.kind in ("decimal", "unknown") else node.parts[0].type
    else:
        node.type = combined(node.operator, node.parts[0].type, node.parts[1].type)


def _whole(inner: Type) -> Type:
    return Type("integer", 19, 0) if inner.kind == "integer" else inner


def mixed(left: Type, right: Type) -> Type:
    """Return the type of COALESCE and its like, as of a UNION."""
    kinds = {left.kind, right.kind}
    if not kinds <= {"decimal", "integer"}:
        return left if left == right else OTHER if "other" in kinds else FLOAT if "float" in kinds else UNKNOWN
    if kinds == {"integer"}:
        return left if left.precision >= right.precision else right
    scale = max(left.scale, right.scale)
    return Type("decimal", min(max(left.precision - left.scale, right.precision - right.scale) + scale, 19), scale)


def combined(operator: str, left: Type, right: Type) -> Type:
    """Return the type of a computation."""
    kinds = {left.kind, right.kind}
    if "other" in kinds:
        return OTHER
    if "float" in kinds:
        return FLOAT
    if "unknown" in kinds:
        return UNKNOWN
    if kinds == {"integer"}:
        return left if left.precision >= right.precision else right
    if operator in _PLUS:
        scale = max(left.scale, right.scale)
        precision = max(left.precision - left.scale, right.precision - right.scale) + 1 + scale
    elif operator == "*":
        scale, precision = left.scale + right.scale, left.precision + right.precision + 1
    elif operator == "/":
        scale = max(_LEAST_SCALE, left.scale + right.precision - right.scale + 1)
        precision = left.precision - left.scale + right.scale + scale
    else:
        return UNKNOWN
    if precision > MOST_DIGITS:
        reduced = max(MOST_DIGITS + scale - precision, _LEAST_SCALE)
        scale, precision = reduced if operator == "/" else min(scale, LARGEST_SCALE), MOST_DIGITS
    return Type("decimal", precision, scale)


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
    if node.operator == "/" and kinds & {"decimal", "unknown"} and not kinds & {"float", "other"}:
        left, right = (_text(sql, tokens, part) for part in node.parts)
        scale = f", {node.type.scale}" if node.type.kind == "decimal" else ""
        text = f"(+ pg_internal.quotient({left}, {right}{scale}))"
    if node.type.kind == "decimal" and node.operator in _COMPUTED:
        body = text if node.operator in ("/", "SUM", "AVG") else f"({text})"
        return f"{body}::numeric({node.type.precision},{node.type.scale})"
    return text
