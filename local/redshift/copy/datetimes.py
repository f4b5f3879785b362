"""Dates and times as COPY reads them: DATEFORMAT and TIMEFORMAT strings, epochs, and what 'auto' recognises."""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache

DEFAULT_DATE = "YYYY-MM-DD"
DEFAULT_TIMESTAMP = "YYYY-MM-DD HH:MI:SS"
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
UNIX_DAY_OF_JULIAN = 2440588
FIRST_SHORT_YEAR = 70  # 70 is 1970, 69 is 2069
NOON = 12


class BeforeChrist(dt.datetime):
    """A moment in a year before Christ, which the library does not have: its year counts backwards."""

    def isoformat(self, sep: str = "T", timespec: str = "auto") -> str:
        return f"{super().isoformat(sep, timespec)} BC"


Moment = dt.datetime
Parser = Callable[[str], Moment]
"""Reads a whole value or raises ValueError; an aware result had a time zone."""

_ELEMENTS = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<short_year>\d{2})",
    "MM": r"(?P<month>\d{1,2})",
    "MON": r"(?P<month_name>[A-Za-z]{3,9})",
    "DD": r"(?P<day>\d{1,2})",
    "HH24": r"(?P<hour>\d{1,2})",
    "HH12": r"(?P<hour>1[0-2]|0?[1-9])",
    "HH": r"(?P<hour>\d{1,2})",
    "MI": r"(?P<minute>\d{1,2})",
    "SS": r"(?P<second>\d{1,2})(?:\.(?P<fraction>\d{1,6})\d*)?",
    "AM": r"(?P<half>[AaPp][Mm])",
    "PM": r"(?P<half>[AaPp][Mm])",
}
_ZONE_ELEMENTS = ("TZ", "tz", "OF")
"""What SQL's formats call a time zone; COPY's have none."""
_ELEMENT = re.compile("|".join(sorted(_ELEMENTS, key=len, reverse=True)), re.IGNORECASE)
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_ZONE = r"(?P<zone>Z|[A-Za-z]{3,4}|[+-]\d{2}(?::?\d{2})?)"
_ZONES = {"Z": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5}
_ZONES |= {"MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "CET": 1, "CEST": 2}

_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,6})\d*)?)?(?: ?(?P<half>[AP]M))?"
)
_PACKED_CLOCK = r"(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})"
_JULIAN = r"J(?P<julian>\d{1,7})"
_TIME = rf"(?:[T ](?:{_CLOCK})\s*{_ZONE}?)?"
_PACKED_DATES = (
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
    r"(?P<short_year>\d{2})(?P<month>\d{2})(?P<day>\d{2})",
)
_DATES = (
    r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
    r"(?P<month>\d{1,2})[-/.](?P<day>\d{1,2})[-/.](?P<year>\d{4})",
    r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
    r"(?P<month>\d{1,2})[-/.](?P<day>\d{1,2})[-/.](?P<short_year>\d{2})",
    r"(?P<month_name>[A-Za-z]{3,9})[- ](?P<day>\d{1,2})(?:,? |-)(?P<year>\d{4})",
    r"(?P<month_name>[A-Za-z]{3,9})[- ](?P<day>\d{1,2})(?:,? |-)(?P<short_year>\d{2})",
    r"(?P<day>\d{1,2})[- ](?P<month_name>[A-Za-z]{3,9})[- ](?P<year>\d{4})",
    *_PACKED_DATES,
    r"(?P<year>\d{4})\.(?P<day_of_year>\d{3})",
    _JULIAN,
)
_AUTO = (
    # AWS shows such a moment without its fraction.
    rf"{_JULIAN} (?P<hour>\d{{1,2}}):(?P<minute>\d{{2}}):(?P<second>\d{{2}})\.\d+",
    *(rf"{date}{_TIME}(?P<before_christ> BC)?" for date in _DATES),
    *(rf"{date} {_PACKED_CLOCK}" for date in _PACKED_DATES),
    rf"(?P<day>\d{{1,2}}) (?P<month_name>[A-Za-z]{{3,9}}) {_CLOCK} (?P<year>\d{{4}})(?: {_ZONE})?",
)


def parser(time_format: str) -> Parser:
    """Return the reader of a DATEFORMAT or TIMEFORMAT; its keywords count only in lower case."""
    if time_format == "auto":
        return _reader(_auto_patterns())
    if time_format == "epochsecs":
        return lambda value: _epoch(value, 1_000_000)
    if time_format == "epochmillisecs":
        return lambda value: _epoch(value, 1_000)
    return _reader([_compiled(time_format)])


def with_zone(time_format: str) -> Parser:
    """Return the reader of a format that an offset may follow; TIMESTAMPTZ heeds it, TIMESTAMP does not."""
    return _reader([re.compile(_pattern(time_format) + r"(?P<zone>[+-]\d{1,2}(?::?\d{2})?)?\Z")])


def with_clock(time_format: str) -> Parser:
    """Return the reader of a date that may be followed by a time of day, as DATE takes it."""
    return _reader([re.compile(_pattern(time_format) + r"(?:[T ][\d:.]+)?\Z")])


@lru_cache(maxsize=1)
def _auto_patterns() -> list[re.Pattern[str]]:
    return [re.compile(pattern + r"\Z", re.IGNORECASE) for pattern in _AUTO]


def _compiled(time_format: str) -> re.Pattern[str]:
    return re.compile(_pattern(time_format) + r"\Z")


def _pattern(time_format: str) -> str:
    """Translate a format; text between its elements stands for itself, and one with a time zone fits nothing."""
    if any(element in time_format for element in _ZONE_ELEMENTS):
        return r"(?!)"
    parts, at, used = [], 0, set()
    for found in _ELEMENT.finditer(time_format):
        element = found.group().upper()
        parts.append(re.escape(time_format[at : found.start()]))
        parts.append(_ELEMENTS[element] if element not in used else re.escape(found.group()))
        used.add(element)
        at = found.end()
    return "".join([*parts, re.escape(time_format[at:])])


def _reader(patterns: Iterable[re.Pattern[str]]) -> Parser:
    def read(value: str) -> Moment:
        for pattern in patterns:
            if found := pattern.match(value):
                with suppress(ValueError):
                    return _moment({name: part for name, part in found.groupdict().items() if part})
        raise ValueError(value)

    return read


def _moment(parts: dict[str, str]) -> Moment:
    day = _day(parts)
    zone = _zone(parts["zone"]) if "zone" in parts else None
    fraction = int(parts.get("fraction", "0").ljust(6, "0"))
    time = dt.time(_hour(parts), int(parts.get("minute", 0)), int(parts.get("second", 0)), fraction)
    kind = BeforeChrist if "before_christ" in parts else dt.datetime
    return kind.combine(day, time, zone)


def _day(parts: dict[str, str]) -> dt.date:
    if "julian" in parts:
        return dt.date.fromordinal(int(parts["julian"]) - UNIX_DAY_OF_JULIAN + EPOCH.toordinal())
    if "day_of_year" in parts:
        return dt.date(int(parts["year"]), 1, 1) + dt.timedelta(days=int(parts["day_of_year"]) - 1)
    month = _month(parts["month_name"]) if "month_name" in parts else int(parts.get("month", 1))
    return dt.date(_year(parts), month, int(parts.get("day", 1)))


def _year(parts: dict[str, str]) -> int:
    if "year" in parts:
        return int(parts["year"])
    if "short_year" not in parts:
        raise ValueError("no year")
    short = int(parts["short_year"])
    if "before_christ" in parts:
        return short
    return short + (2000 if short < FIRST_SHORT_YEAR else 1900)


def _month(name: str) -> int:
    for number, month in enumerate(_MONTHS, 1):
        if month.startswith(name.lower()) and len(name) in (3, len(month)):
            return number
    raise ValueError(name)


def _hour(parts: dict[str, str]) -> int:
    hour = int(parts.get("hour", 0))
    if "half" not in parts:
        return hour
    if not 1 <= hour <= NOON:
        raise ValueError(parts["hour"])
    return hour % NOON + (NOON if parts["half"].upper() == "PM" else 0)


def _zone(name: str) -> dt.timezone:
    if name[0] not in "+-":
        if name.upper() not in _ZONES:
            raise ValueError(name)
        return dt.timezone(dt.timedelta(hours=_ZONES[name.upper()]))
    hours, _, minutes = name[1:].partition(":")
    if not minutes:
        hours, minutes = name[1:3], name[3:]
    offset = dt.timedelta(hours=int(hours), minutes=int(minutes or 0))
    return dt.timezone(offset if name[0] == "+" else -offset)


def _epoch(value: str, microseconds: int) -> Moment:
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?", value):
        raise ValueError(value)
    whole, _, fraction = value.partition(".")
    sign = -1 if value.startswith("-") else 1
    part = int(fraction[:6].ljust(6, "0")) * microseconds // 1_000_000
    try:
        return EPOCH + dt.timedelta(microseconds=int(whole) * microseconds + sign * part)
    except OverflowError:
        raise ValueError(value) from None
