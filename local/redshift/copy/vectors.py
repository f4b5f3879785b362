"""The fast path: convert whole columns of a chunk by Arrow, or return None.

It must never accept what the row checker would refuse or store differently: whatever is not provably clean returns
None, and the chunk goes to smaller pieces and at last to the row checker, which alone knows what is wrong.
A column with few different values asks that checker once a value, so that no option costs the speed of rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from local.redshift.copy import utf8
from local.redshift.copy.columns import Column, Type
from local.redshift.copy.fields import Converter, absent
from local.redshift.copy.options import CopyOptions
from local.redshift.copy.quick import Quick, quick
from local.redshift.copy.rows import RowChecker
from local.redshift.protocol.errors import FieldError

_WRITE = pacsv.WriteOptions(include_header=False, quoting_style="needed")
_FEW_VALUES = 1024
_PIECES, _PIECE_ROWS = 16, 64


@dataclass(frozen=True)
class Converted:
    """The columns of a chunk, ready for PostgreSQL but for some rows."""

    arrays: Sequence[pa.Array]
    doubtful: Sequence[int]
    """Rows, in order, that only the row checker can judge."""
    is_verbatim: bool = False
    """Every value that is not in doubt is stored unchanged, and none is empty."""

    @property
    def rows(self) -> int:
        return len(self.arrays[0])

    def encode(self, start: int, stop: int) -> bytes:
        """Write rows as CSV for PostgreSQL."""
        return encode([array.slice(start, stop - start) for array in self.arrays]) if stop > start else b""


class VectorChecker:
    """Converts columns of text for one list of table columns."""

    def __init__(self, checker: RowChecker) -> None:
        self.options = checker.options
        self.plans = [
            _Plan(column, quick(column, checker.options), _unreplaced(column, checker.options, convert))
            for column, convert in zip(checker.columns, checker.converters, strict=True)
        ]

    def convert(self, texts: Sequence[pa.Array]) -> Converted | None:
        """Convert what is clean; None when FILLRECORD cannot fill the columns beyond the texts."""
        arrays, doubtful = list[pa.Array](), set[int]()
        for text, plan in zip(texts, self.plans, strict=False):
            array, doubts = plan.convert(text)
            arrays.append(array)
            doubtful.update(doubts)
        missing = self._missing(len(texts), len(arrays[0]))
        if missing is None:
            return None
        is_verbatim = len(texts) == len(self.plans) and all(
            _is_unchanged(text, array, doubtful) for text, array in zip(texts, arrays, strict=True)
        )
        return Converted([*arrays, *missing], sorted(doubtful), is_verbatim)

    def encode(self, texts: Sequence[pa.Array]) -> bytes | None:
        """Return the chunk as CSV for PostgreSQL, or None when something in it may be wrong."""
        converted = self.convert(texts)
        return None if converted is None or converted.doubtful else encode(converted.arrays)

    def _missing(self, present: int, count: int) -> list[pa.Array] | None:
        try:
            values = [absent(plan.column, self.options) for plan in self.plans[present:]]
        except FieldError:
            return None
        return [pa.repeat(pa.scalar(value, pa.string()), count) for value in values]


def _is_unchanged(text: pa.Array, array: pa.Array, doubtful: set[int]) -> bool:
    if not pa.types.is_string(text.type) or text.null_count or not pc.min(pc.binary_length(text)).as_py():
        return False
    if array is text:
        return True
    if not doubtful or array.type != text.type:
        return False
    is_changed = pc.fill_null(pc.not_equal(array, text), fill_value=True)
    return doubtful.issuperset(pc.indices_nonzero(is_changed).to_pylist())


def encode(arrays: Sequence[pa.Array]) -> bytes:
    sink = pa.BufferOutputStream()
    pacsv.write_csv(pa.table(list(arrays), names=[str(number) for number in range(len(arrays))]), sink, _WRITE)
    return bytes(sink.getvalue())


@dataclass(frozen=True)
class _Plan:
    """How one column is converted."""

    column: Column
    quick: Quick
    slow: Converter
    """The row checker's own conversion."""

    def convert(self, text: pa.Array) -> tuple[pa.Array, list[int]]:
        """Return the column and the rows whose values are in doubt."""
        array = self._at_once(text)
        if array is None:
            array, doubtful = self._in_pieces(text)
        else:
            doubtful = []
        if self.column.is_required and array.null_count:
            doubtful = pc.indices_nonzero(pc.is_null(array)).to_pylist()
        return array, doubtful

    def _at_once(self, text: pa.Array) -> pa.Array | None:
        if not pa.types.is_string(text.type):
            return text  # the reader that made it another type has checked it
        try:
            array = self.quick(text)
        except pa.ArrowInvalid:
            array = None
        return _by_distinct_values(text, self.slow) if array is None else array

    def _in_pieces(self, text: pa.Array) -> tuple[pa.Array, list[int]]:
        """Narrow down where the doubt is, and there ask the row checker value by value."""
        if len(text) <= _PIECE_ROWS:
            return self._by_value(text)
        size, arrays, doubtful = -(-len(text) // _PIECES), list[pa.Array](), list[int]()
        for start in range(0, len(text), size):
            piece = text.slice(start, size)
            array, doubts = self._at_once(piece), list[int]()
            if array is None:
                array, doubts = self._in_pieces(piece)
            arrays.append(pc.cast(array, pa.string()))
            doubtful += [start + doubt for doubt in doubts]
        return pa.concat_arrays(arrays), doubtful

    def _by_value(self, text: pa.Array) -> tuple[pa.Array, list[int]]:
        stored, doubtful = list[str | None](), list[int]()
        for row, value in enumerate(_decoded(text)):
            try:
                stored.append(None if value is None else self.slow(value))
            except FieldError:
                stored.append(None)
                doubtful.append(row)
        return pa.array(stored, pa.string()), doubtful


def _unreplaced(column: Column, options: CopyOptions, convert: Converter) -> Converter:
    """Leave to the row checker, which writes it down, any value in which ACCEPTINVCHARS replaces something."""
    replacement = options.replacement
    if replacement is None or column.type is not Type.VARCHAR:
        return convert

    def convert_sound(value: str) -> str | None:
        if utf8.repaired(value, replacement) != value:
            raise FieldError(1220, "needs a replacement")
        return convert(value)

    return convert_sound


def _decoded(text: pa.Array) -> list[str | None]:
    return [None if raw is None else utf8.decoded(raw) for raw in text.cast(pa.binary()).to_pylist()]


def _by_distinct_values(text: pa.Array, convert: Converter) -> pa.Array | None:
    """Ask the row checker once for each different value; None when there are many, or one is wrong."""
    encoded = text.dictionary_encode()
    if len(encoded.dictionary) > max(_FEW_VALUES, len(text) // 8) or len(text) <= _PIECE_ROWS:
        return None
    try:
        stored = [None if value is None else convert(value) for value in _decoded(encoded.dictionary)]
    except FieldError:
        return None
    return pa.array(stored, pa.string()).take(encoded.indices)
