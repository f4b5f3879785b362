"""Which numbers a column's values are, and what makes them texts that only look like numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER = re.compile(r"([+-]?)(\d*)(\.?)(\d*)([eE][+-]?\d+)?", re.ASCII)
_ZERO_LED = re.compile(r"[+-]?0\d")
_ENDLESS = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_DOTTED_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+", re.ASCII)  # 1.234
_COMMA_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", re.ASCII)  # 1,234.5
_DECIMAL_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+", re.ASCII)  # 1.234,56
DECIMAL_DIGITS = 38  # the most that a decimal has in Redshift
_DOUBLE_DIGITS = 15  # every decimal number of so many digits has its own double
_MOST_DIGITS = 17  # with so many, each double has its own text
_PHONE_CHARACTERS = 8
_GROUP = 1000


@dataclass
class Numbers:
    """What all values of a column seen so far have in common, as numbers."""

    is_numeric: bool = True
    is_integer: bool = True
    is_endless: bool = False
    is_zero_led: bool = False
    is_exact_double: bool = True
    has_exponent: bool = False
    has_signed_exponent: bool = False
    has_point: bool = False
    has_plus: bool = False
    has_minus: bool = False
    longest: int = 0
    least: int = 0
    greatest: int = 0
    whole_digits: int = 0
    scale: int = 0
    dotted_groups: int = 0
    ungrouped_points: int = 0
    small_wholes: int = 0
    large_wholes: int = 0
    decimal_commas: int = 0
    comma_groups: int = 0
    is_written_with_commas: bool = True

    @property
    def is_number(self) -> bool:
        """Return whether the values are numbers that keep their value as numbers."""
        return self.is_numeric and not self.is_zero_led and not self.objection

    @property
    def objection(self) -> str:
        """Return why values that are written like numbers are texts, or nothing."""
        if self.is_zero_led:
            return "a number has no leading zeros"
        if self.has_exponent and not self.has_signed_exponent and not self.has_point:
            return "values such as 12E3 may be codes"
        if self.has_plus and (not self.has_minus or self.longest > _PHONE_CHARACTERS):
            return "a number loses its leading +"
        return ""

    @property
    def has_decimal_commas(self) -> bool:
        """Return whether the values are numbers, at least one with a decimal comma."""
        return self.is_written_with_commas and self.decimal_commas > 0

    @property
    def has_comma_groups(self) -> bool:
        """Return whether the values are numbers, at least one with a comma between thousands."""
        return self.is_written_with_commas and self.comma_groups > 0

    @property
    def may_have_dotted_groups(self) -> bool:
        """Return whether each dot may be a thousands separator."""
        return self.dotted_groups > 0 and self.ungrouped_points == 0 and self.large_wholes == 0

    @property
    def has_dotted_groups(self) -> bool:
        """Return whether dots are thousands separators: only values from 1,000 have one."""
        return self.may_have_dotted_groups and self.small_wholes > 0

    def add(self, values: Iterable[str]) -> None:
        """Add values without blanks around them."""
        for text in values:
            if self.is_written_with_commas:
                self._add_separators(text)
            if self.is_numeric:
                self._add_number(text)
            elif not self.is_written_with_commas:
                return

    def _add_number(self, text: str) -> None:
        self.longest = max(self.longest, len(text))
        number = _NUMBER.fullmatch(text)
        if number is None or not (number[2] or number[4]):
            self.is_integer = False
            self.is_endless = self.is_endless or bool(_ENDLESS.fullmatch(text))
            self.is_numeric = bool(_ENDLESS.fullmatch(text))
            return
        sign, whole, point, fraction, exponent = number.groups()
        self.has_plus, self.has_minus = self.has_plus or sign == "+", self.has_minus or sign == "-"
        self.is_zero_led = self.is_zero_led or bool(_ZERO_LED.match(text))
        self.has_point = self.has_point or bool(point)
        self.has_exponent = self.has_exponent or bool(exponent)
        self.has_signed_exponent = self.has_signed_exponent or bool(exponent and exponent[1] in "+-")
        self.whole_digits = max(self.whole_digits, len(whole.lstrip("0")))
        self.scale = max(self.scale, len(fraction))
        if exponent:
            self.is_numeric = _fits_double(text)
        if len(whole) + len(fraction) > _DOUBLE_DIGITS:
            self.is_exact_double = self.is_exact_double and _is_double(text, len((whole + fraction).lstrip("0")))
        if self.is_integer and _INTEGER.fullmatch(text):
            value = int(text[:400])
            self.least, self.greatest = min(self.least, value), max(self.greatest, value)
        else:
            self.is_integer = False

    def _add_separators(self, text: str) -> None:
        if _DOTTED_GROUPS.fullmatch(text):
            self.dotted_groups += 1
        elif _COMMA_GROUPS.fullmatch(text):
            self.comma_groups += 1
        elif _DECIMAL_COMMA.fullmatch(text):
            self.decimal_commas += 1
        elif _INTEGER.fullmatch(text):
            is_small = len(text) <= 4 and abs(int(text)) < _GROUP  # noqa: PLR2004 - a sign and three digits
            self.small_wholes, self.large_wholes = self.small_wholes + is_small, self.large_wholes + (not is_small)
        elif "." in text and _NUMBER.fullmatch(text):
            self.ungrouped_points += 1
        else:
            self.is_written_with_commas = False


def _is_double(text: str, digits: int) -> bool:
    """Return whether a number is a double, written with so many digits."""
    return digits <= _MOST_DIGITS and Decimal(f"{float(text):.{max(digits, 1) - 1}e}") == Decimal(text)


def _fits_double(text: str) -> bool:
    """Return whether a number is neither too great nor too small for a double."""
    value = abs(float(text))
    return value != float("inf") and (value > 0 or not re.match(r"[+-]?[0.]*[1-9]", text))
