"""Convert one column of text by Arrow, for the types that have such a conversion."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from local.redshift.copy import datetimes
from local.redshift.copy.columns import Column, Type
from local.redshift.copy.fields import BLANKS
from local.redshift.copy.options import CopyOptions

_DAY = r"(?:[1-9]\d{3}|0[1-9]\d\d|00[1-9]\d|000[1-9])-\d{2}-\d{2}"
_DATE = rf"^{_DAY}$"
_TIMESTAMP = rf"^{_DAY} \d{{2}}:\d{{2}}:\d{{2}}(\.\d{{1,6}})?$"
_ISO_TIMESTAMP = rf"^{_DAY}([ T]\d{{2}}:\d{{2}}:\d{{2}}(\.\d{{1,6}})?)?$"
_PLAIN_INTEGER = r"^-?[0-9]{1,19}$"
_PLAIN_NUMBER = r"^-?[0-9]+(\.[0-9]*)?$"
_PLAIN_FLOAT = r"^-?[0-9]{1,30}(\.[0-9]{0,30})?$"  # fits REAL, too
_INTEGERS = {
    Type.SMALLINT: (r"^-?[0-9]{1,4}$", pa.int16()),
    Type.INTEGER: (r"^-?[0-9]{1,9}$", pa.int32()),
    Type.BIGINT: (r"^-?[0-9]{1,18}$", pa.int64()),
}
_CASTS = {
    Type.REAL: (_PLAIN_FLOAT, pa.float32()),
    Type.DOUBLE: (_PLAIN_FLOAT, pa.float64()),
    Type.DATE: (_DATE, pa.date32()),
}
_NONCHARACTERS = (
    r"[\x{FDD0}-\x{FDEF}"
    + "".join(rf"\x{{{plane << 16 | 0xFFFE:X}}}-\x{{{plane << 16 | 0xFFFF:X}}}" for plane in range(17))
    + "]"
)

Quick = Callable[[pa.Array], pa.Array | None]
"""Returns the column in its stored form, None where that is in doubt; may raise ArrowInvalid for the same."""


def quick(column: Column, options: CopyOptions) -> Quick:
    """Return the quick conversion of a column."""
    kind = column.type
    if kind.is_character:
        return lambda text: _string(text, column, options)
    if kind in _INTEGERS:
        return lambda text: _integer(_without_blank(text), kind)
    if kind is Type.DECIMAL:
        return lambda text: _decimal(_without_blank(text), column, options)
    if kind is Type.TIMESTAMP:
        return _timestamp(options)
    pattern, to = _CASTS.get(kind, (None, None))
    if pattern is None or (kind is Type.DATE and options.date_format not in (None, datetimes.DEFAULT_DATE, "auto")):
        return _unknown
    return lambda text: _cast(_without_blank(text), pattern, to)


def _unknown(_: pa.Array) -> None:
    return None


def _timestamp(options: CopyOptions) -> Quick:
    if options.time_format in (None, datetimes.DEFAULT_TIMESTAMP):
        return lambda text: _cast(_without_blank(text), _TIMESTAMP, pa.timestamp("us"))
    if options.time_format == "auto":
        return lambda text: _cast(_without_z(_without_blank(text)), _ISO_TIMESTAMP, pa.timestamp("us"))
    return _unknown


def _string(text: pa.Array, column: Column, options: CopyOptions) -> pa.Array | None:
    if options.empty_as_null:
        text = _null_where(text, pc.equal(pc.binary_length(text), 0))
    if options.blanks_as_null:
        is_blank = pc.equal(pc.binary_length(pc.utf8_trim(text, BLANKS)), 0)
        text = _null_where(text, pc.and_(is_blank, pc.greater(pc.binary_length(text), 0)))
    if options.trim_blanks and column.type is Type.VARCHAR:
        text = pc.utf8_rtrim(text, BLANKS)
    is_ascii = pc.all(pc.string_is_ascii(text)).as_py() is not False
    if not is_ascii and (column.type is Type.CHAR or not _is_sound(text, options)):
        return None
    longest = pc.max(pc.binary_length(text)).as_py() or 0
    if column.length < 0 or longest <= column.length:
        return text
    if options.truncate_columns and is_ascii:
        return pc.utf8_slice_codeunits(text, 0, column.length)
    return None


def _is_sound(text: pa.Array, options: CopyOptions) -> bool:
    """Return whether text is UTF-8 throughout and ACCEPTINVCHARS has nothing to replace."""
    text.validate(full=True)
    if options.replacement is None:
        return True
    return pc.any(pc.match_substring_regex(text, _NONCHARACTERS)).as_py() is not True


def _null_where(text: pa.Array, is_null: pa.Array) -> pa.Array:
    return pc.replace_with_mask(text, is_null, pa.scalar(None, text.type)) if pc.any(is_null).as_py() else text


def _without_blank(text: pa.Array) -> pa.Array:
    """Make empty fields NULL, which they are for every type but strings."""
    return _null_where(text, pc.equal(pc.binary_length(text), 0))


def _without_z(text: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(text, "(:[0-9.]+)Z$", r"\1")


def _matches(text: pa.Array, pattern: str) -> bool:
    return pc.all(pc.match_substring_regex(text, pattern)).as_py() is not False


def _cast(text: pa.Array, pattern: str, to: pa.DataType) -> pa.Array | None:
    """Return the text unchanged if it reads as a value of the type; raises ArrowInvalid for what is out of range."""
    if not _matches(text, pattern):
        return None
    pc.cast(text, to)
    return text


def _integer(text: pa.Array, kind: Type) -> pa.Array | None:
    """Cast only where digits alone do not tell that the number is in range."""
    short, to = _INTEGERS[kind]
    return text if _matches(text, short) else _cast(text, _PLAIN_INTEGER, to)


def _decimal(text: pa.Array, column: Column, options: CopyOptions) -> pa.Array | None:
    if _matches(text, _fitting_decimal(column)):
        return text
    if column.is_in_64_bits or not _matches(text, _PLAIN_NUMBER):
        return None
    to = pa.decimal128(column.length, column.scale)
    try:
        return pc.cast(text, to)
    except pa.ArrowInvalid:
        if options.round_decimals:
            return None
    try:
        return pc.cast(_truncated(text, column.scale), to)
    except pa.ArrowInvalid:
        return None


def _fitting_decimal(column: Column) -> str:
    before = column.length - column.is_in_64_bits - column.scale
    whole = rf"[0-9]{{1,{before}}}" if before > 0 else "0"
    return rf"^-?{whole}(\.[0-9]{{1,{column.scale}}})?$" if column.scale else rf"^-?{whole}$"


def _truncated(text: pa.Array, scale: int) -> pa.Array:
    """Cut decimals beyond the scale, as COPY does without ROUNDEC."""
    cut = pc.replace_substring_regex(text, rf"(\.[0-9]{{{scale}}})[0-9]+$", r"\1")
    return pc.replace_substring_regex(cut, r"\.$", "")
