"""Functions that PostgreSQL has under another name, with other arguments, or not at all."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from local.redshift.dialect import listagg, parameters
from local.redshift.dialect.tokens import Edit, Kind, Token, argument_commas, closing, literal, upper_at
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


def own(tokens: Sequence[Token]) -> Iterator[Edit]:
    """Call the stand-in's function where PostgreSQL has one of that name that does something else."""
    for at, token in enumerate(tokens):
        is_call = token.kind is Kind.WORD and upper_at(tokens, at + 1) == "(" and upper_at(tokens, at - 1) != "."
        if token.upper in _OWN and is_call:
            yield Edit(token.start, token.end, _OWN[token.upper])


def edits(tokens: Sequence[Token], at: int) -> Iterator[Edit]:
    """Reword the call at an index; functions that PostgreSQL has too stay unchanged."""
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
    starts = [at + 2, *(comma + 1 for comma in argument_commas(tokens, at + 2, end))]
    stops = [*(start - 1 for start in starts[1:]), end]
    for number, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        if start < stop and (number % 2 == 1 or tokens[at].upper == "ARRAY"):
            yield Edit(tokens[start].start, tokens[start].start, "pg_internal.member(")
            yield Edit(tokens[stop - 1].end, tokens[stop - 1].end, ")")


def _date_part(function: Token, part: Token) -> Iterator[Edit]:
    if function.upper in _DATE_FUNCTIONS:
        yield Edit(function.start, function.end, _DATE_FUNCTIONS[function.upper])
    if part.kind is Kind.WORD:
        yield Edit(part.start, part.end, literal(part.text.lower()))


def _json_text(tokens: Sequence[Token], at: int) -> Iterator[Edit]:
    """Move the last argument, whether invalid JSON is NULL, to the front: the path's parts follow it."""
    end = closing(tokens, at + 1)
    commas = argument_commas(tokens, at + 2, end)
    has_flag = upper_at(tokens, end - 1) in ("TRUE", "FALSE") and commas[-1:] == [end - 2]
    if len(commas) - has_flag > MOST_JSON_LEVELS:
        raise Refused(f"JSON_EXTRACT_PATH_TEXT takes at most {MOST_JSON_LEVELS} levels", sqlstate=SYNTAX_ERROR)
    flag = tokens[end - 1].text if has_flag else "false"
    yield Edit(tokens[at].start, tokens[at + 1].end, f"{_JSON_READERS[tokens[at].upper]}({flag}, ")
    if has_flag:
        yield Edit(tokens[end - 2].start, tokens[end - 1].end, "")


def _wanted(tokens: Sequence[Token], at: int) -> Iterator[Edit]:
    """A literal string that is looked for in an array has no type yet."""
    last = closing(tokens, at + 1) - 1
    if tokens[last].kind is Kind.TEXT and tokens[last - 1].text == ",":
        yield Edit(tokens[last].end, tokens[last].end, "::text")


def _setting(tokens: Sequence[Token], at: int) -> Iterator[Edit]:
    """CURRENT_SETTING and SET_CONFIG know the settings that only Redshift has."""
    name = tokens[at + 2]
    if name.kind is Kind.TEXT and name.string().lower() in parameters.DEFAULTS:
        yield Edit(name.start, name.end, literal(f"{parameters.PREFIX}.{name.string().lower()}"))


def _nvl2(tokens: Sequence[Token], at: int) -> Iterator[Edit]:
    """NVL2(x, a, b) is CASE WHEN (x) IS NOT NULL THEN a ELSE b END."""
    end = closing(tokens, at + 1)
    commas = argument_commas(tokens, at + 2, end)
    if len(commas) == 2:  # noqa: PLR2004 - NVL2 takes three arguments
        yield Edit(tokens[at].start, tokens[at + 1].end, "(CASE WHEN (")
        for place, text in zip((*commas, end), (") IS NOT NULL THEN ", " ELSE ", " END)"), strict=True):
            yield Edit(tokens[place].start, tokens[place].end, text)


_CALLS: Mapping[str, Callable[[Sequence[Token], int], Iterator[Edit]]] = {
    "LISTAGG": listagg.edits,
    "NVL2": _nvl2,
    "CURRENT_SETTING": _setting,
    "SET_CONFIG": _setting,
    **dict.fromkeys(_JSON_READERS, _json_text),
    **dict.fromkeys(("ARRAY_CONTAINS", "ARRAY_POSITION", "ARRAY_POSITIONS"), _wanted),
}
