"""PIVOT, UNPIVOT, EXCLUDE, and GROUP BY ALL with *: they need the columns of a relation, which only the engine knows.

`question` finds the first of them in a statement: a query whose columns are asked for, and what they make of the
statement.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from local.redshift.dialect import queries
from local.redshift.dialect.queries import Block, Relation, pieces
from local.redshift.dialect.tokens import Kind, Token, closing, identifier, literal, tokenize, upper_at
from local.redshift.protocol import names
from local.redshift.protocol.errors import SYNTAX_ERROR, UNDEFINED_COLUMN, Refused

_WORDS = frozenset(("PIVOT", "UNPIVOT", "EXCLUDE"))
_SOURCE = "lakeport_source"


@dataclass(frozen=True)
class Question:
    query: str
    answered: Callable[[Sequence[str]], str]
    """Make the statement from the names of the query's columns."""


def may_ask(words: frozenset[str] | set[str]) -> bool:
    """Return whether a statement with these words may have such a clause."""
    return bool(words & _WORDS) or {"GROUP", "ALL", "*"} <= words


def question(sql: str) -> Question | None:
    """Return what is to be asked for the innermost clause of the last SELECT that has one."""
    tokens = tokenize(sql)
    for block in reversed(queries.blocks(tokens)):
        for relation in block.relations(tokens):
            if upper_at(tokens, relation.stop) in ("PIVOT", "UNPIVOT") and _opening(tokens, relation.stop):
                return _turned(sql, tokens, block, relation)
        for item in block.items(tokens):
            star = next((at for at in range(item.start, item.stop) if tokens[at].text == "*"), None)
            is_whole = star is not None and star in (item.start, item.start + 2) and star + 1 == item.stop
            if star is not None and (
                upper_at(tokens, star + 1) == "EXCLUDE" or (is_whole and _groups_all(tokens, block))
            ):
                return _exclude(sql, tokens, block, (item.start, star, item.stop))
    return None


def _groups_all(tokens: Sequence[Token], block: Block) -> bool:
    """Return whether a SELECT ends in GROUP BY ALL, which groups by the columns that its * stands for."""
    at = block.clauses.get("GROUP")
    return at is not None and upper_at(tokens, at + 1) == "BY" and upper_at(tokens, at + 2) == "ALL"


def _opening(tokens: Sequence[Token], at: int) -> int:
    """Return where the parenthesis of PIVOT or UNPIVOT opens, 0 if there is none."""
    at += 1
    if upper_at(tokens, at) in ("INCLUDE", "EXCLUDE") and upper_at(tokens, at + 1) == "NULLS":
        at += 2
    return at if upper_at(tokens, at) == "(" else 0


def _exclude(sql: str, tokens: Sequence[Token], block: Block, places: tuple[int, int, int]) -> Question:
    start, star, stop = places
    named = [token.name() for token in tokens[star + 2 : stop] if token.is_name]
    owner = sql[tokens[start].start : tokens[star].start]
    span = block.span("FROM")
    if span is None:
        raise Refused("SELECT * EXCLUDE needs a FROM clause", sqlstate=SYNTAX_ERROR)
    source = sql[tokens[span[0]].start : tokens[span[1] - 1].end]

    def answered(columns: Sequence[str]) -> str:
        for name in named:
            if name not in columns:
                raise Refused(f'column "{name}" in EXCLUDE does not exist', sqlstate=UNDEFINED_COLUMN)
        kept = ", ".join(f"{owner}{identifier(name)}" for name in columns if name not in named)
        return sql[: tokens[start].start] + kept + sql[tokens[stop - 1].end :]

    return Question(f"{queries.context(sql, tokens, block)}SELECT {owner}* {source}", answered)


def _turned(sql: str, tokens: Sequence[Token], block: Block, relation: Relation) -> Question:
    opening = _opening(tokens, relation.stop)
    end = closing(tokens, opening)
    source = sql[tokens[relation.start].start : tokens[relation.stop - 1].end]
    kind, stop, alias = upper_at(tokens, relation.stop), end + 1, "lakeport_turned"
    stop += upper_at(tokens, stop) == "AS"
    if stop < len(tokens) and tokens[stop].is_name and tokens[stop].upper not in queries.NEVER_ALIASES:
        alias, stop = tokens[stop].text, stop + 1
    inside = tokens[opening + 1 : end]
    keeps_nulls = upper_at(tokens, relation.stop + 1) == "INCLUDE"

    def answered(columns: Sequence[str]) -> str:
        if kind == "PIVOT":
            query = _pivot(sql, inside, columns)
        else:
            query = _unpivot(sql, inside, columns, keeps_nulls=keeps_nulls)
        text = f"({query.replace(_SOURCE_MARK, source)}) {alias}"
        return sql[: tokens[relation.start].start] + text + sql[tokens[stop - 1].end :]

    return Question(f"{queries.context(sql, tokens, block)}SELECT * FROM {source}", answered)  # noqa: S608


_SOURCE_MARK = "\0"


def _pivot(sql: str, inside: Sequence[Token], columns: Sequence[str]) -> str:
    """agg(x) FOR c IN (v, ...): one column for each value, grouped by all columns that are not named."""
    at = _keyword(inside, "FOR")
    into = _keyword(inside, "IN")
    column = inside[into - 1]
    values = [_named(sql, inside, *span) for span in pieces(inside, into + 2, closing(inside, into + 1))]
    aggregates = [_named(sql, inside, *span) for span in pieces(inside, 0, at)]
    used = {token.name() for token in inside[:into] if token.is_name}
    groups = [identifier(name) for name in columns if name not in used]
    made = [
        f"{_on_value(text, _is_value(column.text, value))} AS {identifier(_label(value, name, alias))}"
        for value, name in values
        for text, alias in aggregates
    ]
    group = f" GROUP BY {', '.join(groups)}" if groups else ""
    return f"SELECT {', '.join([*groups, *made])} FROM {_SOURCE_MARK}{group}"  # noqa: S608


def _is_value(column: str, value: str) -> str:
    return f"{column} IS NULL" if value.upper() == "NULL" else f"{column} = {value}"


def _label(value: str, name: str | None, aggregate: str | None) -> str:
    base = name or (value.strip("'") if value.startswith("'") else value).lower()
    return f"{base}_{aggregate}" if aggregate else base


def _on_value(call: str, condition: str) -> str:
    """Let an aggregate see the rows of one value."""
    tokens = tokenize(call)
    opening = next((at for at, token in enumerate(tokens) if token.text == "("), None)
    if opening is None:
        raise Refused(f'syntax error at or near "{call}": PIVOT takes an aggregate', sqlstate=SYNTAX_ERROR)
    start = opening + 1 + (upper_at(tokens, opening + 1) in ("DISTINCT", "ALL"))
    argument = call[tokens[start].start : tokens[closing(tokens, opening)].start].strip()
    value = "1" if argument == "*" else argument
    return f"{call[: tokens[start].start]}CASE WHEN {condition} THEN {value} END)"


def _unpivot(sql: str, inside: Sequence[Token], columns: Sequence[str], *, keeps_nulls: bool) -> str:
    """v FOR n IN (c, ...): one row for each of these columns."""
    into = _keyword(inside, "IN")
    value, name = inside[0].name(), inside[into - 1].name()
    turned = [_named(sql, inside, *span) for span in pieces(inside, into + 2, closing(inside, into + 1))]
    gone = {tokenize(text)[0].name() for text, _ in turned}
    kept = [f"{_SOURCE}.{identifier(each)}" for each in columns if each not in gone]
    labels = [label or names.long(tokenize(text)[0].name()) for text, label in turned]
    rows = ", ".join(f"({literal(label)}, {_SOURCE}.{text})" for (text, _), label in zip(turned, labels, strict=True))
    where = "" if keeps_nulls else " WHERE lakeport_cells.value IS NOT NULL"
    selected = [*kept, f"lakeport_cells.name AS {identifier(name)}", f"lakeport_cells.value AS {identifier(value)}"]
    return (
        f"SELECT {', '.join(selected)} FROM (SELECT * FROM {_SOURCE_MARK}) {_SOURCE}"  # noqa: S608
        f" CROSS JOIN LATERAL (VALUES {rows}) lakeport_cells (name, value){where}"
    )


def _keyword(tokens: Sequence[Token], word: str) -> int:
    depth = 0
    for at, token in enumerate(tokens):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 and token.upper == word:
            return at
    raise Refused(f"syntax error: PIVOT and UNPIVOT need {word}", sqlstate=SYNTAX_ERROR)


def _named(sql: str, tokens: Sequence[Token], start: int, stop: int) -> tuple[str, str | None]:
    """Return an expression and its alias."""
    if stop - start > 2 and upper_at(tokens, stop - 2) == "AS":  # noqa: PLR2004 - an expression, AS and the alias
        last = tokens[stop - 1]
        return _text(sql, tokens, start, stop - 2), last.string() if last.kind is Kind.TEXT else last.name()
    return _text(sql, tokens, start, stop), None


def _text(sql: str, tokens: Sequence[Token], start: int, stop: int) -> str:
    return sql[tokens[start].start : tokens[stop - 1].end]
