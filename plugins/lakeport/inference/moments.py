"""Find the DATEFORMAT or TIMEFORMAT with which COPY reads the dates and times of a sample."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PARTS = {
    "YYYY": r"(?P<y>\d{4})",
    "YY": r"(?P<yy>\d{2})",
    "MM": r"(?P<m>\d{1,2})",
    "MON": r"(?P<mon>[A-Za-z]{3})",
    "DD": r"(?P<d>\d{1,2})",
    "HH": r"(?P<h>\d{1,2})",
    "MI": r"(?P<mi>\d{2})",
    "SS": r"(?P<s>\d{2})(?:\.\d{1,6})?",
}
_PART = re.compile("|".join(sorted(_PARTS, key=len, reverse=True)))
_ZONE = r"(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)"
_CLOCK = r"(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:\.\d{1,6})?)?(?: ?(?P<half>[AaPp][Mm]))?"
_AUTO_DATES = (
    r"(?P<y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})",
    r"(?P<m>\d{1,2})([-/.])(?P<d>\d{1,2})\2(?P<y>\d{4})",
    r"(?P<mon>[A-Za-z]{3}) (?P<d>\d{1,2}),? (?P<y>\d{4})",
    r"(?P<d>\d{1,2})[- ](?P<mon>[A-Za-z]{3})[- ](?P<y>\d{4})",
)
DEFAULT_DATE = "YYYY-MM-DD"
DEFAULT_TIME = "YYYY-MM-DD HH:MI:SS"
AUTO = "auto"
# In order of preference: the default, then the most specific, auto last.
_DATE_FORMATS = (
    *(DEFAULT_DATE, "YYYY/MM/DD", "YYYY.MM.DD", "YYYYMMDD", "MM/DD/YYYY", "DD/MM/YYYY", "DD.MM.YYYY", "MM-DD-YYYY"),
    *("DD-MM-YYYY", "DD-MON-YYYY", "DD MON YYYY", "MON DD YYYY", "MM/DD/YY", "DD/MM/YY", "DD-MON-YY"),
)
_DAY_FIRST = ("DD/MM/YYYY", "DD.MM.YYYY", "DD-MM-YYYY")
_TIME_FORMATS = (DEFAULT_TIME, *(f"{day} {clock}" for day in _DAY_FIRST for clock in ("HH:MI:SS", "HH:MI")))
DATE_FORMATS = (*_DATE_FORMATS, AUTO)
TIME_FORMATS = (DEFAULT_TIME, AUTO, *_TIME_FORMATS[1:])
COMPACT_DATE = "YYYYMMDD"
_LAST_HOUR, _LAST_MINUTE = 23, 59


def _pattern(format_: str) -> re.Pattern[str]:
    return re.compile(_PART.sub(lambda part: _PARTS[part[0]], re.escape(format_).replace(r"\ ", " ")))


_AUTO_DATE = [re.compile(day) for day in _AUTO_DATES]
_AUTO_TIME = [re.compile(rf"{day}[T ]{_CLOCK}\s*{_ZONE}?") for day in _AUTO_DATES]
_DATES = {format_: [_pattern(format_)] for format_ in _DATE_FORMATS} | {AUTO: _AUTO_DATE}
_TIMES = {format_: [_pattern(format_)] for format_ in _TIME_FORMATS} | {AUTO: _AUTO_TIME}
_TIME_OF_DAY = re.compile(r"(?P<h>\d{2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:\.\d{1,6})?)?")


@dataclass
class Moments:
    """Which formats read every value seen so far."""

    dates: list[str] = field(default_factory=lambda: list(DATE_FORMATS))
    times: list[str] = field(default_factory=lambda: list(TIME_FORMATS))
    is_time_of_day: bool = True
    zones: set[str] = field(default_factory=set)

    def add(self, values: Iterable[str]) -> None:
        """Drop the formats that do not read these values."""
        for value in values:
            if self.dates:
                self.dates = [format_ for format_ in self.dates if _reads(_DATES[format_], value)]
            if self.times:
                self.times = [format_ for format_ in self.times if self._reads_time(format_, value)]
            if self.is_time_of_day:
                self.is_time_of_day = reads_time_of_day(value)
            if not (self.dates or self.times or self.is_time_of_day):
                return

    def _reads_time(self, format_: str, value: str) -> bool:
        found = _reads(_TIMES[format_], value)
        if found and found.get("zone"):
            self.zones.add(found["zone"])
        return bool(found)


def reads_date(format_: str, value: str) -> bool:
    """Return whether a DATEFORMAT reads a value; True for a format that is not among those that are inferred."""
    return format_ not in _DATES or bool(_reads(_DATES[format_], value))


def reads_time(format_: str, value: str) -> bool:
    """Return whether a TIMEFORMAT reads a value; True for a format that is not among those that are inferred."""
    return format_ not in _TIMES or bool(_reads(_TIMES[format_], value))


def reads_time_of_day(value: str) -> bool:
    """Return whether a value is a time of day that COPY reads."""
    found = _TIME_OF_DAY.fullmatch(value)
    return bool(found and _is_clock(found.groupdict()))


def _reads(patterns: list[re.Pattern[str]], value: str) -> dict[str, str] | None:
    for pattern in patterns:
        found = pattern.fullmatch(value)
        if found and _is_day(parts := found.groupdict()) and _is_clock(parts):
            return parts
    return None


def _is_day(parts: dict[str, str]) -> bool:
    month = parts.get("mon")
    if month and month.lower() not in _MONTHS:
        return False
    number = _MONTHS.index(month.lower()) + 1 if month else int(parts["m"])
    try:
        date(int(parts.get("y") or "20" + parts["yy"]), number, int(parts["d"]))
    except ValueError:
        return False
    return True


def _is_clock(parts: dict[str, str]) -> bool:
    hour, minute, second = (int(parts.get(name) or 0) for name in ("h", "mi", "s"))
    return hour <= _LAST_HOUR and minute <= _LAST_MINUTE and second <= _LAST_MINUTE
