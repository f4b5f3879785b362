"""The types that decide on a decimal result, and the rules of "Computations with numeric values"."""

import re
from dataclasses import dataclass

from local.redshift.protocol.wire import Field

MOST_DIGITS, LARGEST_SCALE = 38, 37
_LEAST_SCALE, _MOST_MIXED_DIGITS = 4, 19
_NUMERIC = 1700
_INTEGERS = {21: (5, 0), 23: (10, 0), 20: (19, 0)}
_FLOATS = (700, 701)
_DECIMAL_NAMES = ("decimal", "numeric")
_INTEGER_NAMES = {
    **dict.fromkeys(("smallint", "int2"), 21),
    **dict.fromkeys(("integer", "int", "int4"), 23),
    **dict.fromkeys(("bigint", "int8"), 20),
}
_NAMES = "|".join((*_DECIMAL_NAMES, *_INTEGER_NAMES, "real", "float4", "float8", "float", "double precision"))
_CAST = re.compile(rf"(?i)(?:::\s*|\bas\s+)({_NAMES})(?:\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*\)?$")


@dataclass(frozen=True)
class Type:
    """A DECIMAL, an integer with its digits as a DECIMAL, a float, or any other."""

    kind: str
    precision: int = 0
    scale: int = 0


OTHER, FLOAT, UNKNOWN, UNREAD = Type("other"), Type("float"), Type("unknown"), Type("unread")
"""UNKNOWN is a DECIMAL without set digits, UNREAD an expression that the engine could not be asked about."""


def literal_type(text: str) -> Type:
    """Return the type of a literal number."""
    if "e" in text.lower():
        return FLOAT
    whole, point, fraction = text.partition(".")
    if not point:
        return Type("integer", *_INTEGERS[23 if len(whole) < _INTEGERS[23][0] else 20])
    return Type("decimal", max(len(whole.lstrip("0")) + len(fraction), 1), len(fraction))


def type_of(column: Field) -> Type:
    if column.type_id in _INTEGERS:
        return Type("integer", *_INTEGERS[column.type_id])
    if column.type_id in _FLOATS:
        return FLOAT
    if column.type_id != _NUMERIC:
        return OTHER
    if column.modifier < 4:  # noqa: PLR2004 - a modifier counts its own four bytes
        return UNKNOWN
    return Type("decimal", column.modifier - 4 >> 16, column.modifier - 4 & 0xFFFF)


def written_type(text: str) -> Type:
    """Return the type that an expression says itself, by a cast at its end; UNREAD without one."""
    found = _CAST.search(text)
    if not found:
        return UNREAD
    name = found[1].lower()
    if name in _DECIMAL_NAMES:
        return Type("decimal", int(found[2]), int(found[3] or 0)) if found[2] else UNREAD
    return Type("integer", *_INTEGERS[_INTEGER_NAMES[name]]) if name in _INTEGER_NAMES else FLOAT


def mixed(left: Type, right: Type) -> Type:
    """Return the type of COALESCE and its like, as of a UNION."""
    kinds = {left.kind, right.kind}
    if "unread" in kinds:
        return UNREAD
    if not kinds <= {"decimal", "integer"}:
        return left if left == right else OTHER if "other" in kinds else FLOAT if "float" in kinds else UNKNOWN
    if kinds == {"integer"}:
        return left if left.precision >= right.precision else right
    scale = max(left.scale, right.scale)
    most = MOST_DIGITS if max(left.precision, right.precision) > _MOST_MIXED_DIGITS else _MOST_MIXED_DIGITS
    return Type("decimal", min(max(left.precision - left.scale, right.precision - right.scale) + scale, most), scale)


def combined(operator: str, left: Type, right: Type) -> Type:
    """Return the type of a computation."""
    kinds = {left.kind, right.kind}
    for decides in (UNREAD, OTHER, FLOAT, UNKNOWN):
        if decides.kind in kinds:
            return decides
    if kinds == {"integer"}:
        return left if left.precision >= right.precision else right
    if operator in ("+", "-"):
        scale = max(left.scale, right.scale)
        precision = max(left.precision - left.scale, right.precision - right.scale) + 1 + scale
    elif operator == "*":
        scale, precision = left.scale + right.scale, left.precision + right.precision + 1
    elif operator == "/":
        scale = max(_LEAST_SCALE, left.scale + right.precision - right.scale + 1)
        precision = left.precision - left.scale + right.scale + scale
    else:
        return UNKNOWN
    if precision > MOST_DIGITS:
        reduced = max(MOST_DIGITS + scale - precision, _LEAST_SCALE)
        scale, precision = reduced if operator == "/" else min(scale, LARGEST_SCALE), MOST_DIGITS
    return Type("decimal", precision, scale)
