"""Calls whose arguments PostgreSQL wants in another shape: aggregates, window functions and conversions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from local.redshift.dialect.queries import pieces
from local.redshift.dialect.tokens import Edit, Kind, Token, apply, closing, literal, tokenize, upper_at
from local.redshift.protocol.errors import SYNTAX_ERROR, Refused

_NULLS = ("IGNORE", "RESPECT")


@dataclass(frozen=True)
class Call:
    """A call with what may follow its parentheses; its parts are rewritten already."""

    name: str
    distinct: str
    """DISTINCT or ALL with a blank after it, or nothing."""
    arguments: Sequence[str]
    order: str
    """What WITHIN GROUP (ORDER BY ...) orders by."""
    ignores_nulls: bool
    over: str
    """OVER and its window, or nothing."""

    def within(self, frame: str) -> str:
        """Return the window with another frame."""
        window = self.over.strip().removesuffix(")")
        return f"{window} {frame})"


def rewritten(sql: str) -> str:
    """Return an expression or a statement in which PostgreSQL can carry out these calls."""
    tokens = tokenize(sql)
    edits = list[Edit]()
    at = 0
    while at < len(tokens):
        handler = _HANDLERS.get(tokens[at].upper)
        if (
            handler
            and tokens[at].kind is Kind.WORD
            and upper_at(tokens, at + 1) == "("
            and upper_at(tokens, at - 1) != "."
        ):
            call, end = _read(sql, tokens, at)
            text = handler(call)
            edits += _changes(sql, tokens, at, end, text)
            at = end
        else:
            at += 1
    return apply(sql, edits) if edits else sql


def _changes(sql: str, tokens: Sequence[Token], at: int, end: int, text: str | None) -> Iterator[Edit]:
    """Replace a call; if its handler does not change it, its arguments may still change."""
    if text is not None:
        yield Edit(tokens[at].start, tokens[end - 1].end, text)
        return
    start, stop = tokens[at + 1].end, tokens[end - 1].end
    yield Edit(start, stop, rewritten(sql[start:stop]))


def _read(sql: str, tokens: Sequence[Token], at: int) -> tuple[Call, int]:
    close = closing(tokens, at + 1)
    start = at + 2
    distinct = ""
    if upper_at(tokens, start) in ("DISTINCT", "ALL") and start + 1 < close:
        distinct, start = f"{tokens[start].upper} ", start + 1
    stop = close
    ignores = False
    if upper_at(tokens, stop - 1) == "NULLS" and upper_at(tokens, stop - 2) in _NULLS:
        ignores, stop = upper_at(tokens, stop - 2) == "IGNORE", stop - 2
    arguments = [_text(sql, tokens, *span) for span in pieces(tokens, start, stop)] if start < stop else []
    end, order, over = close + 1, "", ""
    if [upper_at(tokens, end + step) for step in range(3)] == ["WITHIN", "GROUP", "("]:
        group = closing(tokens, end + 2)
        order, end = _text(sql, tokens, end + 5, group), group + 1
    if upper_at(tokens, end + 1) == "NULLS" and upper_at(tokens, end) in _NULLS:
        ignores, end = upper_at(tokens, end) == "IGNORE", end + 2
    if upper_at(tokens, end) == "OVER":
        last = closing(tokens, end + 1) if upper_at(tokens, end + 1) == "(" else end + 1
        over, end = f" {_text(sql, tokens, end, last + 1)}", last + 1
    return Call(tokens[at].upper, distinct, arguments, order, ignores, over), end


def _text(sql: str, tokens: Sequence[Token], start: int, stop: int) -> str:
    return rewritten(sql[tokens[start].start : tokens[stop - 1].end]) if start < stop else ""


def _average(call: Call) -> str | None:
    if len(call.arguments) != 1:
        return None
    value = call.distinct + call.arguments[0]
    return f"pg_internal.avg(avg({value}){call.over}, pg_internal.sample({value}){call.over})"


def _percentile(call: Call) -> str | None:
    """As a window function it is an aggregate of the value and the fraction; descending order turns the fraction."""
    if not call.over:
        return None
    value, descends = call.order, False
    for direction in ("desc", "asc"):
        if value.lower().endswith(f" {direction}"):
            value, descends = value[: -len(direction)], direction == "desc"
    fraction = f"1 - {call.arguments[0]}" if descends else call.arguments[0]
    if call.name == "PERCENTILE_CONT":
        return f"pg_internal.percentile_cont(({value})::float8, {fraction}){call.over}"
    return f"pg_internal.percentile_disc(array_agg({value}){call.over}, {call.arguments[0]}, {str(descends).lower()})"


def _ratio(call: Call) -> str:
    value = f"({call.arguments[0]})::float8"
    return f"pg_internal.ratio_to_report({value}, sum({value}){call.over})"


def _known_values(call: Call) -> str | None:
    """IGNORE NULLS: an aggregate over the frame that the function looks at."""
    if call.over and call.name in ("LAG", "LEAD") and len(call.arguments) > 2:  # noqa: PLR2004 - a value and an offset
        raise Refused(f"Default parameter not be supported for window function {call.name.lower()}")
    if not call.ignores_nulls:
        return f"{call.name.lower()}({', '.join(call.arguments)}){call.over}" if call.over else None
    value = call.arguments[0]
    place = call.arguments[1] if len(call.arguments) > 1 else "1"
    known = f"array_agg({value}) FILTER (WHERE ({value}) IS NOT NULL)"
    if call.name == "FIRST_VALUE":
        return f"pg_internal.first_value({value}){call.over}"
    if call.name == "LAST_VALUE":
        return f"pg_internal.last_value({value}){call.over}"
    if call.name == "NTH_VALUE":
        return f"({known}{call.over})[{place}]"
    if call.name == "LEAD":
        return f"({known}{call.within('ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING')})[{place}]"
    before = call.within("ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING")
    return (
        f"pg_internal.last_value({value}){before}"
        if place == "1"
        else f"pg_internal.from_end({known}{before}, {place})"
    )


def _extract(call: Call) -> str | None:
    """EXTRACT(part FROM x): the part may be a word or a string."""
    inside = tokenize(call.arguments[0]) if call.arguments else []
    if upper_at(inside, 1) != "FROM":
        return None
    part = inside[0].string() if inside[0].kind is Kind.TEXT else inside[0].name()
    return f"pg_internal.date_part({literal(part)}, {call.arguments[0][inside[1].end :].strip()})"


def _convert(call: Call) -> str | None:
    """CONVERT(type, x); the comma of DECIMAL(p, s) is inside its parentheses."""
    if len(call.arguments) != 2:  # noqa: PLR2004 - a type and an expression
        raise Refused("CONVERT takes a type and an expression", sqlstate=SYNTAX_ERROR)
    return f"CAST({call.arguments[1]} AS {call.arguments[0]})"


def _try_cast(call: Call) -> str | None:
    """TRY_CAST is NULL where the text of a value is none of the type."""
    tokens = tokenize(call.arguments[0]) if call.arguments else []
    depth, split = 0, 0
    for at, token in enumerate(tokens):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        split = at if depth == 0 and token.upper == "AS" else split
    if not split:
        raise Refused('syntax error at or near "try_cast": TRY_CAST(x AS type)', sqlstate=SYNTAX_ERROR)
    rest = ", ".join(call.arguments[1:])
    kind = call.arguments[0][tokens[split].end :].strip() + (f", {rest}" if rest else "")
    value = call.arguments[0][: tokens[split].start].strip()
    return f"pg_internal.try_cast(({value})::text, {literal(kind)}, CAST(NULL AS {kind}))"


def _object_transform(call: Call) -> str:
    """OBJECT_TRANSFORM(x KEEP path, ... SET path, value, ...)."""
    text = ", ".join(call.arguments)
    tokens = tokenize(text)
    depth, marks = 0, {"": 0, "KEEP": len(tokens), "SET": len(tokens)}
    for at, token in enumerate(tokens):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0)
        if depth == 0 and token.kind is Kind.WORD and token.upper in marks and at:
            marks[token.upper] = at
    value = _text(text, tokens, 0, min(marks["KEEP"], marks["SET"]))
    kept = [_text(text, tokens, *span) for span in pieces(tokens, marks["KEEP"] + 1, marks["SET"])]
    pairs = [_text(text, tokens, *span) for span in pieces(tokens, marks["SET"] + 1, len(tokens))]
    paths, values = [each for each in pairs[::2] if each], pairs[1::2]
    if len(paths) != len(values):
        raise Refused("OBJECT_TRANSFORM: SET takes pairs of a path and a value", sqlstate=SYNTAX_ERROR)
    lists = (f"ARRAY[{', '.join(each for each in names if each)}]::text[]" for names in (kept, paths))
    return f"pg_internal.object_transform({value}, {', '.join(lists)}, pg_internal.array({', '.join(values)}))"


def _collate(call: Call) -> str | None:
    """Only the collation that every column has."""
    if len(call.arguments) == 2 and call.arguments[1].strip("'").lower() in ("case_sensitive", "cs"):  # noqa: PLR2004
        return f"({call.arguments[0]})"
    raise Refused("COLLATE(..., 'case_insensitive') is not supported by this stand-in: compare lower(...) instead")


_HANDLERS: Mapping[str, Callable[[Call], str | None]] = {
    "AVG": _average,
    "PERCENTILE_CONT": _percentile,
    "PERCENTILE_DISC": _percentile,
    "RATIO_TO_REPORT": _ratio,
    "FIRST_VALUE": _known_values,
    "LAST_VALUE": _known_values,
    "NTH_VALUE": _known_values,
    "LAG": _known_values,
    "LEAD": _known_values,
    "EXTRACT": _extract,
    "CONVERT": _convert,
    "TRY_CAST": _try_cast,
    "OBJECT_TRANSFORM": _object_transform,
    "COLLATE": _collate,
}
NAMES = frozenset(_HANDLERS)
