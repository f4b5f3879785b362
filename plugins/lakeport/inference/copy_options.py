"""Choose the options of COPY that all columns share: the text that means NULL, the date and time formats."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lakeport.inference.moments import AUTO, COMPACT_DATE, DEFAULT_DATE, DEFAULT_TIME
from lakeport.inference.profile import NOT_A_NUMBER, Profile

_IS_DATE = re.compile(r"(^|_)(date|day|dt|on|datum|ymd)(_|$)|date")


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


def options(profiles: Mapping[str, Profile]) -> Options:
    """Choose the null marker, the date format and the time format that fit most columns; COPY takes one of each."""
    found = Options(null_as=_null_marker(list(profiles.values())))
    found.has_decimal_commas = any(
        profile.values and profile.numbers.has_decimal_commas for profile in profiles.values()
    )
    readable = {
        name: profile
        for name, profile in profiles.items()
        if profile.values and profile.is_text and not profile.markers_kept(found.null_as)
    }
    dates = [profile.moments.dates for name, profile in readable.items() if is_date(name, profile)]
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


def is_date(name: str, profile: Profile) -> bool:
    """Return whether a column has dates; eight digits are dates only if the name suggests it."""
    dates = profile.moments.dates
    if dates == [COMPACT_DATE]:
        return bool(_IS_DATE.search(name))
    return bool(dates) and profile.is_text


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
    return profile.numbers.is_endless and set(profile.markers) <= NOT_A_NUMBER


def _is_code(marker: str, profile: Profile) -> bool:
    has_texts = profile.markers[marker] and profile.values and not profile.has_type
    return bool(has_texts and marker.isalpha() and all(_is_alike(marker, value) for value in profile.distinct))


def _is_alike(code: str, value: str) -> bool:
    return len(value) == len(code) and value.isalpha() and value.isupper() == code.isupper()
