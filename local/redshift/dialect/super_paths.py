"""SUPER: `c.a.b[0]` walks into a value, and `FROM t, t.c.list x` makes a row of each of its elements.

A name's first part is a relation of the query or, failing that, a column; what follows the column is the path.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from local.redshift.dialect import queries, refusals
from local.redshift.dialect.queries import Block, Relation
from local.redshift.dialect.tokens import Edit, Kind, Token, apply, identifier, literal, tokenize, upper_at
from local.redshift.protocol.names import long

_ELEMENTS, _MEMBERS = "pg_internal.super_elements", "pg_internal.super_members"
_NO_COLUMN_AFTER = (".", "AS", "::", "COLLATE")


def rewritten(sql: str) -> str:
    """Return a statement in which paths are PostgreSQL's."""
    if "." not in sql and "[" not in sql and "UNPIVOT" not in sql.upper():
        return sql
    tokens = tokenize(sql)
    if refusals.is_of_catalog([token.upper for token in tokens]):
        return sql
    found = [*queries.blocks(tokens), *queries.changes(tokens)]
    return apply(sql, [edit for block in found for edit in _Paths(tokens, block, found).edits()])


@dataclass(frozen=True)
class _Scope:
    """What the names of a query may begin with."""

    relations: Sequence[Relation]

    def column_parts(self, steps: Sequence[Token]) -> int:
        """Return how many parts of a name lead to its column, the column included."""
        names = [step.name() for step in steps if step.is_name]
        for relation in self.relations:
            path = [part.name() for part in relation.path]
            if not relation.has_alias and len(path) > 1 and names[: len(path)] == path:
                return len(path) + 1
        return 2 if names[0] in {relation.name for relation in self.relations} and not self.is_element(names[0]) else 1

    def is_element(self, name: str) -> bool:
        """Return whether a name stands for the elements of a value."""
        return any(relation.name == name and self.is_unnested(relation) for relation in self.relations)

    def is_unnested(self, relation: Relation) -> bool:
        """Return whether an entry of FROM is a path into an entry before it."""
        before = {each.name for each in self.relations if each.start < relation.start}
        return len(relation.path) > 1 and relation.path[0].name() in before

    def value(self, tokens: Sequence[Token]) -> str:
        """Write a path; empty for a name without one."""
        steps = [token for token in tokens if token.text not in (".", "[", "]")]
        size = self.column_parts(steps)
        if len(steps) <= size:
            return ""
        column = ".".join(identifier(step.name()) for step in steps[:size])
        column = f"{column}.{column}" if self.is_element(steps[0].name()) else column
        return f"({column}{''.join(map(_step, steps[size:]))})"


class _Paths:
    """The edits of one SELECT or change, those inside it left out."""

    def __init__(self, tokens: Sequence[Token], block: Block, found: Sequence[Block]) -> None:
        self.tokens = tokens
        self.block = block
        around = [each for each in found if each.start <= block.start and block.stop <= each.stop]
        self.scope = _Scope([relation for each in around for relation in each.relations(tokens)])
        self.inner = {each.start: each.stop for each in found if block.start < each.start and each.stop <= block.stop}
        self.own = {relation.start: relation for relation in block.relations(tokens) if relation.path}
        items = block.items(tokens) if upper_at(tokens, block.start) == "SELECT" else []
        self.unnamed = {(item.start, item.end) for item in items if item.alias is None}

    def edits(self) -> Iterator[Edit]:
        at = self.block.start
        while self.scope.relations and at < self.block.stop:
            relation = self.own.get(at)
            if relation and self.scope.is_unnested(relation):
                yield self._unnest(relation)
            if relation or at in self.inner:
                at = relation.stop if relation else self.inner[at]
                continue
            end = self._path_end(at)
            if end > at + 1 and (value := self.scope.value(self.tokens[at:end])):
                yield Edit(self.tokens[at].start, self.tokens[end - 1].end, value + self._alias(at, end))
            at = max(end, at + 1)

    def _unnest(self, relation: Relation) -> Edit:
        tokens = self.tokens
        end = self._path_end(relation.start)
        before = _Scope([each for each in self.scope.relations if each.start < relation.start])
        value = before.value(tokens[relation.start : end]) or ".".join(part.text for part in relation.path)
        alias, stop, position = identifier(relation.name), relation.stop, "lakeport_at"
        if upper_at(tokens, stop) == "AT":
            position, stop = identifier(tokens[stop + 1].name()), stop + 2
        is_unpivot = upper_at(tokens, relation.start - 1) == "UNPIVOT"
        first = relation.start - is_unpivot
        text = f"LATERAL {_MEMBERS if is_unpivot else _ELEMENTS}({value}) AS {alias} ({alias}, {position})"
        return Edit(tokens[first].start, tokens[stop - 1].end, text)

    def _path_end(self, at: int) -> int:
        """Return where a name with its path ends; `at + 1` for a name alone, `at` for anything else."""
        tokens = self.tokens
        if not tokens[at].is_name or upper_at(tokens, at - 1) in _NO_COLUMN_AFTER:
            return at
        end = at + 1
        while end + 1 < len(tokens):
            if tokens[end].text == "." and tokens[end + 1].is_name:
                end += 2
            elif tokens[end].text == "[" and upper_at(tokens, end + 2) == "]":
                end += 3
            else:
                break
        return at if end < len(tokens) and tokens[end].text == "(" else end

    def _alias(self, at: int, end: int) -> str:
        """Name a column as Redshift does, after the last part of its path."""
        names = [token for token in self.tokens[at:end] if token.is_name]
        return f" AS {identifier(names[-1].name())}" if (at, end) in self.unnamed else ""


def _step(step: Token) -> str:
    if step.kind is Kind.NUMBER:
        return f"->{step.text}"
    return f"->{literal(step.string().lower() if step.kind is Kind.TEXT else long(step.name()))}"
