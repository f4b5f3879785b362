"""Find the SELECTs of a statement and their clauses among its tokens: what Redshift's own clauses are rewritten by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from local.redshift.dialect.tokens import Kind, Token, closing, depths, upper_at

CLAUSES = ("FROM", "WHERE", "GROUP", "HAVING", "QUALIFY", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH")
_JOINING = ("JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "OUTER", "NATURAL", "ON", "USING")
_CHANGES = ("INSERT", "UPDATE", "DELETE", "MERGE")
_ENDS = ("UNION", "EXCEPT", "INTERSECT", "MINUS", ";")
_STEPS = {"(": 1, ")": -1}
NEVER_ALIASES = frozenset(
    (
        *(*CLAUSES, *_JOINING, *_ENDS, "NULL", "TRUE", "FALSE", "END", "AS", "THEN", "ELSE", "AT"),
        *("PIVOT", "UNPIVOT", "START", "CONNECT"),
    )
)
_BEFORE_ALIAS = frozenset(
    ("IS", "NOT", "AND", "OR", "LIKE", "ILIKE", "IN", "BETWEEN", "WHEN", "CASE", "DISTINCT", "ALL")
)

Span = tuple[int, int]
"""Indexes of tokens, the second one beyond the last."""


@dataclass(frozen=True)
class Item:
    """One expression of a SELECT list."""

    start: int
    end: int
    """Where the expression ends; an alias may follow."""
    alias: str | None
    stop: int


@dataclass(frozen=True)
class Relation:
    """One entry of a FROM clause."""

    start: int
    stop: int
    name: str
    """What the rest of the query calls it; empty for one without a name."""
    has_alias: bool
    path: tuple[Token, ...]
    """The names it consists of, empty for a subquery or a function."""


@dataclass(frozen=True)
class Block:
    """A SELECT up to where it ends, a set operation or a closing parenthesis; or a change, see `changes`."""

    start: int
    stop: int
    clauses: Mapping[str, int]

    def span(self, clause: str) -> Span | None:
        """Return a clause with its keyword, up to the next one; None if it is not there."""
        at = self.clauses.get(clause)
        return None if at is None else (at, min([each for each in self.clauses.values() if each > at] or [self.stop]))

    def select_list(self, tokens: Sequence[Token]) -> Span:
        start = self.start + 1
        while upper_at(tokens, start) in ("DISTINCT", "ALL"):
            start += 1
        if upper_at(tokens, start) == "TOP" and start + 1 < len(tokens) and tokens[start + 1].kind is Kind.NUMBER:
            start += 2
        return start, min([*self.clauses.values(), self.stop])

    def items(self, tokens: Sequence[Token]) -> list[Item]:
        return [_item(tokens, *span) for span in pieces(tokens, *self.select_list(tokens))]

    def relations(self, tokens: Sequence[Token]) -> list[Relation]:
        return [relation for span in _sources(tokens, self) for relation in _relations(tokens, *span)]


def blocks(tokens: Sequence[Token]) -> list[Block]:
    """Return every SELECT, outer ones before those inside them."""
    return [_block(tokens, at) for at, token in enumerate(tokens) if token.upper == "SELECT"]


def changes(tokens: Sequence[Token]) -> list[Block]:
    """Return what has expressions beside those of its SELECTs: an UPDATE, a DELETE, VALUES, a CALL, a DEFAULT."""
    found = [at for at, token in enumerate(tokens) if token.upper in _CHANGES and _begins(tokens, at)]
    if tokens and tokens[0].upper not in ("SELECT", "WITH", "(", *_CHANGES):
        found.insert(0, 0)
    return [_block(tokens, at) for at in found]


def _begins(tokens: Sequence[Token], at: int) -> bool:
    """Return whether a statement begins there: at the start, after WITH, or as one of WITH's queries."""
    return at == 0 or tokens[at - 1].text in ("(", ")") or upper_at(tokens, at - 1) == "EXPLAIN"


def source(sql: str, tokens: Sequence[Token], block: Block) -> str:
    """Return the tables that a SELECT or a change reads, as a FROM clause; empty where it reads none."""
    texts = [sql[tokens[start].start : tokens[stop - 1].end] for start, stop in _sources(tokens, block)]
    return f"FROM {', '.join(texts)}" if texts else ""


def _sources(tokens: Sequence[Token], block: Block) -> list[Span]:
    """Return where a SELECT or a change lists the tables that it reads."""
    verb, span = upper_at(tokens, block.start), block.span("FROM")
    listed = [(span[0] + 1, span[1])] if span else []
    if verb == "UPDATE":
        return [(block.start + 1, _place(tokens, block, "SET")), *listed]
    if verb == "DELETE" and span:
        using = _place(tokens, block, "USING", span)
        return listed if using == span[1] else [(span[0] + 1, using), (using + 1, span[1])]
    if verb == "MERGE":
        using, on = _place(tokens, block, "USING"), _place(tokens, block, "ON")
        return [(block.start + 2, using), (using + 1, on)]
    return listed if verb in ("SELECT", "PERFORM") else []


def _place(tokens: Sequence[Token], block: Block, word: str, span: Span | None = None) -> int:
    """Return where a word stands outside parentheses, the end where it does not."""
    start, stop = span or (block.start, block.stop)
    depth = depths(tokens)
    found = (at for at in range(start, stop) if upper_at(tokens, at) == word and depth[at] == depth[block.start])
    return next(found, stop)


def _block(tokens: Sequence[Token], start: int) -> Block:
    clauses: dict[str, int] = {}
    depth, at = 0, start + 1
    while at < len(tokens):
        token = tokens[at]
        depth += _STEPS.get(token.text, 0)
        if depth < 0 or (depth == 0 and token.upper in _ENDS):
            break
        if depth == 0 and token.upper in CLAUSES and tokens[at - 1].upper not in (".", "AS"):
            clauses.setdefault(token.upper, at)
        at += 1
    return Block(start, at, clauses)


def context(sql: str, tokens: Sequence[Token], block: Block) -> str:
    """Return the WITH clause that a SELECT sees: those of its queries that precede it."""
    depth = depths(tokens)
    start = next((at for at in range(block.start) if upper_at(tokens, at) == "WITH" and not depth[at]), None)
    if start is None:
        return ""
    mains = (at for at in range(start, len(tokens)) if upper_at(tokens, at) in ("SELECT", *_CHANGES) and not depth[at])
    main = next(mains, start)
    if block.start >= main:
        return sql[tokens[start].start : tokens[main].start]
    commas = [at for at in range(start, block.start) if tokens[at].text == "," and not depth[at]]
    before = f"{sql[tokens[start].start : tokens[commas[-1]].start]}" if commas else ""
    is_recursive = upper_at(tokens, start + 1) == "RECURSIVE"
    own = commas[-1] + 1 if commas else start + 1 + is_recursive
    first = next((each for each in blocks(tokens[: block.start]) if each.start > own and depth[each.start] == 1), None)
    if not is_recursive or first is None:
        return f"{before} " if before else ""
    seed = f"{sql[tokens[own].start : tokens[first.stop - 1].end]})"  # its first query has the types of all
    return f"{before}, {seed} " if before else f"WITH {seed} "


def pieces(tokens: Sequence[Token], start: int, stop: int) -> Iterator[Span]:
    """Yield the items of a list, which commas separate."""
    depth, first = 0, start
    for at in range(start, stop):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(tokens[at].text, 0)
        if tokens[at].text == "," and depth == 0:
            yield first, at
            first = at + 1
    yield first, stop


def _item(tokens: Sequence[Token], start: int, stop: int) -> Item:
    last = tokens[stop - 1]
    if stop - start > 1 and last.is_name and last.upper not in NEVER_ALIASES:
        before = tokens[stop - 2]
        if before.upper == "AS":
            return Item(start, stop - 2, last.name(), stop)
        ends_expression = before.kind in (Kind.NUMBER, Kind.TEXT, Kind.QUOTED) or before.text in (")", "]")
        if ends_expression or (before.kind is Kind.WORD and before.upper not in _BEFORE_ALIAS):
            return Item(start, stop - 1, last.name(), stop)
    return Item(start, stop, None, stop)


def _relations(tokens: Sequence[Token], start: int, stop: int) -> Iterator[Relation]:
    """Read the entries of a FROM clause; conditions of joins are passed over."""
    at = start
    is_entry = True
    while at < stop:
        word = upper_at(tokens, at)
        if is_entry and word in ("LATERAL", "UNPIVOT"):
            at += 1
        elif is_entry and tokens[at].text == "(" and upper_at(tokens, at + 1) not in ("SELECT", "WITH", "VALUES"):
            end = closing(tokens, at)
            yield from _relations(tokens, at + 1, end)
            at, is_entry = end + 1, False
        elif is_entry and (tokens[at].text == "(" or (tokens[at].is_name and word not in _JOINING)):
            relation = _relation(tokens, at, stop)
            yield relation
            at, is_entry = relation.stop, False
        else:
            is_entry = word == "JOIN" or tokens[at].text == ","
            at = closing(tokens, at) + 1 if tokens[at].text == "(" else at + 1


def _relation(tokens: Sequence[Token], start: int, stop: int) -> Relation:
    at, path = start, list[Token]()
    if tokens[at].text != "(":
        path.append(tokens[at])
        while upper_at(tokens, at + 1) == "." and at + 2 < stop:
            at += 2
            path.append(tokens[at])
        at += 1
        while at < stop and tokens[at].text == "[":
            path += tokens[at + 1 : at + 2]
            at += 3
    if at < stop and tokens[at].text == "(":
        at, path = closing(tokens, at) + 1, []
    name, has_alias = (path[-1].name() if path else ""), False
    if upper_at(tokens, at) == "AS":
        at += 1
    if at < stop and tokens[at].is_name and tokens[at].upper not in NEVER_ALIASES:
        name, has_alias, at = tokens[at].name(), True, at + 1
    return Relation(start, at, name, has_alias, tuple(path))
