"""Clauses that PostgreSQL writes otherwise: outer joins by (+), CONNECT BY, GROUP BY ALL."""

from collections.abc import Callable, Iterator, Sequence

from local.redshift.dialect import queries
from local.redshift.dialect.queries import Block, Relation
from local.redshift.dialect.tokens import Edit, Token, apply, closing, identifier, tokenize, upper_at
from local.redshift.protocol.errors import SYNTAX_ERROR, Refused

_AGGREGATES = frozenset(
    (
        *("AVG", "COUNT", "LISTAGG", "MAX", "MIN", "SUM", "MEDIAN", "STDDEV", "STDDEV_SAMP", "STDDEV_POP", "VARIANCE"),
        *("VAR_SAMP", "VAR_POP", "ANY_VALUE", "BIT_AND", "BIT_OR", "BOOL_AND", "BOOL_OR", "PERCENTILE_CONT"),
        *("PERCENTILE_DISC", "APPROXIMATE", "GROUPING"),
    )
)
_NO_NAMES = frozenset(("AND", "OR", "NOT", "IS", "NULL", "IN", "LIKE", "ILIKE", "BETWEEN", "TRUE", "FALSE", "PRIOR"))
_HIERARCHY = ("START", "CONNECT")
_ROW, _ABOVE = "lakeport_row", "lakeport_above"


def rewritten(sql: str, words: frozenset[str]) -> str:
    """Return a statement without these clauses; raises Refused where they cannot be carried out."""
    if "CONNECT" in words and "PRIOR" in words:
        sql = _each(sql, _connect_by)
    if "+" in words:
        sql = _each(sql, _outer_joins)
    if "ALL" in words and "GROUP" in words:
        sql = _each(sql, _group_by_all)
    return sql


_Change = Callable[[str, Sequence[Token], Block], Iterator[Edit]]


def _each(sql: str, change: _Change) -> str:
    """Apply a change to every SELECT, the last one first: what precedes a SELECT keeps its place."""
    for number in range(len(queries.blocks(tokenize(sql))) - 1, -1, -1):
        tokens = tokenize(sql)
        found = queries.blocks(tokens)
        if number < len(found):
            sql = apply(sql, list(change(sql, tokens, found[number])))
    return sql


def _group_by_all(_: str, tokens: Sequence[Token], block: Block) -> Iterator[Edit]:
    """GROUP BY ALL groups by every item of the list that has no aggregate."""
    at = block.clauses.get("GROUP")
    if at is None or [upper_at(tokens, at + 1), upper_at(tokens, at + 2)] != ["BY", "ALL"]:
        return
    items = block.items(tokens)
    if any(tokens[item.end - 1].text == "*" and item.end - item.start in (1, 3) for item in items):
        raise Refused("GROUP BY ALL with * is not supported in a procedure by this stand-in: list the columns")
    places = [str(place) for place, item in enumerate(items, 1) if not _aggregates(tokens, item.start, item.end)]
    yield Edit(tokens[at].start, tokens[at + 2].end, f"GROUP BY {', '.join(places)}" if places else "")


def _aggregates(tokens: Sequence[Token], start: int, stop: int) -> bool:
    """Return whether an expression aggregates rows outside a window."""
    for at in range(start, stop):
        if upper_at(tokens, at) in _AGGREGATES and upper_at(tokens, at + 1) == "(":
            end = closing(tokens, at + 1)
            if upper_at(tokens, end + 1) == "WITHIN":
                end = closing(tokens, end + 3)
            if upper_at(tokens, end + 1) != "OVER":
                return True
    return False


def _outer_joins(sql: str, tokens: Sequence[Token], block: Block) -> Iterator[Edit]:
    """`WHERE a.i = b.i(+)` keeps the rows of a: b is joined by LEFT JOIN on its conditions."""
    where = block.span("WHERE")
    if where is None:
        return
    conditions = list(_conjuncts(tokens, where[0] + 1, where[1]))
    owners = {tokens[at - 3].name() for at in range(*where) if _is_mark(tokens, at) and upper_at(tokens, at - 2) == "."}
    marked: dict[str, list[str]] = {}
    kept = list[str]()
    for start, stop in conditions:
        names = {_marked(tokens, at, owners) for at in range(start, stop) if _is_mark(tokens, at)}
        text = _without_marks(sql, tokens, start, stop)
        if len(names) > 1:
            raise Refused("a condition may have (+) after the columns of one table only", sqlstate=SYNTAX_ERROR)
        if names:
            marked.setdefault(names.pop(), []).append(text)
        else:
            kept.append(text)
    if not marked:
        return
    relations = block.relations(tokens)
    missing = set(marked) - {relation.name for relation in relations}
    if missing or "JOIN" in {token.upper for token in tokens[slice(*(block.span("FROM") or (0, 0)))]}:
        raise Refused("(+) needs tables that FROM lists with commas, and columns with the names of their tables")
    inner = [_source(sql, tokens, relation) for relation in relations if relation.name not in marked]
    joins = [
        f"LEFT JOIN {_source(sql, tokens, relation)} ON {' AND '.join(marked[relation.name])}"
        for relation in _in_order(relations, marked)
    ]
    end = tokens[where[1] - 1].end
    text = f"FROM {' CROSS JOIN '.join(inner)} {' '.join(joins)}" + (f" WHERE {' AND '.join(kept)}" if kept else "")
    yield Edit(tokens[block.clauses["FROM"]].start, end, text)


def _in_order(relations: Sequence[Relation], marked: dict[str, list[str]]) -> list[Relation]:
    """Order outer tables so that each follows those that its conditions name."""
    left = [relation for relation in relations if relation.name in marked]
    done = list[Relation]()
    while left:
        waiting = {relation.name for relation in left}
        free = next((each for each in left if not _named(marked[each.name]) & (waiting - {each.name})), left[0])
        done.append(free)
        left.remove(free)
    return done


def _named(conditions: Sequence[str]) -> set[str]:
    return {token.name() for text in conditions for token in tokenize(text) if token.is_name}


def _source(sql: str, tokens: Sequence[Token], relation: Relation) -> str:
    return sql[tokens[relation.start].start : tokens[relation.stop - 1].end]


def _is_mark(tokens: Sequence[Token], at: int) -> bool:
    return [upper_at(tokens, at + step) for step in range(3)] == ["(", "+", ")"]


def _marked(tokens: Sequence[Token], at: int, owners: set[str]) -> str:
    """Return the table of a column before (+); one without a table is of the only table that others name."""
    if upper_at(tokens, at - 2) != "." and len(owners) == 1:
        return next(iter(owners))
    if upper_at(tokens, at - 2) != ".":
        raise Refused(f"write the table's name before the column of {tokens[at - 1].text}(+)", sqlstate=SYNTAX_ERROR)
    return tokens[at - 3].name()


def _without_marks(sql: str, tokens: Sequence[Token], start: int, stop: int) -> str:
    base = tokens[start].start
    marks = [
        Edit(tokens[at].start - base, tokens[at + 2].end - base, "")
        for at in range(start, stop)
        if _is_mark(tokens, at)
    ]
    return apply(sql[base : tokens[stop - 1].end], marks)


def _conjuncts(tokens: Sequence[Token], start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a condition between ANDs outside parentheses; BETWEEN keeps its own."""
    depth, first, is_between = 0, start, False
    for at in range(start, stop):
        depth += {"(": 1, ")": -1}.get(tokens[at].text, 0)
        word = upper_at(tokens, at) if depth == 0 else ""
        if word == "BETWEEN":
            is_between = True
        elif word == "AND" and is_between:
            is_between = False
        elif word == "AND":
            yield first, at
            first = at + 1
    yield first, stop


def _connect_by(sql: str, tokens: Sequence[Token], block: Block) -> Iterator[Edit]:
    """START WITH a CONNECT BY b is a recursive query over the table: PRIOR x is the x of the row above."""
    marks = {word: at for word in _HIERARCHY if (at := _clause(tokens, block, word)) is not None}
    if "CONNECT" not in marks:
        return
    ends = [at for name, at in block.clauses.items() if name in ("GROUP", "HAVING", "ORDER", "LIMIT", "QUALIFY")]
    stop = min([*ends, block.stop])
    relations = block.relations(tokens)
    if len(relations) != 1:
        raise Refused("CONNECT BY over several tables is not supported by this stand-in: use a subquery")
    relation, row, above = relations[0], _ROW, _ABOVE
    begins = "true"
    if "START" in marks:
        begin = marks["START"] + 2
        begins = _qualified(sql, tokens, (begin, _until(marks, "START", stop)), relation.name)
    at = marks["CONNECT"] + 2
    at += upper_at(tokens, at) == "NOCYCLE"
    condition = _qualified(sql, tokens, (at, _until(marks, "CONNECT", stop)), relation.name)
    first = min(marks.values())
    where = block.clauses.get("WHERE")
    filtered = sql[tokens[where].start : tokens[first - 1].end] if where is not None and where < first else ""
    table = ".".join(token.text for token in relation.path)
    if not relation.path:
        table = sql[tokens[relation.start].start : tokens[closing(tokens, relation.start)].end]
    name = identifier(relation.name or "lakeport_hierarchy")
    tree = (
        f"FROM (WITH RECURSIVE {above} AS (SELECT {row}.*, 1 AS level FROM {table} {row} WHERE {begins}"  # noqa: S608
        f" UNION ALL SELECT {row}.*, {above}.level + 1 FROM {table} {row} JOIN {above} ON {condition})"
        f" SELECT * FROM {above}) {name} {filtered}"
    )
    yield Edit(tokens[block.clauses["FROM"]].start, tokens[stop - 1].end, tree)


def _clause(tokens: Sequence[Token], block: Block, word: str) -> int | None:
    depth = 0
    for at in range(block.start, block.stop):
        depth += {"(": 1, ")": -1}.get(tokens[at].text, 0)
        if depth == 0 and upper_at(tokens, at) == word and upper_at(tokens, at + 1) in ("WITH", "BY"):
            return at
    return None


def _until(marks: dict[str, int], name: str, stop: int) -> int:
    return min([at for at in marks.values() if at > marks[name]] or [stop])


def _qualified(sql: str, tokens: Sequence[Token], span: tuple[int, int], relation: str) -> str:
    """Write a condition on a row and the row above it."""
    base, edits = tokens[span[0]].start, list[Edit]()
    for at in range(*span):
        token = tokens[at]
        before = upper_at(tokens, at - 1)
        if token.upper == "PRIOR":
            edits.append(Edit(token.start - base, token.end - base, ""))
        elif token.is_name and before != "." and token.upper not in _NO_NAMES and upper_at(tokens, at + 1) != "(":
            owner = _ABOVE if before == "PRIOR" else _ROW
            is_owner = upper_at(tokens, at + 1) == "." and token.name() == relation
            edits.append(Edit(token.start - base, token.end - base, owner if is_owner else f"{owner}.{token.text}"))
    return apply(sql[base : tokens[span[1] - 1].end], edits)
