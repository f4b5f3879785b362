"""Explain why a column becomes text though its values look like another type."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lakeport.inference.copy_options import Options
from lakeport.inference.numbers import DECIMAL_DIGITS
from lakeport.inference.profile import Profile

_PLAIN = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)", re.ASCII)
# Numbers with a currency, percent or unusual minus sign, in parentheses, or with blanks or apostrophes in them.
_SIGNS = r"$\u00a3\u20ac\u00a5"
_DECORATED = re.compile(
    rf"\s*(?:[-+\u2212(]|[{_SIGNS}]|[A-Z]{{3}}\s)*\s*\d[\d.,'\u2019\u00a0\u202f ]*(?:[-)%{_SIGNS}]|\s|[A-Z]{{3}})*"
)
_DOTTED_DATE = re.compile(r"\d+\.\d+\.\d+")


def reason_for_text(profile: Profile, found: Options, strange: Sequence[str]) -> str:
    """Return why a column is text though its values look like another type, or what becomes of a null marker."""
    numbers, markers = profile.numbers, ", ".join(strange)
    if strange and profile.has_type:
        return f"text, because it also has the values {markers}"
    if profile.kinds == {"text"} and profile.values:
        if numbers.is_numeric and numbers.objection:
            return f"text, because {numbers.objection}"
        if reason := _reason_against_type(profile, found):
            return f"text, because {reason}"
    if strange:
        return f"{markers} is kept as text; if it means NULL, set format.null_as"
    if found.null_as is not None and profile.markers[found.null_as] and profile.values:
        return f"{found.null_as} becomes NULL here, too"
    return ""


def _reason_against_type(profile: Profile, found: Options) -> str:
    """Return why values that a person reads as numbers or dates are texts for COPY, or nothing."""
    if profile.numbers.is_written_with_commas and has_separators(profile, found):
        return "COPY reads neither decimal commas nor thousands separators"
    for what, formats, used in (
        ("date", profile.moments.dates, found.dateformat),
        ("time", profile.moments.times, found.timeformat),
    ):
        if formats and used not in formats:
            return f"COPY takes one {what} format, here {used}, and these {what}s are {formats[0]}"
    if profile.numbers.is_numeric:
        return f"a decimal has at most {DECIMAL_DIGITS} digits"
    return _reason_against_number(sorted(value.strip() for value in profile.distinct))


def _reason_against_number(values: Sequence[str]) -> str:
    odd = [value for value in values if not _PLAIN.fullmatch(value)]
    if not odd:
        return "some values are not numbers"  # they are not among the first ones, which are kept
    if all(map(_DECORATED.fullmatch, values)) and not any(map(_DOTTED_DATE.fullmatch, odd)):
        return f"COPY reads no number that is written like {odd[0]!r}"
    return f"of {odd[0]!r}; most values are numbers" if len(odd) * 2 < len(values) else ""


def has_separators(profile: Profile, found: Options) -> bool:
    """Return whether the numbers have separators that COPY does not read, by what the whole file has."""
    numbers = profile.numbers
    is_dotted = numbers.has_dotted_groups or (numbers.may_have_dotted_groups and found.has_decimal_commas)
    return is_dotted or numbers.has_decimal_commas or numbers.has_comma_groups
