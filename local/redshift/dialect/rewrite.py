"""Reword Redshift's dialect for PostgreSQL, token by token."""

import itertools
import re
from collections.abc import Iterator, Sequence

from local.redshift.dialect import calls, casts, catalogs, databases, ddl, functions, isolation, listagg, roles
from local.redshift.dialect.refusals import is_of_catalog
from local.redshift.dialect.tokens import (
    Edit,
    Kind,
    Token,
    apply,
    argument_commas,
    closing,
    identifier,
    tokenize,
    upper_at,
)
from local.redshift.protocol.errors import SYNTAX_ERROR, Refused

_BARE_FUNCTIONS = ("SYSDATE", "CURRENT_NAMESPACE", "CURRENT_SESSION_ARN", "CURRENT_AWS_ACCOUNT", "CURRENT_USER_ID")
_OLD_NAMES = {"DATICULOCALE": "datlocale", "COLLICULOCALE": "colllocale"}
"""Columns of the catalog as psql 15 and 16 call them."""
_OF_NUMBERS = re.compile(r"(?i)e\d*$|[xob_]")
"""What follows the digits of a number that is not over: an exponent, or another base."""


def rewritten(sql: str, tokens: Sequence[Token]) -> str:
    listagg.check(tokens)
    is_catalog = is_of_catalog([token.upper for token in tokens])
    if not is_catalog and any(token.upper in calls.NAMES for token in tokens):
        sql = calls.rewritten(sql)
        tokens = tokenize(sql)
    edits = [
        *_names(tokens),
        *_separated(tokens),
        *_expressions(tokens),
        *isolation.edits(tokens),
        *_created(tokens),
        *_deleted(tokens),
    ]
    edits += [
        *ddl.edits(tokens),
        *databases.edits(tokens),
        *roles.edits(tokens),
        *catalogs.edits(tokens),
    ]
    edits += [*casts.edits(tokens), *functions.own(tokens)] if not is_catalog else ()
    return apply(sql, edits) if edits else sql


def _names(tokens: Sequence[Token]) -> Iterator[Edit]:
    """Fold quoted names to lower case, and quote the names of temporary tables that begin with #."""
    for token in tokens:
        is_temporary = token.kind is Kind.WORD and token.text.startswith("#")
        if is_temporary or (token.kind is Kind.QUOTED and token.text != token.text.lower()):
            yield Edit(token.start, token.end, identifier(token.name()))


def _separated(tokens: Sequence[Token]) -> Iterator[Edit]:
    """A number may touch the word after it, as in `4WHEN`, unless both are one number, such as 1e5."""
    for before, token in itertools.pairwise(tokens):
        is_close = before.kind is Kind.NUMBER and token.kind is Kind.WORD and before.end == token.start
        if is_close and not _OF_NUMBERS.match(token.text):
            yield Edit(token.start, token.start, " ")


def _expressions(tokens: Sequence[Token]) -> Iterator[Edit]:
    for at, token in enumerate(tokens):
        if token.upper in _OLD_NAMES:
            yield Edit(token.start, token.end, _OLD_NAMES[token.upper])
        if token.kind is not Kind.WORD or upper_at(tokens, at - 1) == ".":
            continue
        if upper_at(tokens, at + 1) == "(":
            yield from _decode(tokens, at) if token.upper == "DECODE" else functions.edits(tokens, at)
        elif token.upper in _BARE_FUNCTIONS:
            yield Edit(token.start, token.end, f"pg_catalog.{token.upper.lower()}()")
        elif token.upper == "MINUS":
            yield Edit(token.start, token.end, "EXCEPT")
        elif token.upper == "TOP" and upper_at(tokens, at - 1) in ("SELECT", "DISTINCT", "ALL"):
            yield from _top(tokens, at)
        elif token.upper == "APPROXIMATE" and upper_at(tokens, at + 1) in ("COUNT", "PERCENTILE_DISC"):
            yield Edit(token.start, token.end, "")


def _decode(tokens: Sequence[Token], at: int) -> Iterator[Edit]:
    """DECODE(e, s, r, ..., d) is a CASE in which NULL equals NULL; encode's counterpart of two arguments stays."""
    end = closing(tokens, at + 1)
    commas = argument_commas(tokens, at + 2, end)
    if len(commas) < 2:  # noqa: PLR2004 - an expression, a search and a result
        return
    tested = " ".join(token.text for token in tokens[at + 2 : commas[0]])
    tested = f" WHEN ({rewritten(tested, tokenize(tested))}) IS NOT DISTINCT FROM ("
    yield Edit(tokens[at].start, tokens[commas[0]].end, f"(CASE{tested}")
    places = [*commas[1:], end]
    for number, place in enumerate(places):
        is_result = number % 2 == 0
        rest = len(places) - number - 1
        text = ") THEN " if is_result else tested if rest > 1 else " ELSE "
        yield Edit(tokens[place].start, tokens[place].end, text if place != end else " END)")


def _top(tokens: Sequence[Token], at: int) -> Iterator[Edit]:
    """SELECT TOP n is LIMIT n at the end of that SELECT."""
    number = tokens[at + 1] if at + 1 < len(tokens) else tokens[at]
    if number.kind is not Kind.NUMBER:
        return
    depth, end = 0, at + 1
    for place in range(at + 2, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[place].text, 0)
        if depth < 0 or (depth == 0 and tokens[place].upper in ("UNION", "EXCEPT", "MINUS", "INTERSECT")):
            break
        if depth == 0 and tokens[place].upper == "LIMIT":
            raise Refused("SELECT TOP and LIMIT may not be used together", sqlstate=SYNTAX_ERROR)
        end = place
    yield Edit(tokens[at].start, number.end, "")
    yield Edit(tokens[end].end, tokens[end].end, f" LIMIT {number.text}")


def _deleted(tokens: Sequence[Token]) -> Iterator[Edit]:
    """DELETE may leave out FROM, ANALYZE choose columns, and REFRESH end in RESTRICT or CASCADE."""
    if upper_at(tokens, 0) == "ANALYZE" and upper_at(tokens, len(tokens) - 1) == "COLUMNS":
        yield Edit(tokens[-2].start, tokens[-1].end, "")  # which columns it reads
    if upper_at(tokens, 0) == "REFRESH" and upper_at(tokens, len(tokens) - 1) in ("RESTRICT", "CASCADE"):
        yield Edit(tokens[-1].start, tokens[-1].end, "")
    at = int(upper_at(tokens, 0) == "EXPLAIN")
    if upper_at(tokens, at) == "DELETE" and upper_at(tokens, at + 1) != "FROM":
        yield Edit(tokens[at].start, tokens[at].end, "DELETE FROM")


def _created(tokens: Sequence[Token]) -> Iterator[Edit]:
    """Drop what only Redshift has in CREATE SCHEMA and CREATE MATERIALIZED VIEW."""
    if upper_at(tokens, 0) != "CREATE":
        return
    words = [token.upper for token in tokens]
    if words[1:3] == ["MATERIALIZED", "VIEW"]:
        yield from ddl.materialized_view(tokens)
    if "SCHEMA" in words[:2] and "QUOTA" in words:
        yield Edit(tokens[words.index("QUOTA")].start, tokens[-1].end, "")
