"""The column types into which COPY loads the columns of Parquet and ORC files.

COPY fails as a whole on a column of another kind (Spectrum Scan Error, code 15007), and AWS documents no list.  What
may be loaded is left to COPY; what it refuses, or could store as another value, is refused here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakeport.schema.column_type import ColumnType

if TYPE_CHECKING:
    import pyarrow as pa

_TEXTS = ("varchar", "char")
_MAX_DIGITS = 38
_INTEGERS = ("bigint", "integer", "smallint", "decimal")
_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (  # a test of pyarrow.types, and what COPY loads it into
    ("is_null", ()),
    ("is_boolean", ("boolean",)),
    ("is_int8", ("smallint", *_INTEGERS)),
    ("is_int16", ("smallint", *_INTEGERS)),
    ("is_uint8", ("smallint", *_INTEGERS)),
    ("is_int32", ("integer", *_INTEGERS)),
    ("is_uint16", ("integer", *_INTEGERS)),
    ("is_int64", _INTEGERS),
    ("is_duration", _INTEGERS),
    ("is_float32", ("real", "double precision")),
    ("is_float64", ("double precision",)),
    ("is_decimal", ("decimal",)),
    ("is_string", (*_TEXTS, "super")),
    ("is_large_string", (*_TEXTS, "super")),
    ("is_string_view", (*_TEXTS, "super")),
    ("is_binary", _TEXTS),
    ("is_large_binary", _TEXTS),
    ("is_date", ("date",)),
    ("is_time", ("time",)),
    ("is_timestamp", ("timestamp", "timestamptz")),
    ("is_nested", ("super",)),
)
_NESTED = "set its type to super and format.serializetojson to true"
_REMEDIES: tuple[tuple[Callable[[str], bool], str], ...] = (
    (
        lambda name: name.endswith("[ns]") or "[ns," in name,
        "microseconds, which pandas writes with coerce_timestamps='us'",
    ),
    (lambda name: name in ("uint32", "uint64"), "a signed type: int64, or decimal(20,0)"),
    (lambda name: name == "halffloat", "a float of 32 bits"),
)


@dataclass(frozen=True)
class ColumnarField:
    """A column of a Parquet or ORC file: its name, and its type as Arrow reads it."""

    name: str
    type: pa.DataType

    @property
    def loads_into(self) -> tuple[str, ...]:
        """Return the names of the column types that COPY may load it into, the natural one first."""
        import pyarrow as pa  # noqa: PLC0415 - only files of these formats need it

        if self._is_refused:
            return ()
        tests: Any = pa.types
        return next((types for test, types in _KINDS if getattr(tests, test)(self.type)), ())

    @property
    def _is_refused(self) -> bool:
        is_wide = getattr(self.type, "precision", 0) > _MAX_DIGITS
        return is_wide or any(is_it(str(self.type)) for is_it, _ in _REMEDIES)

    @property
    def is_empty(self) -> bool:
        """Return whether the column has no type because all its values are NULL."""
        return str(self.type) == "null"

    @property
    def column_type(self) -> str | None:
        """Return the column type of a new column for it; None if COPY cannot load it."""
        if self.is_empty:
            return "varchar(1024)"
        natural = next(iter(self.loads_into), None)
        if natural == "decimal":
            return f"decimal({self.type.precision},{self.type.scale})"
        if natural == "timestamp" and self.type.tz:
            return "timestamptz"
        return "varchar(1024)" if natural == "varchar" else natural

    def objection_to(self, column: ColumnType, *, is_serialized: bool) -> str | None:
        """Return why COPY cannot load it into a column of this type, with what to do, or None."""
        allowed = self.loads_into
        if self.is_empty:
            return None
        if not allowed:
            return self.refusal()
        if allowed == ("super",) and not (column.name == "super" and is_serialized):
            return f"{self.name} is {self.type}: {_NESTED}"
        if column.name not in allowed:
            names = ", ".join(dict.fromkeys(allowed))
            return f"{self.name} is {self.type}, which COPY does not load into {column}; allowed: {names}"
        return self._objection_to_scale(column) if allowed == ("decimal",) else None

    def _objection_to_scale(self, column: ColumnType) -> str | None:
        scale, digits = column.arguments[1], self.type.scale
        if scale == digits:
            return None
        both = f"{digits} digits after the point, the column {column} has {scale}"
        return f"{self.name} has {both}; give both the same scale"

    def refusal(self) -> str:
        """Return that COPY does not take its type, and what to ask the sender for."""
        wanted = next((wanted for is_it, wanted in _REMEDIES if is_it(str(self.type))), "another type")
        return f"{self.name} is {self.type}, which COPY does not take; ask the sender for {wanted}"
