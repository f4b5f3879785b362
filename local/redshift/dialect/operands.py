"""Read the arithmetic of a SELECT: operations, and the operands whose types decide on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from local.redshift.dialect import queries
from local.redshift.dialect.decimals import OTHER, Type, literal_type
from local.redshift.dialect.queries import Block
from local.redshift.dialect.tokens import Kind, Token, closing, upper_at

_MIXES = ("COALESCE", "NVL", "GREATEST", "LEAST")
_KEEPS_SCALE = ("SUM", "AVG", "MIN", "MAX", "ABS", "ROUND", "SIGN")
PICKS = ("MIN", "MAX", "LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE", "NTH_VALUE", "ANY_VALUE")
"""Those that return a value of their first argument."""
_TIMES, _PLUS = ("*", "/", "%"), ("+", "-")
_AROUND = (*_TIMES, *_PLUS, "^")
"""Operators beside arithmetic that is not read whole: it is left alone.  Others bind less tightly."""
_OPEN_WINDOWS = ("PARTITION", "ORDER", "ROWS")
_NO_OPERANDS = frozenset(
    (
        *("SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "BY", "LIMIT"),
        *("OFFSET", "UNION", "ALL", "DISTINCT", "AS", "AND", "OR", "NOT"),
        *("IN", "IS", "BETWEEN", "LIKE", "ILIKE", "WHEN", "THEN", "ELSE"),
        *("END", "ON", "USING", "SET", "VALUES", "JOIN", "LEFT", "RIGHT"),
        *("FULL", "INNER", "CROSS", "OUTER", "WITH", "ASC", "DESC", "NULLS"),
        *("RETURN", "PARTITION", "ROWS", "RANGE", "OVER", "QUALIFY", "INSERT", "INTO"),
        *("UPDATE", "DELETE", "CREATE", "TABLE", "TOP", "INTERVAL", "DATE", "TIME"),
        *("TIMESTAMP", "ARRAY", "EXCEPT", "INTERSECT", "MINUS", "SIMILAR", "ESCAPE"),
        *("MERGE", "CALL", "DEFAULT", "MATCHED", "IF", "ELSIF", "ELSEIF", "WHILE", "LOOP", "RAISE", "DECLARE", "BEGIN"),
    )
)


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
    results: int = 0
    """How many of the parts of a CASE, the first ones, are what it results in."""


class Parser:
    """Reads the arithmetic of one SELECT; what it does not read it passes over."""

    def __init__(self, tokens: Sequence[Token], block: Block, inner: dict[int, int]) -> None:
        self.tokens = tokens
        self.block = block
        self.inner = {start: stop for start, stop in inner.items() if block.start < start and stop <= block.stop}
        items = block.items(tokens) if upper_at(tokens, block.start) == "SELECT" else []
        self.aliases = {item.end: item.stop for item in items if item.stop > item.end}

    def nodes(self) -> Iterator[Node]:
        yield from self._within(self.block.start + 1, self.block.stop)

    def _within(self, at: int, stop: int) -> Iterator[Node]:
        while at < stop:
            if at in self.inner:
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
            node = Node(at, at + 1, type=literal_type(token.text))
        elif token.kind is Kind.PARAMETER:
            node = self._leaf(at, at + 1)
        elif token.upper == "CASE":
            node = self._case(at, self._case_end(at, stop))
        elif token.is_name and token.upper not in _NO_OPERANDS:
            node = self._name(at, stop)
        else:
            return None
        while node.stop + 1 < stop and tokens[node.stop].text == "::":
            node = self._leaf(node.start, self._type_end(node.stop + 1), has_inner=[node])
        return Node(start, node.stop, "sign", [node]) if start < at else node

    def _group(self, at: int, end: int) -> Node:
        """Read what is between parentheses: arithmetic, or a leaf such as a subquery."""
        inside = self._sum(at + 1, end - 1) if at + 1 not in self.inner else None
        if inside and inside.stop == end - 1:
            return Node(at, end, "()", [inside])
        inner = list(self._within(at + 1, end - 1))
        is_value = at + 1 in self.inner or len(list(queries.pieces(self.tokens, at + 1, end - 1))) == 1
        is_value &= upper_at(self.tokens, at + 1) not in _OPEN_WINDOWS
        return Node(at, end, parts=inner, is_leaf=is_value)

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
        inside = self._sum(first, close - 1) if name in (*_KEEPS_SCALE, *PICKS) else None
        if name in _MIXES and (mixed := self._arguments(end + 1, close - 1)):
            return Node(at, last, "mix", mixed)
        window = list(self._within(close, last))
        if inside and (inside.stop == close - 1 or (name in PICKS and upper_at(tokens, inside.stop) == ",")):
            return Node(at, last, name, [inside, *window])
        if inside and name == inside.operator == "AVG":  # the stand-in's own, whose first argument is the engine's
            return Node(at, last, name, [*inside.parts, *window])
        return self._leaf(at, last, has_inner=[*self._within(end + 1, close - 1), *window])

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

    def _case(self, at: int, end: int) -> Node:
        """Read a CASE by its results, if these are all arithmetic or NULL; else it is a leaf."""
        inner = list(self._within(at + 1, end - 1))
        spans = [span for span in self._results(at, end) if upper_at(self.tokens, span[0]) != "NULL"]
        results = [node for node in inner if (node.start, node.stop) in spans]
        if not results or len(results) < len(spans):
            return self._leaf(at, end, has_inner=inner)
        others = [node for node in inner if node not in results and not node.is_leaf]
        return Node(at, end, "case", [*results, *others], results=len(results))

    def _results(self, at: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield what follows THEN and ELSE in the CASE between two tokens."""
        depth, start = 0, 0
        for place in range(at + 1, end):
            word = upper_at(self.tokens, place)
            if depth == 0 and start and word in ("WHEN", "ELSE", "END"):
                yield start, place
                start = 0
            if depth == 0 and word in ("THEN", "ELSE"):
                start = place + 1
            depth += {"CASE": 1, "END": -1, "(": 1, ")": -1}.get(word, 0)

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
