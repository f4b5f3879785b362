"""Statements PostgreSQL takes and Redshift does not: refused, so that nothing passes here and fails there."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from local.redshift.dialect import casts, queries
from local.redshift.dialect.tokens import Kind, Token, closing, upper_at
from local.redshift.protocol.errors import OUT_OF_RANGE, STATEMENT_TOO_LARGE, SYNTAX_ERROR, Refused, StandInError

_STATEMENTS = (
    ("SAVEPOINT", "SAVEPOINT"),
    ("RELEASE", "RELEASE SAVEPOINT"),
    ("ROLLBACK TO", "ROLLBACK TO SAVEPOINT"),
    ("CREATE INDEX", "CREATE INDEX"),
    ("CREATE UNIQUE INDEX", "CREATE INDEX"),
    ("DROP INDEX", "DROP INDEX"),
    ("REINDEX", "REINDEX"),
    ("CLUSTER", "CLUSTER"),
    ("CREATE SEQUENCE", "CREATE SEQUENCE"),
    ("CREATE DOMAIN", "CREATE DOMAIN"),
    ("CREATE TYPE", "CREATE TYPE"),
    ("CREATE TRIGGER", "CREATE TRIGGER"),
    ("CREATE RULE", "CREATE RULE"),
    ("CREATE EXTENSION", "CREATE EXTENSION"),
    ("CREATE TABLESPACE", "CREATE TABLESPACE"),
    ("CREATE UNLOGGED", "UNLOGGED tables"),
    ("LISTEN", "LISTEN"),
    ("NOTIFY", "NOTIFY"),
    ("VALUES", "VALUES as a statement"),
    ("TABLE", "TABLE as a query"),
    ("DO", "DO"),
    ("ALTER VIEW", "ALTER VIEW"),
)
_NOT_HERE = frozenset(
    (
        *("DATASHARE", "MASKING POLICY", "RLS POLICY", "MODEL", "LIBRARY", "IDENTITY PROVIDER"),
        *("EXTERNAL SCHEMA", "EXTERNAL TABLE", "EXTERNAL FUNCTION", "EXTERNAL VIEW", "EXTERNAL MODEL"),
    )
)
"""What Redshift makes, changes, shows or grants, and the stand-in does not have."""
_ON_THEM = ("CREATE", "ALTER", "DROP", "SHOW", "DESC", "ATTACH", "DETACH")
_PHRASES = (
    ("ON CONFLICT", "INSERT ... ON CONFLICT"),
    ("RETURNING", "RETURNING"),
    ("DISTINCT ON", "SELECT DISTINCT ON"),
    ("INTERSECT ALL", "INTERSECT ALL"),
    ("EXCEPT ALL", "EXCEPT ALL"),
    ("MINUS ALL", "MINUS ALL"),
    ("ARRAY [", "the ARRAY constructor"),
    ("IS DISTINCT FROM", "IS DISTINCT FROM"),
    ("IS NOT DISTINCT FROM", "IS NOT DISTINCT FROM"),
    ("FROM ( VALUES", "VALUES as a table"),
    ("JOIN ( VALUES", "VALUES as a table"),
    ("USING ( VALUES", "VALUES as a table"),
    ("AS ( VALUES", "VALUES as a table"),
    ("( TABLE", "TABLE as a query"),
    ("UNION TABLE", "TABLE as a query"),
    ("UNION ALL TABLE", "TABLE as a query"),
    ("EXCEPT TABLE", "TABLE as a query"),
    ("INTERSECT TABLE", "TABLE as a query"),
    ("STRING_AGG (", "string_agg()"),
    ("ARRAY_AGG (", "array_agg()"),
    ("PG_SLEEP (", "pg_sleep()"),
    ("PG_ADVISORY_LOCK (", "pg_advisory_lock()"),
    ("PG_ADVISORY_XACT_LOCK (", "pg_advisory_xact_lock()"),
    ("PG_TRY_ADVISORY_LOCK (", "pg_try_advisory_lock()"),
    ("PG_TRY_ADVISORY_XACT_LOCK (", "pg_try_advisory_xact_lock()"),
    ("GEN_RANDOM_UUID (", "gen_random_uuid()"),
    ("SKIP LOCKED", "SKIP LOCKED"),
    ("[ ]", "arrays"),
    ("ROW (", "the ROW constructor"),
    ("FILTER ( WHERE", "FILTER of an aggregate"),
    ("TABLESAMPLE", "TABLESAMPLE"),
    ("LATERAL", "LATERAL"),
    ("NEXTVAL (", "nextval()"),
    ("CURRVAL (", "currval()"),
    ("SETVAL (", "setval()"),
    ("TO_TSVECTOR (", "full-text search"),
    ("TO_TSQUERY (", "full-text search"),
    ("@ @", "full-text search"),
    ("JSONB_BUILD_OBJECT (", "JSONB"),
    ("JSON_BUILD_OBJECT (", "json_build_object()"),
    ("ROW_TO_JSON (", "row_to_json()"),
    ("TO_JSON (", "to_json()"),
    ("JSONB_ARRAY_ELEMENTS (", "JSONB"),
    ("STRING_TO_ARRAY (", "string_to_array()"),
    ("UNNEST (", "unnest()"),
    ("REGEXP_MATCHES (", "regexp_matches()"),
    ("REGEXP_SPLIT_TO_TABLE (", "regexp_split_to_table()"),
    ("JSON_AGG (", "json_agg()"),
    ("JSONB_AGG (", "JSONB"),
    ("JSONB_BUILD_ARRAY (", "JSONB"),
    ("CLOCK_TIMESTAMP (", "clock_timestamp()"),
    ("STATEMENT_TIMESTAMP (", "statement_timestamp()"),
    ("MAKE_INTERVAL (", "make_interval()"),
    ("AS MATERIALIZED (", "WITH ... AS MATERIALIZED"),
    ("AS NOT MATERIALIZED (", "WITH ... AS NOT MATERIALIZED"),
    ("EXCLUDE CURRENT ROW", "EXCLUDE in a window frame"),
    ("ROWS ONLY", "FETCH FIRST ... ROWS ONLY"),
    ("ROW ONLY", "FETCH FIRST ROW ONLY"),
    ("- >", "the operator ->"),
    ("@ >", "the operator @>"),
    ("FOR UPDATE", "SELECT ... FOR UPDATE"),
    ("FOR SHARE", "SELECT ... FOR SHARE"),
)
_Phrases = Mapping[str, Sequence[tuple[list[str], str]]]


def _by_first_word(phrases: Sequence[tuple[str, str]]) -> _Phrases:
    parts = [(phrase.split(), name) for phrase, name in phrases]
    return {first: [each for each in parts if each[0][0] == first] for first in {words[0] for words, _ in parts}}


_BEGINNINGS, _PHRASES_BY_WORD = _by_first_word(_STATEMENTS), _by_first_word(_PHRASES)
_CATALOGS = ("PG_", "INFORMATION_SCHEMA", "SVV_")
_NO_RELATIONS = ("(", "LATERAL", "ONLY", "UNNEST", "GENERATE_SERIES", "GENERATE_SUBSCRIPTS")
"""What may follow FROM in a query of a tool that reads catalogs."""
_ON_THE_LEADER = frozenset(
    (
        *(
            "GENERATE_SERIES",
            "NOW",
            "AGE",
            "ISFINITE",
            "LOCALTIME",
            "CURRENT_TIME",
            "CURRENT_SCHEMA",
            "CURRENT_SCHEMAS",
        ),
        *("HAS_DATABASE_PRIVILEGE", "HAS_SCHEMA_PRIVILEGE", "HAS_TABLE_PRIVILEGE", "GET_BYTE", "SET_BIT", "SET_BYTE"),
        "FACTORIAL",
    )
)
"""Functions that run on the leader node only (Leader node-only functions)."""
_CALLS_WITH_FROM = (["EXTRACT"], ["TRIM"], ["SUBSTRING"], ["OVERLAY"])
_BEFORE_NAMES = frozenset(
    (
        *(".", "INTO", "TABLE", "EXISTS", "VIEW", "FUNCTION", "WITH", "RECURSIVE", "REFERENCES", "ON"),
        *("FROM", "JOIN", "UPDATE", "COPY"),
    )
)
"""A name after one of these is not a function's, although a parenthesis may follow it."""
_NEED_FRAMES = frozenset(
    (
        *("AVG", "COUNT", "MAX", "MIN", "SUM", "FIRST_VALUE", "LAST_VALUE", "NTH_VALUE", "STDDEV", "STDDEV_SAMP"),
        *("STDDEV_POP", "VARIANCE", "VAR_SAMP", "VAR_POP"),
    )
)
LARGEST_STATEMENT_BYTES = 16 << 20
_MOST_DIGITS = 38
_OTHER_FRAMES, _FRAME_STARTS = ("RANGE", "GROUPS"), ("BETWEEN", "UNBOUNDED", "CURRENT")
_LOCK_MODE = ("ACCESS", "EXCLUSIVE")


def check_size(sql: str) -> None:
    if len(sql) > LARGEST_STATEMENT_BYTES // 4 and (size := len(sql.encode())) > LARGEST_STATEMENT_BYTES:
        raise StandInError(
            f"Statement is too large. Statement Size: {size} bytes. Maximum Allowed: {LARGEST_STATEMENT_BYTES} bytes",
            sqlstate=STATEMENT_TOO_LARGE,
        )


def check(tokens: Sequence[Token]) -> None:
    """Raise Refused for the first thing in a statement that Redshift does not have."""
    words = [token.upper for token in tokens]
    for parts, name in _BEGINNINGS.get(words[0], ()) if words else ():
        if words[: len(parts)] == parts:
            raise _not_there(name)
    _check_here(words)
    if is_of_catalog(words):
        return
    if any(token.kind is Kind.NUMBER and len(token.text.replace(".", "")) > _MOST_DIGITS for token in tokens):
        raise Refused(f"Numeric data overflow: a number has at most {_MOST_DIGITS} digits", sqlstate=OUT_OF_RANGE)
    _check_phrases(words)
    present = set(words)
    if words[:1] == ["LOCK"]:
        _check_lock(tokens)
    if words[:1] == ["INSERT"] and "VALUES" in present:
        _check_values(tokens, words.index("VALUES"))
    if "IS" in present:
        _check_is(tokens)
    if present & {"::", "CAST"}:
        casts.check(tokens)
    if present & _ON_THE_LEADER:
        _check_leader(words)
    if {"OVER", "ORDER"} <= present:
        _check_frames(tokens)
    if present & {"WINDOW", "FORMAT", "TABLE"}:
        _check_queries(tokens, words)


def _check_here(words: Sequence[str]) -> None:
    """Refuse data shares, policies, models and others."""
    if words[:1] and words[0] in _ON_THEM:
        at = 3 if words[1:3] == ["OR", "REPLACE"] else 1
        for name in (" ".join(words[at : at + 1]), " ".join(words[at : at + 2])):
            if name in _NOT_HERE:
                raise Refused(f"{words[0]} {name} is not supported by this stand-in")
    is_function = "FUNCTION" in words[1:4] and words[:1] == ["CREATE"]
    if is_function and "PLPYTHONU" in words:
        raise Refused("Functions in Python are not supported by this stand-in: use LANGUAGE SQL")
    if words[:1] in (["GRANT"], ["REVOKE"]) and ("DATASHARE" in words or "RLS" in words or "MASKING" in words):
        raise Refused(f"{words[0]} on data shares and policies is not supported by this stand-in")


def is_of_catalog(words: Sequence[str]) -> bool:
    """Return whether a query reads system catalogs alone: those come from tools, which may use all PostgreSQL has."""
    after = [
        word
        for at, word in enumerate(words[1:])
        if words[at] in ("FROM", "JOIN") and words[at - 1 : at] != ["DISTINCT"]
    ]
    named = [word for word in after if word not in _NO_RELATIONS]
    is_query = words[:1] in (["SELECT"], ["WITH"])
    return is_query and bool(named) and all(word.startswith(_CATALOGS) for word in named)


def _check_phrases(words: Sequence[str]) -> None:
    """Refuse a phrase; a word after a dot or before one is a name."""
    for at, word in enumerate(words):
        for parts, name in _PHRASES_BY_WORD.get(word, ()):
            end = at + len(parts)
            if words[at:end] == parts and words[at - 1 : at] != ["."] and words[end : end + 1] != ["."]:
                raise _not_there(name)


def _check_lock(tokens: Sequence[Token]) -> None:
    """LOCK has one mode, ACCESS EXCLUSIVE, and no NOWAIT."""
    words = [token.upper for token in tokens]
    if "NOWAIT" in words:
        raise _not_there("LOCK ... NOWAIT")
    if "IN" in words and tuple(words[words.index("IN") + 1 :][:2]) != _LOCK_MODE:
        raise _not_there(f"LOCK ... IN {upper_at(tokens, words.index('IN') + 1)} ... MODE")


def _check_leader(words: Sequence[str]) -> None:
    """A query that calls one of these reads no user's table, and generate_series() fills none either."""
    called = {word for word, after in itertools.pairwise(words) if word in _ON_THE_LEADER and after == "("}
    called |= {"LOCALTIME", "CURRENT_TIME"} & set(words)
    named = {
        word
        for before, word, *after in zip(("", *words), words, words[1:], words[2:], strict=False)
        if before in ("WITH", "RECURSIVE") or after == ["AS", "("]
    }
    is_read = any(not word.startswith(_CATALOGS) for word in set(_read_after(words)) - named)
    if called and (is_read or ("GENERATE_SERIES" in called and words[0] in ("INSERT", "CREATE", "UPDATE", "DELETE"))):
        raise Refused("Specified types or functions (one per INFO message) not supported on Redshift tables.")


def _read_after(words: Sequence[str]) -> Iterator[str]:
    """Yield the first words of what a statement reads; the FROM of EXTRACT and its like reads nothing."""
    calls = list[str]()
    for before, word, after in zip(("", *words), words, words[1:], strict=False):
        if word == "(":
            calls.append(before)
        elif word == ")":
            del calls[-1:]
        elif word in ("FROM", "JOIN") and after not in ("GENERATE_SERIES", "(") and calls[-1:] not in _CALLS_WITH_FROM:
            yield after


def _check_frames(tokens: Sequence[Token]) -> None:
    """An aggregate over a window with an order has a frame, of ROWS (Window function syntax summary)."""
    for at in range(len(tokens) - 1):
        if tokens[at].upper != "OVER" or upper_at(tokens, at + 1) != "(":
            continue
        window = [token.upper for token in tokens[at + 2 : closing(tokens, at + 1)]]
        for word, after in itertools.pairwise(window):
            if word in _OTHER_FRAMES and after in _FRAME_STARTS:
                raise _not_there(f"{word} in a window frame")
        name = _called_before(tokens, at)
        if name in _NEED_FRAMES and "ORDER" in window and "ROWS" not in window:
            raise Refused("Aggregate window functions with an ORDER BY clause require a frame clause")


def _check_queries(tokens: Sequence[Token], words: Sequence[str]) -> None:
    """Refuse what only PostgreSQL's queries have, by words that also are names or begin other clauses."""
    _check_window(words)
    _check_format(tokens)
    if words[0] in ("CREATE", "INSERT"):
        _check_table(words)


def _check_window(words: Sequence[str]) -> None:
    """A window has no name: each OVER holds its own (Window function syntax summary)."""
    for at, word in enumerate(words):
        if word == "WINDOW" and words[at - 1 : at] != ["."] and words[at + 2 : at + 4] == ["AS", "("]:
            raise _not_there("the WINDOW clause")


def _check_format(tokens: Sequence[Token]) -> None:
    """Refuse calls of format(); a table or a query of a WITH clause may have the name."""
    for at in range(1, len(tokens) - 1):
        if tokens[at].upper != "FORMAT" or tokens[at + 1].text != "(" or tokens[at - 1].upper in _BEFORE_NAMES:
            continue
        if upper_at(tokens, closing(tokens, at + 1) + 1) != "AS" or tokens[0].upper != "WITH":
            raise _not_there("format()")


def _check_table(words: Sequence[str]) -> None:
    """Refuse CREATE TABLE a AS TABLE b and INSERT INTO a TABLE b; as an alias, TABLE follows a SELECT."""
    before = words[: next((at for at, word in enumerate(words) if word in ("SELECT", "VALUES")), len(words))]
    is_made = words[0] == "CREATE" and ("AS", "TABLE") in itertools.pairwise(before)
    if is_made or (words[0] == "INSERT" and "TABLE" in before):
        raise _not_there("TABLE as a query")


def _called_before(tokens: Sequence[Token], at: int) -> str:
    """Return the name of the function whose call ends before a token."""
    depth = 0
    for place in range(at - 1, 0, -1):
        depth += {")": 1, "(": -1}.get(tokens[place].text, 0)
        if depth == 0 and tokens[place].text == "(":
            return upper_at(tokens, place - 1)
    return ""


def _check_values(tokens: Sequence[Token], values: int) -> None:
    """The rows of INSERT ... VALUES hold no subqueries; an INSERT ... SELECT has no rows, whatever its names."""
    words = [token.upper for token in tokens]
    is_of_rows = not {"SELECT", "WITH"} & set(words[:values])
    if is_of_rows and any(pair == ("(", "SELECT") for pair in itertools.pairwise(words[values:])):
        raise Refused("A subquery in the VALUES of an INSERT is not supported by Amazon Redshift")


def check_truncate(tokens: Sequence[Token]) -> None:
    """TRUNCATE takes one table and nothing more."""
    words = [token.upper for token in tokens]
    at = 1 + (words[1:2] == ["TABLE"])
    while words[at + 1 : at + 2] == ["."]:
        at += 2
    if len(words) > at + 1:
        raise Refused(f'syntax error at or near "{tokens[at + 1].text}"', sqlstate=SYNTAX_ERROR)


def _check_is(tokens: Sequence[Token]) -> None:
    """IS TRUE and similar tests are allowed in conditions, not in a SELECT list."""
    for block in queries.blocks(tokens):
        start, stop = block.select_list(tokens)
        for at in range(start, stop):
            rest = at + 1 + (upper_at(tokens, at + 1) == "NOT")
            if upper_at(tokens, at) == "IS" and upper_at(tokens, rest) in ("TRUE", "FALSE", "UNKNOWN"):
                raise Refused("Not implemented: IS TRUE in a select list")


def _not_there(name: str) -> Refused:
    return Refused(f"{name} is not supported by Amazon Redshift")
