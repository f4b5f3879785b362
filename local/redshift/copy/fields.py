"""The one authority on whether a field fits its column, and on what is stored: text in, text for PostgreSQL out.

The vectorised path only decides that a whole chunk is clean; this module reads every doubtful field.
"""

import datetime as dt
import json
import re
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP
from functools import partial

from local.redshift.copy import datetimes, numeric, utf8
from local.redshift.copy.columns import Column, Type
from local.redshift.copy.options import CopyOptions
from local.redshift.protocol.errors import FieldError

Converter = Callable[[str], str | None]
"""Turns a field into what PostgreSQL stores, None for NULL; raises FieldError."""

BLANKS = " \t\n\r\v\f"
BOOLEANS = {
    **dict.fromkeys(("t", "true", "y", "yes", "1"), "true"),
    **dict.fromkeys(("f", "false", "n", "no", "0"), "false"),
}
_SHORTEST_DATE = 10


def converter(column: Column, options: CopyOptions) -> Converter:
    """Return the column's conversion, NULL AS and the blank rules included."""
    convert = _character(column, options) if column.type.is_character else _scalar(column, options)

    def convert_or_null(value: str) -> str | None:
        if value == options.null_as:
            return null(column)
        if "\0" in value:
            raise _nul_byte(value, options)
        stored = convert(value)
        return null(column) if stored is None else stored

    return convert_or_null


def absent(column: Column, options: CopyOptions) -> str | None:
    """Return what FILLRECORD puts where the record has ended: '' for VARCHAR, NULL for the rest."""
    is_empty = column.type is Type.VARCHAR and not options.empty_as_null and not options.format.is_columnar
    return "" if is_empty else null(column)


def null(column: Column) -> str | None:
    """Return NULL, which a NOT NULL column does not take."""
    if column.is_required:
        raise FieldError(1213, "Missing data for not-null field")
    return None


def _nul_byte(value: str, options: CopyOptions) -> FieldError:
    if options.null_as == "\0":
        return FieldError(1218, "NULL AS '\\0' stands for a field that is one NUL byte; this one holds more")
    at = value.index("\0") + 1
    found = f"0x{ord(value[at]):x}" if at < len(value) else "end of field"
    return FieldError(1216, f"Missing newline: Unexpected character {found} found at location {at}")


def _character(column: Column, options: CopyOptions) -> Converter:
    fit = partial(_varchar if column.type is Type.VARCHAR else _char, column=column, options=options)

    def convert(value: str) -> str | None:
        if (options.empty_as_null and not value) or (options.blanks_as_null and value and not value.strip(BLANKS)):
            return None
        return fit(value)

    return convert


def _varchar(value: str, column: Column, options: CopyOptions) -> str:
    value = utf8.repaired(value, options.replacement)
    if options.trim_blanks:
        value = value.rstrip(BLANKS)
    return _within(value, column, options, "String length exceeds DDL length")


def _char(value: str, column: Column, options: CopyOptions) -> str:
    if not value.isascii():
        raise utf8.not_ascii(value)
    return _within(value, column, options, "Char length exceeds DDL length")


def _within(value: str, column: Column, options: CopyOptions, reason: str) -> str:
    """Hold a string to its column's bytes; blanks beyond the limit are cut without a word."""
    raw = value.encode()
    if column.length < 0 or len(raw) <= column.length:
        return value
    if options.truncate_columns or not raw[column.length :].strip(b" "):
        return raw[: column.length].decode("utf-8", "ignore")
    raise FieldError(1204, reason)


def _scalar(column: Column, options: CopyOptions) -> Converter:
    """Wrap a conversion for every type but strings: a blank field is NULL."""
    convert = _conversion(column, options)

    def convert_or_null(value: str) -> str | None:
        utf8.repaired(value, None)
        stripped = value.strip(BLANKS)
        return convert(stripped) if stripped else None

    return convert_or_null


def _conversion(column: Column, options: CopyOptions) -> Converter:
    kind = column.type
    if kind in numeric.INTEGERS:
        return partial(numeric.integer, kind=kind)
    if kind is Type.DECIMAL:
        return partial(numeric.decimal, column=column, rounding=ROUND_HALF_UP if options.round_decimals else ROUND_DOWN)
    if kind is Type.DATE:
        return _moment(options.accepts_any_date_in_date, _date_reader(options), partial(_date_error, options), _day)
    if kind in (Type.TIMESTAMP, Type.TIMESTAMPTZ):
        is_zoned = kind is Type.TIMESTAMPTZ
        read = _timestamp_reader(options)
        error = partial(_timestamp_error, options, is_zoned)
        return _moment(options.accept_any_date, read, error, _zoned if is_zoned else _unzoned)
    conversions: dict[Type, Converter] = {
        Type.REAL: partial(numeric.floating, kind=kind),
        Type.DOUBLE: partial(numeric.floating, kind=kind),
        Type.BOOLEAN: _boolean,
        Type.TIME: _time,
        Type.TIMETZ: _time,
        Type.SUPER: _super,
        Type.VARBYTE: partial(_varbyte, column=column),
    }
    return conversions[kind]


def _boolean(value: str) -> str:
    if value.lower() not in BOOLEANS:
        raise FieldError(1210, "Unknown boolean format")
    return BOOLEANS[value.lower()]


def _date_reader(options: CopyOptions) -> datetimes.Parser:
    date_format = options.date_format or datetimes.DEFAULT_DATE
    if date_format == "auto":
        return datetimes.parser("auto")
    read = datetimes.with_clock(date_format)
    return _full_length(read) if date_format == datetimes.DEFAULT_DATE else read


def _full_length(read: datetimes.Parser) -> datetimes.Parser:
    """Hold the default format to two digits for month and day, as Redshift does."""

    def read_full(value: str) -> dt.datetime:
        if len(value) < _SHORTEST_DATE:
            raise ValueError(value)
        return read(value)

    return read_full


def _timestamp_reader(options: CopyOptions) -> datetimes.Parser:
    time_format = options.time_format or datetimes.DEFAULT_TIMESTAMP
    if time_format == datetimes.DEFAULT_TIMESTAMP:
        return datetimes.with_zone(time_format)
    return datetimes.parser(time_format)


def _moment(
    accepts_any: bool,
    read: datetimes.Parser,
    error: Callable[[str], FieldError],
    write: Callable[[dt.datetime], str],
) -> Converter:
    def convert(value: str) -> str | None:
        try:
            return write(read(value))
        except (ValueError, OverflowError):
            if accepts_any:
                return None
            raise error(value) from None

    return convert


def _date_error(options: CopyOptions, value: str) -> FieldError:  # noqa: ARG001
    """Without a DATEFORMAT Redshift reports the length, whatever is wrong."""
    if options.date_format in (None, datetimes.DEFAULT_DATE):
        return FieldError(1205, "Invalid Date Format - length must be 10 or more")
    return FieldError(1205, f"Invalid date format or value [{options.date_format}]")


def _timestamp_error(options: CopyOptions, is_zoned: bool, value: str) -> FieldError:  # noqa: ARG001
    default = "YYYY-MM-DD HH24:MI:SSOF" if is_zoned else "YYYY-MM-DD HH24:MI:SS"
    return FieldError(1206, f"Invalid timestamp format or value [{options.time_format or default}]")


def _day(moment: dt.datetime) -> str:
    day = moment.date().isoformat()
    return f"{day} BC" if isinstance(moment, datetimes.BeforeChrist) else day


def _unzoned(moment: dt.datetime) -> str:
    """Write a TIMESTAMP: a zone in the input is ignored."""
    return moment.replace(tzinfo=None).isoformat(" ")


def _zoned(moment: dt.datetime) -> str:
    return (moment.astimezone(dt.UTC) if moment.tzinfo else moment).isoformat(" ")


def _time(value: str) -> str:
    try:
        dt.time.fromisoformat(value)
    except ValueError:
        raise FieldError(1206, "Invalid time format or value [HH24:MI:SS]") from None
    return value


def _super(value: str) -> str:
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        raise FieldError(1224, "Invalid JSON format for SUPER") from None
    if "\\u0000" in value:
        raise FieldError(1224, "Invalid JSON format for SUPER: \\u0000 cannot be stored")
    return value


def _varbyte(value: str, column: Column) -> str:
    if len(value) % 2 or not re.fullmatch(r"[0-9a-fA-F]*", value):
        raise FieldError(1207, "Invalid digit in hexadecimal value for VARBYTE")
    if 0 <= column.length < len(value) // 2:
        raise FieldError(1204, "String length exceeds DDL length")
    return f"\\x{value}"
