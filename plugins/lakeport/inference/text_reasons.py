"""Choose a column's type from its values in a sample, as a person would."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lakeport.inference.moments import AUTO, COMPACT_DATE, DEFAULT_DATE, DEFAULT_TIME
from lakeport.inference.profile import Profile

_WHOLE = (("smallint", 2**15), ("integer", 2**31), ("bigint", 2**63))
_DECIMAL_DIGITS = 38
_MONEY_SCALE = 4
_GROWS = re.compile(r"(^|_)(id|key|no|number|count|nr|total|population|rows?)$")
_IS_DATE = re.compile(r"(^|_)(date|day|dt|on|datum|ymd)(_|$)|date")
MAX_VARCHAR_BYTES = 65535
_LEAST_VARCHAR = 8
_UNKNOWN_VARCHAR = 256
_NOT_A_NUMBER = {"NaN", "nan"}
_HEADROOM = 2
_CUT = re.compile(r"\d\.\d{1,5}E\+1\d")  # 4.00638E+12, as Excel writes a code of 13 digits
_PLAIN = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)", re.ASCII)
# Numbers with a currency, percent or unusual minus sign, in parentheses, or with blanks or apostrophes in them.
_SIGNS = r"$\u00a3\u20ac\u00a5"
_DECORATED = re.compile(
    rf"\s*(?:[-+\u2212(]|[{_SIGNS}]|[A-Z]{{3}}\s)*\s*\d[\d.,'\u2019\u00a0\u202f ]*(?:[-)%{_SIGNS}]|\s|[A-Z]{{3}})*"
)
_DOTTED_DATE = re.compile(r"\d+\.\d+\.\d+")


@dataclass
class Options:
    """The options that COPY needs to read the values, and a note for each one that is a guess.

    `has_decimal_commas` is not an option: it decides what dots in numbers mean.
    """

    null_as: str | None = None
    dateformat: str | None = None
    timeformat: str | None = None
    has_decimal_commas: bool = False
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """A column's type, whether it is required, and a note if the type is a guess."""

    type: str
    is_required: bool
    note: str = ""


def options(profiles: Mapping[str, Profile]) -> Options:
    """Choose the null marker, the date format and the time format that fit most columns; COPY takes one of each."""
    found = Options(null_as=_null_marker(list(profiles.values())))
    found.has_decimal_commas = any(
        profile.values and profile.numbers.has_decimal_commas for profile in profiles.values()
    )
    readable = {
        name: profile
        for name, profile in profiles.items()
        if profile.values and _is_text(profile) and not _strange(profile, found.null_as)
    }
    dates = [profile.moments.dates for name, profile in readable.items() if _is_date(name, profile)]
    times = [profile.moments.times for profile in readable.values() if profile.moments.times]
    found.dateformat = _shared(dates)
    found.timeformat = _shared(times)
    if dates and _is_ambiguous([set(each) for each in dates], found.dateformat):
        found.notes["dateformat"] = "a guess: no day is above 12, so days and months may be swapped"
    elif re.search(r"(?<!Y)YY(?!Y)", found.dateformat or ""):
        found.notes["dateformat"] = "a guess: the years have two digits, so COPY chooses the century"
    if found.null_as is not None:
        found.notes["null_as"] = f"a guess: {found.null_as} means NULL"
    return found


def choose(name: str, profile: Profile, found: Options, rows: int) -> Choice:
    """Choose one column's type."""
    strange = _strange(profile, found.null_as)
    is_required = rows > 0 and profile.rows == rows and not profile.empty and not profile.markers[found.null_as or ""]
    type_, note = ("", "") if strange else _special(name, profile, found)
    if not type_ and _is_number(profile, found) and set(strange) <= _NOT_A_NUMBER:
        type_, note = _number(name, profile) if not strange else ("double precision", "NaN is kept: it is not NULL")
    if not type_:
        type_, note = _text(profile, found, strange)
    return Choice(type_, is_required and bool(profile.values or strange), note)


def as_text(choice: Choice, profile: Profile, reason: str) -> Choice:
    """Return text as the type instead, because of a value that does not fit the chosen type."""
    length = _length(max([profile.longest_bytes, *map(len, profile.markers)]))
    return replace(choice, type=f"varchar({length})", note=f"text, because of {reason}")


def _strange(profile: Profile, null_as: str | None) -> list[str]:
    """Return the markers that are loaded as values, because only one text can mean NULL."""
    return sorted(marker for marker in profile.markers if marker != null_as)


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
    if _is_date(name, profile) and found.dateformat in moments.dates:
        return "date", ""
    if _is_text(profile) and moments.times and found.timeformat in moments.times:
        return _timestamp(moments.zones)
    return ("time", "") if moments.is_time_of_day and _is_text(profile) else ("", "")


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
    if numbers.scale <= _MONEY_SCALE and digits <= _DECIMAL_DIGITS:
        is_guess = numbers.may_have_dotted_groups and profile.kinds == {"text"}
        return f"decimal({digits},{scale})", "a guess: its dots may be thousands separators" if is_guess else ""
    if numbers.is_exact_double:
        return "double precision", ""
    digits = numbers.whole_digits + numbers.scale
    return (f"decimal({digits},{numbers.scale})", "exact, which double precision is not") if _fits(digits) else ("", "")


def _fits(digits: int) -> bool:
    return digits < _DECIMAL_DIGITS


def _whole_number(name: str, profile: Profile) -> tuple[str, str]:
    """Leave room for twice the greatest value, and for more if the name suggests a counter."""
    most = max(profile.numbers.greatest, -profile.numbers.least)
    fitting = [type_ for type_, limit in _WHOLE if most * 2 < limit] or [
        type_ for type_, limit in _WHOLE if most < limit
    ]
    if not fitting:
        digits = len(str(most)) + 2
        return (f"decimal({min(digits, _DECIMAL_DIGITS)},0)", "") if len(str(most)) <= _DECIMAL_DIGITS else ("", "")
    grows = fitting[0] == "smallint" and _GROWS.search(name)
    return ("integer" if grows else fitting[0]), ""


def _text(profile: Profile, found: Options, strange: Sequence[str]) -> tuple[str, str]:
    longest = max([profile.longest_bytes, *map(len, strange)])
    length = _length(longest)
    if longest > MAX_VARCHAR_BYTES:
        return f"varchar({MAX_VARCHAR_BYTES})", f"the longest value has {longest:,} bytes, so its row is rejected"
    return f"varchar({length})", _reason_for_text(profile, found, strange)


def _length(longest: int) -> int:
    wanted = max(longest + (longest + 3) // 4, _LEAST_VARCHAR)
    return min(1 << (wanted - 1).bit_length(), MAX_VARCHAR_BYTES)


def _reason_for_text(profile: Profile, found: Options, strange: Sequence[str]) -> str:
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
    if profile.numbers.is_written_with_commas and _has_separators(profile, found):
        return "COPY reads neither decimal commas nor thousands separators"
    for what, formats, used in (
        ("date", profile.moments.dates, found.dateformat),
        ("time", profile.moments.times, found.timeformat),
    ):
        if formats and used not in formats:
            return f"COPY takes one {what} format, here {used}, and these {what}s are {formats[0]}"
    if profile.numbers.is_numeric:
        return f"a decimal has at most {_DECIMAL_DIGITS} digits"
    return _reason_against_number(sorted(value.strip() for value in profile.distinct))


def _reason_against_number(values: Sequence[str]) -> str:
    odd = [value for value in values if not _PLAIN.fullmatch(value)]
    if not odd:
        return "some values are not numbers"  # they are not among the first ones, which are kept
    if all(map(_DECORATED.fullmatch, values)) and not any(map(_DOTTED_DATE.fullmatch, odd)):
        return f"COPY reads no number that is written like {odd[0]!r}"
    return f"of {odd[0]!r}; most values are numbers" if len(odd) * 2 < len(values) else ""


def _has_separators(profile: Profile, found: Options) -> bool:
    """Return whether the numbers have separators that COPY does not read, by what the whole file has."""
    numbers = profile.numbers
    is_dotted = numbers.has_dotted_groups or (numbers.may_have_dotted_groups and found.has_decimal_commas)
    return is_dotted or numbers.has_decimal_commas or numbers.has_comma_groups


def _is_date(name: str, profile: Profile) -> bool:
    dates = profile.moments.dates
    if dates == [COMPACT_DATE]:
        return bool(_IS_DATE.search(name))
    return bool(dates) and _is_text(profile)


def _is_text(profile: Profile) -> bool:
    return profile.kinds in ({"text"}, {"string"})


def _is_number(profile: Profile, found: Options) -> bool:
    numbers = profile.numbers
    if profile.kinds == {"number"}:
        return numbers.is_numeric
    return profile.kinds == {"text"} and numbers.is_number and not _has_separators(profile, found)


def _shared(columns: Sequence[Sequence[str]]) -> str | None:
    """Return the format that reads most columns; the first if several do, as they are in order of preference."""
    counts = Counter(format_ for formats in columns for format_ in formats)
    most = max(counts.values(), default=0)
    best = [format_ for formats in columns for format_ in formats if counts[format_] == most]
    for preferred in (DEFAULT_DATE, DEFAULT_TIME):
        if preferred in best:
            return preferred
    return next((format_ for format_ in best if format_ != AUTO), best[0] if best else None)


def _is_ambiguous(columns: Sequence[set[str]], date_format: str | None) -> bool:
    swapped = (date_format or "").replace("DD", "~").replace("MM", "DD").replace("~", "MM")
    return swapped != date_format and all(swapped in formats for formats in columns)


def _null_marker(profiles: Sequence[Profile]) -> str | None:
    """Return the text that means NULL: the one that keeps most columns from a more specific type than text.

    COPY takes one for all columns: a text that is a code in another column, as NA is among countries, is not used.
    """
    rescued = Counter(
        next(iter(profile.markers))
        for profile in profiles
        if len(profile.markers) == 1 and profile.has_type and not _is_endless(profile)
    )
    best = [marker for marker, _ in rescued.most_common() if not any(_is_code(marker, each) for each in profiles)]
    return best[0] if best else None


def _is_endless(profile: Profile) -> bool:
    """Return whether NaN is a number here, because infinity is."""
    return profile.numbers.is_endless and set(profile.markers) <= _NOT_A_NUMBER


def _is_code(marker: str, profile: Profile) -> bool:
    is_text = profile.markers[marker] and profile.values and not profile.has_type
    return bool(is_text and marker.isalpha() and all(_is_alike(marker, value) for value in profile.distinct))


def _is_alike(code: str, value: str) -> bool:
    return len(value) == len(code) and value.isalpha() and value.isupper() == code.isupper()
