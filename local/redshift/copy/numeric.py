"""Numbers as COPY reads them: which digits are wrong, and what does not fit its type."""

import re
from decimal import Decimal, InvalidOperation, localcontext

from local.redshift.copy.columns import Column, Type
from local.redshift.protocol.errors import FieldError

INTEGERS = {
    Type.SMALLINT: ("Short", 2**15),
    Type.INTEGER: ("Integer", 2**31),
    Type.BIGINT: ("Long", 2**63),
}
_INTEGER = re.compile(r"[+-]?\d+\Z", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
_SIGNIFICANT = re.compile(r"[+-]?[0.]*[1-9]")  # any digit but 0 before an exponent
FLOATS = {Type.REAL: (3.4028235677973362e38, 7.0064923216240869e-46), Type.DOUBLE: (1.7976931348623157e308, 5e-324)}
"""What is above the first, or not 0 and below the second, does not fit."""
_MOST_OF_19_DIGITS = 2**63 - 1
_SPECIAL_FLOATS = ("nan", "inf", "infinity", "+inf", "+infinity", "-inf", "-infinity")


def integer(value: str, kind: Type) -> str:
    name, bound = INTEGERS[kind]
    if not _INTEGER.match(value):
        raise _invalid_digit(value, name, "+-")
    if not -bound <= int(value) < bound:
        raise FieldError(1222, f"Overflow, Value '{value[:40]}', Type: {name}")
    return value


def _invalid_digit(value: str, name: str, signs: str, more: str = "") -> FieldError:
    """Name the first character that cannot be part of such a number."""
    for at, character in enumerate(value):
        is_digit = character.isascii() and character.isdigit()
        if not (is_digit or character in more or (at == 0 and character in signs and len(value) > 1)):
            return FieldError(1207, f"Invalid digit, Value '{character}', Pos {at}, Type: {name}")
    return FieldError(1207, f"Invalid digit, Value '{value[0]}', Pos 0, Type: {name}")


def decimal(value: str, column: Column, rounding: str) -> str:
    if not _NUMBER.match(value):
        raise _invalid_digit(value, "Decimal", "+-", ".")
    with localcontext(prec=200) as context:
        context.Emax, context.Emin = 9999, -9999
        try:
            stored = Decimal(value).quantize(Decimal(1).scaleb(-column.scale), rounding=rounding)
        except InvalidOperation:
            raise FieldError(1204, "Numeric data overflow") from None
    if abs(stored) >= Decimal(10) ** (column.length - column.scale) or (
        column.is_in_64_bits and abs(stored.scaleb(column.scale)) > _MOST_OF_19_DIGITS
    ):
        raise FieldError(1204, "Numeric data overflow")
    return f"{stored:f}"


def floating(value: str, kind: Type) -> str:
    if value.lower() in _SPECIAL_FLOATS:
        return value
    if not _NUMBER.match(value):
        code = _invalid_digit(value, "Double", "+-", ".eE+-")
        raise FieldError(1208, code.reason)
    largest, smallest = FLOATS[kind]
    number = abs(float(value))
    if number > largest or (number < smallest and _SIGNIFICANT.match(value)):
        raise FieldError(1204, f"Overflow, Value '{value[:40]}', Type: {'Double' if kind is Type.DOUBLE else 'Real'}")
    return value
