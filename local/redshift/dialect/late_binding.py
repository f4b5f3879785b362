"""Views WITH NO SCHEMA BINDING: a statement that reads one gets its query in the view's place.

So the tables below may be missing, dropped and made again.  The engine keeps the query beside a view without columns.
"""

from collections.abc import Sequence

from local.redshift.dialect import queries
from local.redshift.dialect.queries import Relation
from local.redshift.dialect.tokens import Edit, Token, apply, identifier, literal, tokenize, upper_at
from local.redshift.protocol.errors import SYNTAX_ERROR, Refused

NAMES: set[str] = set()
"""The names of all such views of this server, in any schema: only statements with one of these words are looked at."""
ALL_NAMES = "SELECT relname FROM pg_internal.late_binding_views v JOIN pg_class c ON c.oid = v.view"
_BINDING = ["WITH", "NO", "SCHEMA", "BINDING"]


def is_creation(tokens: Sequence[Token]) -> bool:
    words = [token.upper for token in tokens]
    return words[:1] == ["CREATE"] and "VIEW" in words[:4] and words[-4:] == _BINDING


def creation(sql: str, tokens: Sequence[Token]) -> tuple[str, str, str]:
    """Return the view's name, its query, and OR REPLACE or nothing."""
    words = [token.upper for token in tokens]
    at = words.index("VIEW") + 1
    path = [tokens[at].name()]
    while upper_at(tokens, at + 1) == ".":
        at += 2
        path.append(tokens[at].name())
    begin = words.index("AS", at)
    query = sql[tokens[begin + 1].start : tokens[-4].start].strip()
    if begin > at + 1:
        columns = sql[tokens[at + 1].start : tokens[begin - 1].end]
        query = f"SELECT * FROM ({query}) {identifier(path[-1])} {columns}"  # noqa: S608
    _check(query)
    NAMES.add(path[-1])
    return ".".join(identifier(part) for part in path), query, "OR REPLACE" if words[1] == "OR" else ""


def call(name: str, source: str, query: str, replace: str) -> str:
    """Return the call that makes one."""
    arguments = ", ".join((literal(name), literal(source), literal(query), str(bool(replace)).lower()))
    return f"SELECT pg_internal.create_late_binding_view({arguments})"


def _check(query: str) -> None:
    tokens = tokenize(query)
    known = {
        tokens[at - 1].name()
        for at, token in enumerate(tokens)
        if token.upper == "AS" and upper_at(tokens, at + 1) == "("
    }
    for relation in _relations(tokens):
        if len(relation.path) == 1 and relation.path[0].name() not in known:
            raise Refused(
                "All the relation names inside should be qualified with a schema when creating views with no schema"
                " binding",
                sqlstate=SYNTAX_ERROR,
            )


def _relations(tokens: Sequence[Token]) -> list[Relation]:
    return [relation for block in queries.blocks(tokens) for relation in block.relations(tokens) if relation.path]


def used(tokens: Sequence[Token]) -> list[Relation]:
    """Return the entries of FROM clauses that may be such views."""
    return [relation for relation in _relations(tokens) if relation.path[-1].name() in NAMES]


def lookup(relations: Sequence[Relation]) -> str:
    """Return the query for their queries: one row, NULL for any other relation."""
    paths = (".".join(identifier(part.name()) for part in relation.path) for relation in relations)
    return "SELECT " + ", ".join(f"pg_internal.late_bound({literal(path)})" for path in paths)


def substituted(sql: str, tokens: Sequence[Token], relations: Sequence[Relation], found: Sequence[str | None]) -> str:
    edits = []
    for relation, query in zip(relations, found, strict=True):
        if query is not None:
            last = relation.path[-1]
            alias = "" if relation.has_alias else f" {identifier(last.name())}"
            edits.append(Edit(tokens[relation.start].start, last.end, f"({query}){alias}"))
    return apply(sql, edits)
