"""Choose a column's type from its values in a sample, as a person would."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lakeport.inference.moments import AUTO, COMPACT_DATE, DEFAULT_DATE, DEFAULT_TIME
from lakeport.inference.profile import CLEAR_MARKERS, Profile

_WHOLE = (("smallint", 2**15), ("integer", 2**31), ("bigint", 2**63))
_DECIMAL_DIGITS = 38
_MONEY_SCALE = 4
_GROWS = re.compile(r"(^|_)(id|key|no|number|count|nr|total|population|rows?)$")
_IS_DATE = re.compile(r"(^|_)(date|day|dt|on|datum|ymd)(_|$)|date")
_MAX_VARCHAR = 65535
_LEAST_VARCHAR = 8
_UNKNOWN_VARCHAR = 256
_CODE_LENGTH = 2
_DOUBTFUL = ("NA", "-", "--", "?", ".", "none")


@dataclass
class Options:
    """The options that COPY needs to read the values, and a note for each one that is a guess."""

    null_as: str | None = None
    dateformat: str | None = None
    timeformat: str | None = None
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
    if found.null_as in _DOUBTFUL:
        found.notes["null_as"] = f"a guess: {found.null_as} means NULL"
    return found


def choose(name: str, profile: Profile, found: Options, rows: int) -> Choice:
    """Choose one column's type."""
    strange = _strange(profile, found.null_as)
    is_required = rows > 0 and profile.rows == rows and not profile.empty and not profile.markers[found.null_as or ""]
    type_, note = ("", "") if strange else _special(name, profile, found)
    if not type_ and not strange and _is_number(profile):
        type_, note = _number(name, profile)
    if not type_:
        type_, note = _text(profile, strange)
    return Choice(type_, is_required and bool(profile.values or strange), note)


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
    if not zones:
        return "timestamp", ""
    is_utc = zones <= {"Z", "UTC", "GMT"}
    return ("timestamp", "in UTC") if is_utc else ("timestamptz", "")


def _number(name: str, profile: Profile) -> tuple[str, str]:
    if profile.has_exponent:
        return "double precision", ""
    if profile.is_integer:
        return _whole_number(name, profile)
    digits = profile.whole_digits + 2 + max(profile.scale, 2)
    if profile.scale <= _MONEY_SCALE and digits <= _DECIMAL_DIGITS:
        return f"decimal({digits},{max(profile.scale, 2)})", ""
    return "double precision", ""


def _whole_number(name: str, profile: Profile) -> tuple[str, str]:
    """Leave room for twice the greatest value, and for more if the name suggests a counter."""
    most = max(profile.greatest, -profile.least)
    fitting = [type_ for type_, limit in _WHOLE if most * 2 < limit] or [
        type_ for type_, limit in _WHOLE if most < limit
    ]
    if not fitting:
        digits = len(str(most)) + 2
        return (f"decimal({min(digits, _DECIMAL_DIGITS)},0)", "") if len(str(most)) <= _DECIMAL_DIGITS else ("", "")
    grows = fitting[0] == "smallint" and _GROWS.search(name)
    return ("integer" if grows else fitting[0]), ""


def _text(profile: Profile, strange: Sequence[str]) -> tuple[str, str]:
    longest = max([profile.longest_bytes, *map(len, strange)])
    wanted = max(longest + (longest + 3) // 4, _LEAST_VARCHAR)
    length = min(1 << (wanted - 1).bit_length(), _MAX_VARCHAR)
    if longest > _MAX_VARCHAR:
        return f"varchar({_MAX_VARCHAR})", f"the longest value has {longest:,} bytes, so its row is rejected"
    if strange and profile.has_type:
        return f"varchar({length})", f"text, because it also has the values {', '.join(strange)}"
    if profile.is_zero_led and profile.is_number:
        return f"varchar({length})", "text, because a number has no leading zeros"
    return f"varchar({length})", ""


def _is_date(name: str, profile: Profile) -> bool:
    dates = profile.moments.dates
    if dates == [COMPACT_DATE]:
        return bool(_IS_DATE.search(name))
    return bool(dates) and _is_text(profile)


def _is_text(profile: Profile) -> bool:
    return profile.kinds in ({"text"}, {"string"})


def _is_number(profile: Profile) -> bool:
    return profile.is_number and not profile.is_zero_led and profile.kinds in ({"text"}, {"number"})


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
    """Return the text that means NULL: the one that keeps most columns from a better type than text, or a clear one."""
    rescued: Counter[str] = Counter()
    in_text: Counter[str] = Counter()
    for profile in profiles:
        markers = list(profile.markers)
        if len(markers) == 1 and profile.has_type:
            rescued[markers[0]] += 1
        elif profile.values and any(len(value) != _CODE_LENGTH for value in profile.distinct):
            in_text.update(marker for marker in markers if marker in CLEAR_MARKERS)
    best = rescued.most_common(1) or in_text.most_common(1)
    return best[0][0] if best else None
