"""MERGE as Redshift takes it: its restrictions, and REMOVE DUPLICATES, which PostgreSQL lacks."""

from collections.abc import Sequence

from local.redshift.dialect.tokens import Token, upper_at
from local.redshift.protocol.errors import SYNTAX_ERROR, Refused

_SOURCE = "Source view/subquery in Merge statement cannot reference target table."

_NO_EQUALITY = ("<", ">", "<=", ">=", "<>", "!=", "OR", "LIKE", "ILIKE", "BETWEEN", "IN", "IS", "SIMILAR")


def check(tokens: Sequence[Token]) -> None:
    """Raise Refused for a MERGE that PostgreSQL would run and Redshift would not."""
    words = [token.upper for token in tokens]
    if words[:1] == ["WITH"] and "MERGE" in words and "INTO" in words[words.index("MERGE") + 1 :][:1]:
        raise Refused("WITH clause is not supported in MERGE by Amazon Redshift")
    if words[:2] != ["MERGE", "INTO"]:
        return
    target, using = _target(tokens)
    if "ON" not in words[using:]:
        raise _syntax(tokens[-1])
    source = tokens[using + 1 : words.index("ON", using)]
    if _reads(source, target):
        raise Refused(_SOURCE)
    _check_condition(tokens, words.index("ON", using) + 1)
    if words[-2:] == ["REMOVE", "DUPLICATES"]:
        return
    whens = [at for at, word in enumerate(words) if word == "WHEN" and words[at + 1 : at + 2] in (["MATCHED"], ["NOT"])]
    shapes = [words[at + 1 : at + 4] for at in whens]
    if len(whens) != 2 or shapes[0][:2] != ["MATCHED", "THEN"] or shapes[1] != ["NOT", "MATCHED", "THEN"]:  # noqa: PLR2004
        raise Refused(
            "MERGE needs WHEN MATCHED THEN and WHEN NOT MATCHED THEN, once each, in this order and without conditions",
            sqlstate=SYNTAX_ERROR,
        )
    if "NOTHING" in words:
        raise Refused("MERGE ... DO NOTHING is not supported by Amazon Redshift")


def _check_condition(tokens: Sequence[Token], start: int) -> None:
    for token in tokens[start:]:
        if token.upper in ("WHEN", "REMOVE"):
            return
        if token.upper in _NO_EQUALITY:
            raise Refused(f"MERGE ... ON takes equality predicates in Amazon Redshift, not {token.text}")


def _target(tokens: Sequence[Token]) -> tuple[str, int]:
    """Return the target's name and where USING stands."""
    at = 2
    while upper_at(tokens, at + 1) == ".":
        at += 2
    if upper_at(tokens, at + 1) != "USING":
        raise _syntax(tokens[min(at + 1, len(tokens) - 1)])  # the target takes no alias
    return tokens[at].name(), at + 1


def _reads(source: Sequence[Token], table: str) -> bool:
    """Return whether a table is among those a source reads: it is at the start, or after FROM or JOIN."""
    for at, token in enumerate(source):
        first = at - 2 if upper_at(source, at - 1) == "." else at
        if token.is_name and token.name() == table and (first == 0 or upper_at(source, first - 1) in ("FROM", "JOIN")):
            return True
    return False


def _syntax(token: Token) -> Refused:
    return Refused(f'syntax error at or near "{token.text}"', sqlstate=SYNTAX_ERROR)


def without_duplicates(sql: str, tokens: Sequence[Token]) -> str | None:
    """Return what carries out MERGE ... REMOVE DUPLICATES, None for any other statement."""
    words = [token.upper for token in tokens]
    if words[:2] != ["MERGE", "INTO"] or words[-2:] != ["REMOVE", "DUPLICATES"]:
        return None
    _, using = _target(tokens)
    on = words.index("ON", using)
    target = sql[tokens[2].start : tokens[using].start].strip()
    source = sql[tokens[using + 1].start : tokens[on].start]
    condition = sql[tokens[on + 1].start : tokens[-2].start]
    return (
        f"WITH lakeport_gone AS (DELETE FROM {target} USING {source} WHERE {condition})"  # noqa: S608 - the client's own
        f" INSERT INTO {target} SELECT * FROM {source} WHERE pg_internal.matches_once((SELECT max(matches) FROM"
        f" (SELECT count(*) AS matches FROM {target} JOIN {source} ON {condition} GROUP BY {target}.ctid) matched))"
        f" UNION ALL SELECT * FROM {target} WHERE false"  # so both must have the same columns
    )
