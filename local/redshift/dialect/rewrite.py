"""Reword Redshift's dialect for PostgreSQL, token by token."""

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from local.redshift.dialect import (
    calls,
    casts,
    column_types,
    databases,
    ddl,
    isolation,
    keys,
    parameters,
    roles,
    storage,
)
from local.redshift.dialect.refusals import is_of_catalog
from local.redshift.dialect.tokens import Edit, Kind, Token, apply, closing, identifier, literal, tokenize, upper_at
from local.redshift.protocol.errors import SYNTAX_ERROR, Refused

_RENAMED = {
    "NVL": "COALESCE",
    "ISNULL": "COALESCE",
    "MINUS": "EXCEPT",
    "VERSION": "pg_internal.version",
    "JSON_SERIALIZE": "pg_internal.json_serialize",  # PostgreSQL's own has another grammar
    "GROUPING_ID": "GROUPING",
}
_OWN = {
    name: f"pg_internal.{name.lower()}"
    for name in (
        *("STDDEV", "STDDEV_SAMP", "STDDEV_POP", "VARIANCE", "VAR_SAMP", "VAR_POP", "CBRT", "SIGN"),
        *("SUM", "MEDIAN", "CONCAT", "SPLIT_PART", "CRC32", "TO_DATE", "TO_TIMESTAMP"),
        *("REGEXP_REPLACE", "REGEXP_SUBSTR", "REGEXP_COUNT", "REGEXP_INSTR"),
        *("SQRT", "EXP", "LN", "LOG", "POWER"),
        *("UPPER", "LOWER", "INITCAP", "QUOTE_LITERAL", "BPCHARCMP", "BTTEXT_PATTERN_CMP"),
    )
} | {"DATE_PART": "pg_internal.pgdate_part", "PGDATE_PART": "pg_internal.pgdate_part", "POW": "pg_internal.power"}
"""Functions of PostgreSQL that do something else; those who read catalogs alone get PostgreSQL's."""
_ADDED_COLUMNS = {
    "PG_CLASS": {"RELDISTSTYLE", "RELEFFECTIVEDISTSTYLE", "RELCREATIONTIME"},
    "PG_ATTRDEF": {"ADSRC"},
    "PG_CONSTRAINT": {"PG_CONSTRAINT"},
    "PG_ATTRIBUTE": {"ATTENCODINGTYPE", "ATTISDISTKEY", "ATTSORTKEYORD"},
}
_ASKS_KEYS = {"PG_INDEX", "INDISPRIMARY", "KEY_SEQ", "PK_NAME"}
"""What drivers write who ask for primary keys: JDBC's names of the columns."""
_KEY_CATALOGS = {"PG_CLASS": "key_class", "PG_INDEX": "key_index", "PG_ATTRIBUTE": "key_attribute"}
_EXPRESSION = (0, 1, 3, 4, 5, 7, 8, 9)
_DEFAULT = ("PG_GET_EXPR", "(", ".", "ADBIN", ",", ".", "ADRELID", ")")
_KEY_VIEWS = ("TABLE_CONSTRAINTS", "KEY_COLUMN_USAGE", "REFERENTIAL_CONSTRAINTS", "CONSTRAINT_COLUMN_USAGE")
_CATALOG_FUNCTIONS = ("PG_GET_CONSTRAINTDEF", "PG_GET_VIEWDEF", "FORMAT_TYPE")
_BARE_FUNCTIONS = ("SYSDATE", "CURRENT_NAMESPACE", "CURRENT_SESSION_ARN", "CURRENT_AWS_ACCOUNT", "CURRENT_USER_ID")
_OLD_NAMES = {"DATICULOCALE": "datlocale", "COLLICULOCALE": "colllocale"}
"""Columns of the catalog as psql 15 and 16 call them."""
_DATE_FUNCTIONS = {
    **dict.fromkeys(("DATEADD", "DATE_ADD"), "pg_internal.date_add"),
    **dict.fromkeys(("DATEDIFF", "DATE_DIFF"), "pg_internal.date_diff"),
}
"""A column without an alias is called date_add or date_diff."""
_JSON_READERS = {
    "JSON_EXTRACT_PATH_TEXT": "pg_internal.json_extract_path_text",
    "JSON_EXTRACT_ARRAY_ELEMENT_TEXT": "pg_internal.json_extract_array_element_text",
}
MOST_JSON_LEVELS = 5
_OF_NUMBERS = re.compile(r"(?i)e\d*$|[xob_]")
"""What follows the digits of a number that is not over: an exponent, or another base."""


def rewritten(sql: str, tokens: Sequence[Token]) -> str:
    _check_listagg(tokens)
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
        *_added_columns(tokens),
        *_defaults(tokens),
        *_catalog_names(tokens),
    ]
    edits += [*casts.edits(tokens), *_own_functions(tokens)] if not is_catalog else ()
    return apply(sql, edits) if edits else sql


def _added_columns(tokens: Sequence[Token]) -> Iterator[Edit]:
    """A statement that names a column Redshift has added to a catalog reads a view with it instead."""
    words = {token.upper for token in tokens}
    if words >= _ASKS_KEYS:
        places = ((at, token) for at, token in enumerate(tokens) if token.upper in _KEY_CATALOGS)
        for at, token in places:
            start = tokens[at - 2].start if upper_at(tokens, at - 1) == "." else token.start
            yield Edit(start, token.end, f"pg_internal.{_KEY_CATALOGS[token.upper]}")
        return
    for catalog, columns in _ADDED_COLUMNS.items():
        if not columns & words or catalog not in words:
            continue
        for at, token in enumerate(tokens):
            if token.upper == catalog:
                is_qualified = upper_at(tokens, at - 1) == "." and upper_at(tokens, at - 2) == "PG_CATALOG"
                start = tokens[at - 2].start if is_qualified else token.start
                yield Edit(start, token.end, f"pg_internal.{catalog.lower()}")


def _defaults(tokens: Sequence[Token]) -> Iterator[Edit]:
    """`pg_get_expr(d.adbin, d.adrelid)` has the IDENTITY of a column too, which PostgreSQL keeps elsewhere."""
    starts = [at for at, token in enumerate(tokens) if token.upper == "PG_GET_EXPR"]
    places = [at for at in starts if tuple(upper_at(tokens, at + step) for step in _EXPRESSION) == _DEFAULT]
    for at in places:
        start = tokens[at - 2].start if upper_at(tokens, at - 1) == "." else tokens[at].start
        yield Edit(start, tokens[at + 9].end, f"{tokens[at + 2].text}.adsrc")
    for at, token in enumerate(tokens):
        if places and token.upper == "PG_ATTRDEF":
            start = tokens[at - 2].start if upper_at(tokens, at - 1) == "." else token.start
            yield Edit(start, token.end, "pg_internal.pg_attrdef")


def _catalog_names(tokens: Sequence[Token]) -> Iterator[Edit]:
    """The catalogs of keys show those that are only noted, and types have Redshift's names."""
    for at, token in enumerate(tokens):
        if token.upper in _CATALOG_FUNCTIONS and upper_at(tokens, at + 1) == "(":
            start = tokens[at - 2].start if upper_at(tokens, at - 1) == "." else token.start
            yield Edit(start, token.end, f"pg_internal.{token.upper.lower()}")
        elif token.upper in _KEY_VIEWS and upper_at(tokens, at - 2) == "INFORMATION_SCHEMA":
            yield Edit(tokens[at - 2].start, token.end, f"pg_internal.{token.upper.lower()}")


def _own_functions(tokens: Sequence[Token]) -> Iterator[Edit]:
    for at, token in enumerate(tokens):
        is_call = token.kind is Kind.WORD and upper_at(tokens, at + 1) == "(" and upper_at(tokens, at - 1) != "."
        if token.upper in _OWN and is_call:
            yield Edit(token.start, token.end, _OWN[token.upper])


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
            yield from _called(tokens, at)
        elif token.upper in _BARE_FUNCTIONS:
            yield Edit(token.start, token.end, f"pg_catalog.{token.upper.lower()}()")
        elif token.upper == "MINUS":
            yield Edit(token.start, token.end, _RENAMED["MINUS"])
        elif token.upper == "TOP" and upper_at(tokens, at - 1) in ("SELECT", "DISTINCT", "ALL"):
            yield from _top(tokens, at)
        elif token.upper == "APPROXIMATE" and upper_at(tokens, at + 1) in ("COUNT", "PERCENTILE_DISC"):
            yield Edit(token.start, token.end, "")


def _called(tokens: Sequence[Token], at: int) -> Iterator[Edit]:
    token = tokens[at]
    if (token.upper == "ARRAY" and upper_at(tokens, at + 2) != "SELECT") or token.upper == "OBJECT":
        yield Edit(token.start, token.end, f"pg_internal.{token.upper.lower()}")
        yield from _members(tokens, at)
    elif token.upper in _RENAMED:
        yield Edit(token.start, token.end, _RENAMED[token.upper])
    elif token.upper in (*_DATE_FUNCTIONS, "DATE_PART") and at + 2 < len(tokens):
        yield from _date_part(token, tokens[at + 2])
    elif token.upper in _CALLS:
        yield from _CALLS[token.upper](tokens, at)


def _members(tokens: Sequence[Token], at: int) -> Iterator[Edit]:
    """Turn each element of an ARRAY, and each value of an OBJECT, into a SUPER."""
    end = closing(tokens, at + 1)
    starts = [at + 2, *(comma + 1 for comma in _commas(tokens, at + 2, end))]
    stops = [*(start - 1 for start in starts[1:]), end]
    for number, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        if start < stop and (number % 2 == 1 or tokens[at].upper == "ARRAY"):
            yield Edit(tokens[start].start, tokens[start].start, "pg_internal.member(")
            yield Edit(tokens[stop - 1].end, tokens[stop - 1].end, ")")


def _deleted(tokens: Sequence[Token]) -> Iterator[Edit]:
    """DELETE may leave out FROM, ANALYZE choose columns, and REFRESH end in RESTRICT or CASCADE."""
    if upper_at(tokens, 0) == "ANALYZE" and upper_at(tokens, len(tokens) - 1) == "COLUMNS":
        yield Edit(tokens[-2].start, tokens[-1].end, "")  # which columns it reads
    if upper_at(tokens, 0) == "REFRESH" and upper_at(tokens, len(tokens) - 1) in ("RESTRICT", "CASCADE"):
        yield Edit(tokens[-1].start, tokens[-1].end, "")
    at = int(upper_at(tokens, 0) == "EXPLAIN")
    if upper_at(tokens, at) == "DELETE" and upper_at(tokens, at + 1) != "FROM":
        yield Edit(tokens[at].start, tokens[at].end, "DELETE FROM")


def _date_part(function: Token, part: Token) -> Iterator[Edit]:
    if function.upper in _DATE_FUNCTIONS:
        yield Edit(function.start, function.end, _DATE_FUNCTIONS[function.upper])
    if part.kind is Kind.WORD:
        yield Edit(part.start, part.end, literal(part.text.lower()))


def _listagg(tokens: Sequence[Token], at: int) -> Iterator[Edit]:
    """LISTAGG(x, d) WITHIN GROUP (ORDER BY y) is an aggregate that is given (x, d ORDER BY y).

    As a window function it takes its order, and all its rows, from the window.
    """
    end = closing(tokens, at + 1)
    is_distinct = upper_at(tokens, at + 2) == "DISTINCT" and upper_at(tokens, end + 1) in ("WITHIN", "OVER")
    yield Edit(tokens[at].start, tokens[at].end, f"pg_internal.listagg{'_distinct' if is_distinct else ''}")
    if is_distinct:
        yield Edit(tokens[at + 2].start, tokens[at + 2].end, "")
    if not _commas(tokens, at + 2, end):
        yield Edit(tokens[end - 1].end, tokens[end - 1].end, ", ''")
    if [upper_at(tokens, end + offset) for offset in (1, 2, 3)] != ["WITHIN", "GROUP", "("]:
        return
    group_end = closing(tokens, end + 3)
    if [upper_at(tokens, group_end + offset) for offset in (1, 2)] != ["OVER", "("]:
        yield Edit(tokens[end].start, tokens[end + 3].end, " ")
        return
    order = " ".join(token.text for token in tokens[end + 4 : group_end])
    window_end = tokens[closing(tokens, group_end + 2)].start
    yield Edit(tokens[end + 1].start, tokens[group_end].end, "")
    yield Edit(window_end, window_end, f" {order} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING")


def _json_text(tokens: Sequence[Token], at: int) -> Iterator[Edit]:
    """Move the last argument, whether invalid JSON is NULL, to the front: the path's parts follow it."""
    end = closing(tokens, at + 1)
    commas = _commas(tokens, at + 2, end)
    has_flag = upper_at(tokens, end - 1) in ("TRUE", "FALSE") and commas[-1:] == [end - 2]
    if len(commas) - has_flag > MOST_JSON_LEVELS:
        raise Refused(f"JSON_EXTRACT_PATH_TEXT takes at most {MOST_JSON_LEVELS} levels", sqlstate=SYNTAX_ERROR)
    flag = tokens[end - 1].text if has_flag else "false"
    yield Edit(tokens[at].start, tokens[at + 1].end, f"{_JSON_READERS[tokens[at].upper]}({flag}, ")
    if has_flag:
        yield Edit(tokens[end - 2].start, tokens[end - 1].end, "")


def _setting(tokens: Sequence[Token], at: int) -> Iterator[Edit]:
    """CURRENT_SETTING and SET_CONFIG know the settings that only Redshift has."""
    name = tokens[at + 2]
    if name.kind is Kind.TEXT and name.string().lower() in parameters.DEFAULTS:
        yield Edit(name.start, name.end, literal(f"{parameters.PREFIX}.{name.string().lower()}"))


def _check_listagg(tokens: Sequence[Token]) -> None:
    """LISTAGG runs on compute nodes, which have no query without a user's table."""
    words = [token.upper for token in tokens]
    if "LISTAGG" in words and ("FROM" not in words or is_of_catalog(words)):
        raise Refused(
            "One or more of the used functions must be applied on at least one user created tables."
            " Examples of user table only functions are LISTAGG, MEDIAN, PERCENTILE_CONT, etc"
        )


def _nvl2(tokens: Sequence[Token], at: int) -> Iterator[Edit]:
    """NVL2(x, a, b) is CASE WHEN (x) IS NOT NULL THEN a ELSE b END."""
    end = closing(tokens, at + 1)
    commas = _commas(tokens, at + 2, end)
    if len(commas) == 2:  # noqa: PLR2004 - NVL2 takes three arguments
        yield Edit(tokens[at].start, tokens[at + 1].end, "(CASE WHEN (")
        for place, text in zip((*commas, end), (") IS NOT NULL THEN ", " ELSE ", " END)"), strict=True):
            yield Edit(tokens[place].start, tokens[place].end, text)


def _decode(tokens: Sequence[Token], at: int) -> Iterator[Edit]:
    """DECODE(e, s, r, ..., d) is a CASE in which NULL equals NULL; encode's counterpart of two arguments stays."""
    end = closing(tokens, at + 1)
    commas = _commas(tokens, at + 2, end)
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


def _commas(tokens: Sequence[Token], start: int, end: int) -> list[int]:
    """Return the commas between the arguments of a call."""
    commas, depth = [], 0
    for at in range(start, end):
        depth += {"(": 1, ")": -1}.get(tokens[at].text, 0)
        if tokens[at].text == "," and depth == 0:
            commas.append(at)
    return commas


def _created(tokens: Sequence[Token]) -> Iterator[Edit]:
    """Drop what only Redshift has in CREATE SCHEMA and CREATE MATERIALIZED VIEW."""
    if upper_at(tokens, 0) != "CREATE":
        return
    words = [token.upper for token in tokens]
    if words[1:3] == ["MATERIALIZED", "VIEW"]:
        yield from ddl.materialized_view(tokens)
    if "SCHEMA" in words[:2] and "QUOTA" in words:
        yield Edit(tokens[words.index("QUOTA")].start, tokens[-1].end, "")


def append_call(tokens: Sequence[Token]) -> str | None:
    """Return the call that carries out ALTER TABLE ... APPEND FROM, None for any other statement."""
    words = [token.upper for token in tokens]
    if "APPEND" not in words or words[words.index("APPEND") + 1 :][:1] != ["FROM"]:
        return None
    at = words.index("APPEND")
    end = next((index for index in range(at, len(words)) if words[index] in ("IGNOREEXTRA", "FILLTARGET")), len(words))
    target, source = (literal(_relation(part)) for part in (tokens[2:at], tokens[at + 2 : end]))
    ignores, fills = ("IGNOREEXTRA" in words), ("FILLTARGET" in words)
    return f"CALL pg_internal.append_table({target}, {source}, {ignores}, {fills})"


def alter_check(tokens: Sequence[Token]) -> str:
    """Return the call that refuses a new length for a column of ALTER TABLE t ALTER COLUMN c TYPE ..., if it must."""
    words = [token.upper for token in tokens]
    at = words.index("ALTER", 2)
    column = tokens[at + 1 + (upper_at(tokens, at + 1) == "COLUMN")].name()
    size = next((word for word in words[words.index("TYPE") :] if word.isdigit() or word == "MAX"), "NULL")
    size = str(column_types.MOST_BYTES["VARCHAR"]) if size == "MAX" else size
    return f"SELECT pg_internal.check_new_length({literal(_relation(tokens[2:at]))}, {literal(column)}, {size})"


def storage_call(tokens: Sequence[Token]) -> str:
    """Return the call that carries out ALTER TABLE ... ALTER DISTKEY and its like."""
    name, at = ddl.altered(tokens)
    return _alteration(name, storage.of_alteration(tokens, at))


def key_call(tokens: Sequence[Token]) -> str:
    """Return the call that notes the key of ALTER TABLE ... ADD, or forgets that of ALTER TABLE ... DROP CONSTRAINT."""
    name, at = ddl.altered(tokens)
    is_added = upper_at(tokens, at) == "ADD"
    change = {"keys": keys.of_addition(tokens, at + 1)} if is_added else {"dropped_key": tokens[at + 2].name()}
    return _alteration(name, change)


def _alteration(name: Sequence[Token], change: storage.Storage) -> str:
    document = f"pg_internal.document({literal(json.dumps(change))})"
    return f"SELECT pg_internal.alter_storage({literal(_relation(name))}, {document})"


def _relation(tokens: Sequence[Token]) -> str:
    return ".".join(identifier(token.name()) for token in tokens if token.is_name)


_CALLS: Mapping[str, Callable[[Sequence[Token], int], Iterator[Edit]]] = {
    "LISTAGG": _listagg,
    "DECODE": _decode,
    "NVL2": _nvl2,
    "CURRENT_SETTING": _setting,
    "SET_CONFIG": _setting,
    **dict.fromkeys(_JSON_READERS, _json_text),
}
