"""Choose a column's type from its values in a sample, as a person would."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lakeport.inference.copy_options import Options, is_date
from lakeport.inference.numbers import DECIMAL_DIGITS
from lakeport.inference.profile import NOT_A_NUMBER, Profile
from lakeport.inference.text_reasons import has_separators, reason_for_text

_WHOLE = (("smallint", 2**15), ("integer", 2**31), ("bigint", 2**63))
_MONEY_SCALE = 4
_GROWS = re.compile(r"(^|_)(id|key|no|number|count|nr|total|population|rows?)$")
MAX_VARCHAR_BYTES = 65535
_LEAST_VARCHAR = 8
_UNKNOWN_VARCHAR = 256
_HEADROOM = 2
_CUT = re.compile(r"\d\.\d{1,5}E\+1\d")  # 4.00638E+12, as Excel writes a code of 13 digits


@dataclass(frozen=True)
class Choice:
    """A column's type, whether it is required, and a note if the type is a guess."""

    type: str
    is_required: bool
    note: str = ""


def choose(name: str, profile: Profile, found: Options, rows: int) -> Choice:
    """Choose one column's type."""
    strange = profile.markers_kept(found.null_as)
    is_required = rows > 0 and profile.rows == rows and not profile.empty and not profile.markers[found.null_as or ""]
    type_, note = ("", "") if strange else _special(name, profile, found)
    if not type_ and _is_number(profile, found) and set(strange) <= NOT_A_NUMBER:
        type_, note = _number(name, profile) if not strange else ("double precision", "NaN is kept: it is not NULL")
    if not type_:
        type_, note = _text(profile, found, strange)
    return Choice(type_, is_required and bool(profile.values or strange), note)


def as_text(choice: Choice, profile: Profile, reason: str) -> Choice:
    """Return text as the type instead, because of a value that does not fit the chosen type."""
    length = _length(max([profile.longest_bytes, *map(len, profile.markers)]))
    return replace(choice, type=f"varchar({length})", note=f"text, because of {reason}")


def _special(name: str, profile: Profile, found: Options) -> tuple[str, str]:
    if not profile.values:
        return f"varchar({_UNKNOWN_VARCHAR})", "a guess: the sample has no value for it"
    if profile.kinds == {"boolean"}:
        return "boolean", ""
    if "nested" in profile.kinds:
        return "super", ""
    if profile.kinds == {"text"} and (pair := profile.boolean_pair):
        return "boolean", "" if "true" in pair else f"a guess from {'/'.join(sorted(pair, reverse=True))}"
    return _moment(name, profile, found)


def _moment(name: str, profile: Profile, found: Options) -> tuple[str, str]:
    moments = profile.moments
    if is_date(name, profile) and found.dateformat in moments.dates:
        return "date", ""
    if profile.is_text and moments.times and found.timeformat in moments.times:
        return _timestamp(moments.zones)
    return ("time", "") if moments.is_time_of_day and profile.is_text else ("", "")


def _timestamp(zones: set[str]) -> tuple[str, str]:
    return ("timestamptz", "stored in UTC: values have a time zone") if zones else ("timestamp", "")


def _number(name: str, profile: Profile) -> tuple[str, str]:
    numbers = profile.numbers
    if numbers.is_endless or numbers.has_exponent:
        is_cut = all(map(_CUT.fullmatch, profile.distinct))
        return "double precision", "if these are codes, Excel has cut their digits: ask for texts" if is_cut else ""
    if numbers.is_integer:
        return _whole_number(name, profile)
    scale = max(numbers.scale, _HEADROOM) + _HEADROOM
    digits = numbers.whole_digits + _HEADROOM + scale
    if numbers.scale <= _MONEY_SCALE and digits <= DECIMAL_DIGITS:
        is_guess = numbers.may_have_dotted_groups and profile.kinds == {"text"}
        return f"decimal({digits},{scale})", "a guess: its dots may be thousands separators" if is_guess else ""
    if numbers.is_exact_double:
        return "double precision", ""
    digits = numbers.whole_digits + numbers.scale
    return (f"decimal({digits},{numbers.scale})", "exact, which double precision is not") if _fits(digits) else ("", "")


def _fits(digits: int) -> bool:
    return digits < DECIMAL_DIGITS


def _whole_number(name: str, profile: Profile) -> tuple[str, str]:
    """Leave room for twice the greatest value, and for more if the name suggests a counter."""
    most = max(profile.numbers.greatest, -profile.numbers.least)
    fitting = [type_ for type_, limit in _WHOLE if most * 2 < limit] or [
        type_ for type_, limit in _WHOLE if most < limit
    ]
    if not fitting:
        digits = len(str(most)) + 2
        return (f"decimal({min(digits, DECIMAL_DIGITS)},0)", "") if len(str(most)) <= DECIMAL_DIGITS else ("", "")
    grows = fitting[0] == "smallint" and _GROWS.search(name)
    return ("integer" if grows else fitting[0]), ""


def _text(profile: Profile, found: Options, strange: Sequence[str]) -> tuple[str, str]:
    longest = max([profile.longest_bytes, *map(len, strange)])
    length = _length(longest)
    if longest > MAX_VARCHAR_BYTES:
        return f"varchar({MAX_VARCHAR_BYTES})", f"the longest value has {longest:,} bytes, so its row is rejected"
    return f"varchar({length})", reason_for_text(profile, found, strange)


def _length(longest: int) -> int:
    wanted = max(longest + (longest + 3) // 4, _LEAST_VARCHAR)
    return min(1 << (wanted - 1).bit_length(), MAX_VARCHAR_BYTES)


def _is_number(profile: Profile, found: Options) -> bool:
    numbers = profile.numbers
    if profile.kinds == {"number"}:
        return numbers.is_numeric
    return profile.kinds == {"text"} and numbers.is_number and not has_separators(profile, found)
