"""UNION, INTERSECT and EXCEPT: their decimals get one precision and scale (Computations with numeric values).

The engine is asked for the columns of all SELECTs of one operation; those whose decimals differ are cast.
"""

import functools
from collections.abc import Mapping, Sequence

from local.redshift.dialect import queries
from local.redshift.dialect.arithmetic import Question
from local.redshift.dialect.decimals import Type, literal_type, mixed, type_of
from local.redshift.dialect.queries import Block
from local.redshift.dialect.tokens import Edit, Kind, Token, apply, identifier, tokenize, upper_at
from local.redshift.protocol.wire import Field

WORDS = frozenset(("UNION", "INTERSECT", "EXCEPT"))
_OF_ALL = ("ORDER", "LIMIT", "OFFSET", "FETCH")
"""Clauses after the last SELECT that are the operation's."""


def question(sql: str, asked: set[str]) -> Question | None:
    """Return what to ask for an operation that is not among those asked for, and note it there."""
    tokens = tokenize(sql)
    for group in reversed(_groups(tokens)):
        spans = [_span(tokens, block) for block in group]
        texts = [sql[start:end] for start, end in spans]
        if "".join(texts) in asked:
            continue
        asked.add("".join(texts))
        sources = ", ".join(f"({text}) lakeport_{place}" for place, text in enumerate(texts))
        answered = functools.partial(_answered, sql, spans, _literals(tokens, group))
        return Question(f"{queries.context(sql, tokens, group[0])}SELECT * FROM {sources}", answered)  # noqa: S608
    return None


def _answered(
    sql: str, spans: Sequence[tuple[int, int]], literals: Mapping[int, Type], columns: Sequence[Field | None]
) -> str:
    fields = [field for field in columns if field]
    width = len(fields) // len(spans)
    found = [literals.get(place) or type_of(field) for place, field in enumerate(fields)]
    types = [_common(found[place::width]) for place in range(width)]
    if not any(types):
        return sql
    names = [field.name for field in fields[:width]]
    return apply(sql, [Edit(start, end, _cast(sql[start:end], names, types)) for start, end in spans])


def _literals(tokens: Sequence[Token], group: Sequence[Block]) -> dict[int, Type]:
    """Return the types of columns that are numbers: the engine reports no digits of those."""
    items = [item for block in group for item in block.items(tokens)]
    if any(tokens[item.end - 1].text == "*" for item in items):
        return {}
    return {
        place: literal_type(tokens[item.start].text)
        for place, item in enumerate(items)
        if item.end - item.start == 1 and tokens[item.start].kind is Kind.NUMBER
    }


def _groups(tokens: Sequence[Token]) -> list[list[Block]]:
    """Return the SELECTs that operations of one level connect."""
    found: list[list[Block]] = []
    for block in sorted(queries.blocks(tokens), key=lambda block: block.start):
        before = block.start - 1 - (upper_at(tokens, block.start - 1) in ("ALL", "DISTINCT"))
        previous = next((group for group in found if group[-1].stop == before), None)
        if previous is not None and upper_at(tokens, before) in WORDS:
            previous.append(block)
        else:
            found.append([block])
    return [group for group in found if len(group) > 1]


def _span(tokens: Sequence[Token], block: Block) -> tuple[int, int]:
    stop = min([at for name, at in block.clauses.items() if name in _OF_ALL] or [block.stop])
    return tokens[block.start].start, tokens[stop - 1].end


def _common(types: Sequence[Type]) -> Type | None:
    """Return the one type of a column; None where it needs no cast."""
    if len(set(types)) == 1 or {each.kind for each in types} - {"decimal", "integer"}:
        return None
    found = functools.reduce(mixed, types)
    return found if found.kind == "decimal" else None


def _cast(text: str, names: Sequence[str], types: Sequence[Type | None]) -> str:
    columns = [f"c{place}" for place in range(len(names))]
    selected = [
        f"{column}{f'::numeric({kind.precision},{kind.scale})' if kind else ''} AS {identifier(name)}"
        for column, name, kind in zip(columns, names, types, strict=True)
    ]
    return f"SELECT {', '.join(selected)} FROM ({text}) lakeport_branch ({', '.join(columns)})"  # noqa: S608
