"""The fast path: convert whole columns of a chunk by Arrow, or say nothing.

It must never accept what the row checker would refuse or store differently: whatever is not provably clean returns
None, and the chunk goes to smaller pieces and at last to the row checker, which alone knows what is wrong.
A column with few different values asks that checker once a value, so that no option costs the speed of rows.
"""

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from local.redshift import datetimes
from local.redshift.columns import Column, Type
from local.redshift.copy_options import CopyOptions
from local.redshift.errors import FieldError
from local.redshift.fields import BLANKS, Converter, absent
from local.redshift.rows import RowChecker

_DATE = r"^\d{4}-\d{2}-\d{2}$"
_TIMESTAMP = r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,6})?$"
_ISO_TIMESTAMP = r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?)?$"
_PLAIN_INTEGER = r"^-?[0-9]{1,19}$"
_PLAIN_NUMBER = r"^-?[0-9]+(\.[0-9]*)?$"
_CASTS = {
    Type.SMALLINT: (_PLAIN_INTEGER, pa.int16()),
    Type.INTEGER: (_PLAIN_INTEGER, pa.int32()),
    Type.BIGINT: (_PLAIN_INTEGER, pa.int64()),
    Type.REAL: (_PLAIN_NUMBER, pa.float32()),
    Type.DOUBLE: (_PLAIN_NUMBER, pa.float64()),
    Type.DATE: (_DATE, pa.date32()),
}
_WRITE = pacsv.WriteOptions(include_header=False, quoting_style="needed")
_FEW_VALUES = 1024


class VectorChecker:
    """Converts columns of text for one list of table columns."""

    def __init__(self, checker: RowChecker) -> None:
        self.options = checker.options
        self.plans = [
            (column, _quick(column, checker.options), convert)
            for column, convert in zip(checker.columns, checker.converters, strict=True)
        ]

    def encode(self, texts: Sequence[pa.Array]) -> bytes | None:
        """Return the chunk as CSV for PostgreSQL, or None when something in it may be wrong.

        Columns beyond the texts are filled as FILLRECORD says.
        """
        arrays = []
        for text, (column, quick, convert) in zip(texts, self.plans, strict=False):
            array = _converted(text, column, quick, convert)
            if array is None:
                return None
            arrays.append(array)
        missing = self._missing(len(texts), len(arrays[0]))
        return None if missing is None else encode([*arrays, *missing])

    def _missing(self, present: int, count: int) -> list[pa.Array] | None:
        try:
            values = [absent(column, self.options) for column, _, _ in self.plans[present:]]
        except FieldError:
            return None
        return [pa.repeat(pa.scalar(value, pa.string()), count) for value in values]


def encode(arrays: Sequence[pa.Array]) -> bytes:
    sink = pa.BufferOutputStream()
    pacsv.write_csv(pa.table(list(arrays), names=[str(number) for number in range(len(arrays))]), sink, _WRITE)
    return bytes(sink.getvalue())


def _converted(text: pa.Array, column: Column, quick: "Quick", convert: Converter) -> pa.Array | None:
    try:
        array = quick(text)
    except pa.ArrowInvalid:
        array = None
    if array is None:
        array = _by_distinct_values(text, convert)
    if array is None or (column.is_required and array.null_count):
        return None
    return array


Quick = Callable[[pa.Array], pa.Array | None]


def _by_distinct_values(text: pa.Array, convert: Converter) -> pa.Array | None:
    """Ask the row checker once for each different value; None when there are many, or one is wrong."""
    encoded = text.dictionary_encode()
    if len(encoded.dictionary) > max(_FEW_VALUES, len(text) // 8):
        return None
    try:
        stored = [convert(value) for value in encoded.dictionary.to_pylist()]
    except FieldError:
        return None
    return pa.array(stored, pa.string()).take(encoded.indices)


def _quick(column: Column, options: CopyOptions) -> Quick:
    kind = column.type
    if kind.is_character:
        return lambda text: _string(text, column, options)
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
    if not is_ascii and (column.type is Type.CHAR or options.replacement is not None):
        return None
    longest = pc.max(pc.binary_length(text)).as_py() or 0
    if column.length < 0 or longest <= column.length:
        return text
    if options.truncate_columns and is_ascii:
        return pc.utf8_slice_codeunits(text, 0, column.length)
    return None


def _null_where(text: pa.Array, is_null: pa.Array) -> pa.Array:
    return pc.if_else(is_null, pa.scalar(None, text.type), text) if pc.any(is_null).as_py() else text


def _without_blank(text: pa.Array) -> pa.Array:
    """Make empty fields NULL, which they are for every type but strings."""
    return _null_where(text, pc.equal(pc.binary_length(text), 0))


def _without_z(text: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(text, "(:[0-9.]+)Z$", r"\1")


def _matches(text: pa.Array, pattern: str) -> bool:
    return pc.all(pc.match_substring_regex(text, pattern)).as_py() is not False


def _cast(text: pa.Array, pattern: str, to: pa.DataType) -> pa.Array | None:
    return pc.cast(text, to) if _matches(text, pattern) else None


def _decimal(text: pa.Array, column: Column, options: CopyOptions) -> pa.Array | None:
    if not _matches(text, _PLAIN_NUMBER):
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


def _truncated(text: pa.Array, scale: int) -> pa.Array:
    """Cut decimals beyond the scale, as COPY does without ROUNDEC."""
    cut = pc.replace_substring_regex(text, rf"(\.[0-9]{{{scale}}})[0-9]+$", r"\1")
    return pc.replace_substring_regex(cut, r"\.$", "")
