"""Dates and timestamps of years that have not four digits, which Arrow does not write as PostgreSQL reads them.

Redshift's range is 4713 BC to 294276 AD (Datetime types).
"""

import datetime as dt

import pyarrow as pa
import pyarrow.compute as pc

FIRST_DAY, LAST_DAY = -2_440_588, 106_762_939
"""November 24, 4714 BC, which is January 1, 4713 BC in the Julian calendar, and December 31, 294276."""
_FOUR_DIGITS = (-719_162, 2_932_896)
_EPOCH = dt.date(1970, 1, 1).toordinal()
_CYCLE_DAYS, _CYCLE_YEARS = 146_097, 400
_DAY_MICROSECONDS = 86_400_000_000


def written(array: pa.Array) -> pa.Array:
    """Return dates, or timestamps of microseconds, that PostgreSQL reads; raises OverflowError beyond the range."""
    per_day = 1 if pa.types.is_date(array.type) else _DAY_MICROSECONDS
    numbers = array.cast(pa.int32() if per_day == 1 else pa.int64())
    span = pc.min_max(numbers).as_py()
    if span["min"] is None or (_FOUR_DIGITS[0] <= span["min"] // per_day and span["max"] // per_day <= _FOUR_DIGITS[1]):
        return array
    if span["min"] // per_day < FIRST_DAY or span["max"] // per_day > LAST_DAY:
        raise OverflowError(span)
    zone = "+00" if pa.types.is_timestamp(array.type) and array.type.tz else ""
    texts = [None if value is None else _text(value, per_day, zone) for value in numbers.to_pylist()]
    return pa.array(texts, pa.string())


def _text(value: int, per_day: int, zone: str) -> str:
    days, rest = divmod(value, per_day)
    cycles, day = divmod(days, _CYCLE_DAYS)
    date = dt.date.fromordinal(_EPOCH + day)
    year = date.year + cycles * _CYCLE_YEARS
    time = dt.datetime(1, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=rest)
    clock = f" {time.time().isoformat()}{zone}" if per_day > 1 else ""
    return f"{year if year > 0 else 1 - year:04}-{date:%m-%d}{clock}{'' if year > 0 else ' BC'}"
