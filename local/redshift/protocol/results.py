"""How a client sees SUPER, VARBYTE and intervals: Redshift's type ids and binary forms, SUPER without blanks.

A row has no types.  Those of a simple query follow their description; those of the extended protocol belong to a
portal, whose statement may have been described long before.
"""

import re
import struct
from collections import deque
from collections.abc import Callable, Mapping

from local.redshift.protocol import wire

ENGINE_SUPER, ENGINE_VARBYTE, ENGINE_INTERVAL = 3802, 17, 1186
SUPER, VARBYTE, YEAR_TO_MONTH, DAY_TO_SECOND = 4000, 6551, 1188, 1190
_IDS = {ENGINE_SUPER: SUPER, ENGINE_VARBYTE: VARBYTE}
_INTERVAL, _PLAIN_INTERVAL = struct.Struct("!qii"), struct.Struct("!qi")
"""Microseconds, days and months; an interval without a qualifier counts its days as microseconds in Redshift."""
_MONTHS, _MICROSECONDS = struct.Struct("!i"), struct.Struct("!q")
_INTERVALS = (ENGINE_INTERVAL, YEAR_TO_MONTH, DAY_TO_SECOND)
_DAY_MICROSECONDS = 86_400_000_000
_YEARS, _DAYS, _FIELDS = 0b110, 0b1_1100_0000_1000, 0x7FFF
"""The fields of an interval in its modifier: year and month; day, hour, minute and second."""
_BLANKS = re.compile(rb'("(?:[^"\\]|\\.)*+")|([,:]) ')
_BINARY_SUPER = b"\x01"
_SYNC = b""
"""Stands among the names for the end of what one ReadyForQuery answers."""

Cell = Callable[[bytes], bytes]
Columns = Mapping[int, Cell]


class Results:
    """Rewrites the rows of one result after another; those without such columns stay unchanged."""

    def __init__(self) -> None:
        self.columns: Columns = {}
        """Those to rewrite in the rows that come now."""
        self._described: deque[bytes] = deque()
        self._executed: deque[bytes] = deque()
        self._known: dict[bytes, Columns] = {}
        """By the name of a statement after S, of a portal after P."""

    def sent(self, kind: bytes, body: bytes, *, is_own: bool = False) -> None:
        """Note a message of the extended protocol that goes to the engine; it executes none of the stand-in's own."""
        if kind == b"D":
            self._described.append(body[:-1])
        elif kind == b"B":
            portal, statement = body.split(b"\0", 2)[:2]
            self._known[b"P" + portal] = self._known.get(b"S" + statement, {})
        elif kind == b"E" and not is_own:
            self._executed.append(b"P" + body.split(b"\0", 1)[0])
            self._next()
        elif kind in (b"S", b"Q"):
            self._described.append(_SYNC)
            self._executed.append(_SYNC)
        elif kind == b"P":
            self._known.pop(b"S" + body.split(b"\0", 1)[0], None)

    def description(self, body: bytes) -> bytes:
        """Read a RowDescription and return it with Redshift's ids."""
        fields = wire.fields(body)
        ids = [_client_id(field) for field in fields]
        columns = {at: _CELLS[each] for at, each in enumerate(ids) if each in _CELLS}
        if self._described and self._described[0] != _SYNC:
            self._known[self._described.popleft()] = columns
            self._next()
        else:
            self.columns = columns
        if not columns:
            return body
        changed, at = bytearray(body), wire.COUNT.size
        for each in ids:
            at = body.index(b"\0", at) + 1
            wire.LENGTH.pack_into(changed, at + 6, each)
            at += wire.FIELD.size
        return bytes(changed)

    def no_description(self) -> None:
        """Note that a statement has no rows."""
        if self._described and self._described[0] != _SYNC:
            self._described.popleft()

    def executed(self) -> None:
        """Note that a result has ended."""
        self.columns = {}
        if self._executed and self._executed[0] != _SYNC:
            self._executed.popleft()
        self._next()

    def ready(self) -> None:
        """Forget what was sent before a Sync or simple query that is answered now: an error may have made it void."""
        for queue in (self._described, self._executed):
            while queue and queue.popleft() != _SYNC:
                pass
        self.columns = {}
        self._next()

    def _next(self) -> None:
        if self._executed and self._executed[0] != _SYNC:
            self.columns = self._known.get(self._executed[0], {})

    def row(self, body: bytes) -> bytes:
        """Rewrite a DataRow."""
        cells = list(wire.cells(body))
        for at, change in self.columns.items():
            if at < len(cells) and (cell := cells[at]) is not None:
                cells[at] = change(cell)
        return wire.data_row(cells)


def parameters(body: bytes) -> bytes:
    """Return a ParameterDescription with Redshift's ids."""
    count = wire.COUNT.unpack_from(body)[0]
    ids = [wire.LENGTH.unpack_from(body, wire.COUNT.size + 4 * at)[0] for at in range(count)]
    return body[: wire.COUNT.size] + b"".join(wire.LENGTH.pack(_IDS.get(each, each)) for each in ids)


def _client_id(field: wire.Field) -> int:
    """Return the type id that a client sees; an interval's modifier distinguishes its two types."""
    if field.type_id == ENGINE_INTERVAL and field.modifier >= 0:
        named = field.modifier >> 16 & _FIELDS
        return YEAR_TO_MONTH if not named & ~_YEARS else DAY_TO_SECOND if not named & ~_DAYS else ENGINE_INTERVAL
    return _IDS.get(field.type_id, field.type_id)


def engine_types(types: bytes) -> tuple[bytes, dict[int, int]]:
    """Return the types that a Parse message declares as the engine's, and the intervals among them by place."""
    count = wire.COUNT.unpack_from(types)[0]
    ids = [wire.LENGTH.unpack_from(types, wire.COUNT.size + 4 * at)[0] for at in range(count)]
    intervals = {at: each for at, each in enumerate(ids) if each in _INTERVALS}
    known = b"".join(wire.LENGTH.pack(_ENGINE_IDS.get(each, each)) for each in ids)
    return types[: wire.COUNT.size] + known, intervals


def engine_interval(value: bytes, type_id: int) -> bytes:
    """Return a bound interval in the engine's binary form: Redshift's is months, microseconds, or both."""
    if type_id == ENGINE_INTERVAL and len(value) == _PLAIN_INTERVAL.size:
        microseconds, months = _PLAIN_INTERVAL.unpack(value)
        return _INTERVAL.pack(microseconds, 0, months)
    if type_id == YEAR_TO_MONTH and len(value) == _MONTHS.size:
        return _INTERVAL.pack(0, 0, _MONTHS.unpack(value)[0])
    if type_id == DAY_TO_SECOND and len(value) == _MICROSECONDS.size:
        return _INTERVAL.pack(_MICROSECONDS.unpack(value)[0], 0, 0)
    return value


def _year_to_month(cell: bytes) -> bytes:
    return _MONTHS.pack(_INTERVAL.unpack(cell)[2]) if _is_binary_interval(cell) else cell


def _day_to_second(cell: bytes) -> bytes:
    if not _is_binary_interval(cell):
        return cell
    microseconds, days, _ = _INTERVAL.unpack(cell)
    return _MICROSECONDS.pack(microseconds + days * _DAY_MICROSECONDS)


def _plain_interval(cell: bytes) -> bytes:
    return _day_to_second(cell) + cell[-_MONTHS.size :] if _is_binary_interval(cell) else cell


def _is_binary_interval(cell: bytes) -> bool:
    """Return whether an interval is in binary form: the text of one is of printable characters."""
    return len(cell) == _INTERVAL.size and not (cell.isascii() and b"\0" not in cell)


def _super(cell: bytes) -> bytes:
    return _BLANKS.sub(rb"\1\2", cell.removeprefix(_BINARY_SUPER))


def _varbyte(cell: bytes) -> bytes:
    return cell.removeprefix(b"\\x")


_CELLS: Mapping[int, Cell] = {
    SUPER: _super,
    VARBYTE: _varbyte,
    YEAR_TO_MONTH: _year_to_month,
    DAY_TO_SECOND: _day_to_second,
    ENGINE_INTERVAL: _plain_interval,
}
_ENGINE_IDS = {
    SUPER: ENGINE_SUPER,
    VARBYTE: ENGINE_VARBYTE,
    YEAR_TO_MONTH: ENGINE_INTERVAL,
    DAY_TO_SECOND: ENGINE_INTERVAL,
}
