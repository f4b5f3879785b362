"""String literals in the place of a SUPER column: they are strings, which only JSON_PARSE reads as JSON.

PostgreSQL gives a literal the type of the column, so the engine is asked which columns of the table are SUPER.
"""

import itertools
from collections.abc import Iterator, Sequence

from local.redshift.dialect import queries
from local.redshift.dialect.queries import pieces
from local.redshift.dialect.tokens import Edit, Kind, Token, apply, closing, depths, identifier, literal, upper_at

NAMES: set[str] = set()
"""The names of all tables that may have such a column: only statements that change one of these are looked at."""
ALL_NAMES = """
    SELECT DISTINCT relname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
     WHERE atttypid = 'super'::regtype AND attnum > 0 AND relkind = 'r'"""
_MAKES = ("SUPER", "AS", "LIKE", "RENAME")


def note(tokens: Sequence[Token]) -> None:
    """Remember the name of a table that a statement makes or changes, if it may have a SUPER column then."""
    words = [token.upper for token in tokens]
    if words[:1] not in (["CREATE"], ["ALTER"], ["SELECT"]) or not {*_MAKES, "INTO"} & set(words):
        return
    if words[0] == "SELECT":
        NAMES.update(token.name() for before, token in itertools.pairwise(tokens) if before.upper == "INTO")
    elif "TABLE" in words[:5]:
        head = tokens[: next((at for at, token in enumerate(tokens) if token.text == "("), len(tokens))]
        NAMES.update(token.name() for token in head if token.is_name)


def lookup(tokens: Sequence[Token]) -> str:
    """Return the query for the columns of an INSERT's or UPDATE's table, SUPER ones with a mark; empty without need."""
    if upper_at(tokens, 0) not in ("INSERT", "UPDATE") or not any(token.kind is Kind.TEXT for token in tokens):
        return ""
    path = _path(tokens)
    if not path or path[-1].name() not in NAMES:
        return ""
    return f"SELECT pg_internal.marked_columns({literal('.'.join(identifier(each.name()) for each in path))})"


def cast(sql: str, tokens: Sequence[Token], marked: str) -> str:
    """Return the statement with a cast behind each literal that a SUPER column gets."""
    columns = marked.split("\n")
    found = _of_update(tokens, columns) if upper_at(tokens, 0) == "UPDATE" else _of_insert(tokens, columns)
    return apply(sql, [Edit(token.end, token.end, "::super") for token in found])


def _path(tokens: Sequence[Token]) -> list[Token]:
    at = 1 + (upper_at(tokens, 1) == "INTO")
    path = list(tokens[at : at + 1])
    while upper_at(tokens, at + 1) == ".":
        at += 2
        path += tokens[at : at + 1]
    return path if all(token.is_name for token in path) else []


def _of_update(tokens: Sequence[Token], columns: Sequence[str]) -> Iterator[Token]:
    words = [token.upper for token in tokens]
    if "SET" not in words:
        return
    start = words.index("SET") + 1
    stop = next((at for at in range(start, len(words)) if words[at] in ("FROM", "WHERE")), len(words))
    for first, last in pieces(tokens, start, stop):
        if words[first + 1 : first + 2] == ["="] and f"*{tokens[first].name()}" in columns:
            yield from _literals(tokens[first + 2 : last])


def _of_insert(tokens: Sequence[Token], columns: Sequence[str]) -> Iterator[Token]:
    at = tokens.index(_path(tokens)[-1]) + 1
    listed = columns
    if upper_at(tokens, at) == "(" and upper_at(tokens, at + 1) not in ("SELECT", "WITH"):
        end = closing(tokens, at)
        listed = [
            f"*{name}" if f"*{name}" in columns else name for name in (each.name() for each in tokens[at + 1 : end : 2])
        ]
        at = end + 1
    for spans in _rows(tokens, at):
        for name, (start, stop) in zip(listed, spans, strict=False):
            if name.startswith("*"):
                yield from _literals(tokens[start:stop])


def _rows(tokens: Sequence[Token], at: int) -> Iterator[list[queries.Span]]:
    """Yield the expressions of each row of VALUES, or of each outermost SELECT."""
    if upper_at(tokens, at) == "VALUES":
        while upper_at(tokens, at + 1) == "(":
            end = closing(tokens, at + 1)
            yield list(pieces(tokens, at + 2, end))
            at = end + 1
        return
    while upper_at(tokens, at) == "(":  # around the query
        at += 1
    depth = depths(tokens)
    for block in queries.blocks(tokens):
        if block.start >= at and depth[block.start] == depth[at]:
            yield [(item.start, item.end) for item in block.items(tokens)]


def _literals(expression: Sequence[Token]) -> Iterator[Token]:
    while len(expression) > 2 and (expression[0].text, expression[-1].text) == ("(", ")"):  # noqa: PLR2004
        expression = expression[1:-1]
    if len(expression) == 1 and expression[0].kind is Kind.TEXT:
        yield expression[0]
