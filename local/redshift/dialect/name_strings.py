"""Find the strings and parameters of a statement that mean names: what catalogs are compared with, and their like.

Any other string is data, even in a statement that reads catalogs.
"""

from collections.abc import Sequence
from enum import StrEnum

from local.redshift.dialect.tokens import Kind, Token, upper_at

_CATALOGS = ("PG_", "INFORMATION_SCHEMA", "SVV_", "SVL_", "STL_", "STV_", "SYS_", "HAS_", "REGCLASS", "EXECUTE")
"""A word of a statement that reads catalogs, or that runs the text of another one."""
_TAKES_NAMES = ("HAS_", "PG_", "TO_REG", "QUOTE_IDENT")
"""The beginnings of the functions whose arguments are names."""
_PATTERNS = ("LIKE", "ILIKE", "TO", "~", "*")
"""The words before a pattern: LIKE, SIMILAR TO, `~` and `~*`."""
_EQUALS = ("=", "<>", "!=")
_OPERATORS = ("||", "+")


class Use(StrEnum):
    NAME = "name"
    EQUAL = "equal"
    """Compared with a column that may be of a catalog, or of a table."""
    PATTERN = "pattern"
    SQL = "sql"
    """A piece of a statement that EXECUTE runs."""


def uses(tokens: Sequence[Token]) -> dict[int, Use]:
    """Return the strings and parameters that mean names, by their index."""
    if not _may_have_names(tokens):
        return {}
    found, calls = dict[int, Use](), list[str]()
    is_sql, depth_of_set = False, -1
    is_setting = upper_at(tokens, 0) in ("SET", "SHOW")
    for at, token in enumerate(tokens):
        match token.upper:
            case "(":
                calls.append(upper_at(tokens, at - 1))
            case ")":
                del calls[-1:]
            case "EXECUTE":
                is_sql = at > 0  # at the beginning it runs what PREPARE has named
            case "SET" if not is_setting:
                depth_of_set = len(calls)
            case "WHERE" | "FROM" | "WHEN" if depth_of_set == len(calls):
                depth_of_set = -1
            case ";":
                is_sql, depth_of_set = False, -1
            case "USING":
                is_sql = False
        if token.kind in (Kind.TEXT, Kind.PARAMETER) and depth_of_set != len(calls):
            is_piece = is_sql and not any(call.startswith("QUOTE_") for call in calls[-1:])
            use = Use.SQL if is_piece else _use(tokens, at, calls) or (Use.NAME if is_setting else None)
            found |= {at: use} if use else {}
    return found


def _may_have_names(tokens: Sequence[Token]) -> bool:
    return upper_at(tokens, 0) in ("SET", "SHOW") or any(token.upper.startswith(_CATALOGS) for token in tokens)


def _use(tokens: Sequence[Token], at: int, calls: Sequence[str]) -> Use | None:
    before, after = upper_at(tokens, at - 1), upper_at(tokens, at + 1)
    if before in _PATTERNS:
        return Use.PATTERN
    is_in_list = calls[-1:] == ["IN"]
    is_wrapped = before == "(" and after == ")" and bool(calls[-1:] and calls[-1]) and not is_in_list
    if is_wrapped:  # the only argument of a function, such as LOWER
        before, after = upper_at(tokens, at - 3), upper_at(tokens, at + 2)
    is_argument = any(call.startswith(_TAKES_NAMES) for call in calls[-1 - is_wrapped :])
    if is_argument or (after in ("::", "AS") and upper_at(tokens, at + 2) == "REGCLASS"):
        return Use.NAME
    if after in _OPERATORS or before in _OPERATORS:
        return None
    if before in _EQUALS or is_in_list:
        return Use.NAME if is_wrapped or after == "::" else Use.EQUAL
    return Use.NAME if after in _EQUALS else None
