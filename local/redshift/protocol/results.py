"""How a client sees SUPER and VARBYTE: Redshift's type ids, SUPER without blanks, VARBYTE as hexadecimal digits.

A row has no types.  Those of a simple query follow their description; those of the extended protocol belong to a
portal, whose statement may have been described long before.
"""

import re
from collections import deque
from collections.abc import Callable, Mapping

from local.redshift.protocol import wire

ENGINE_SUPER, ENGINE_VARBYTE = 3802, 17
SUPER, VARBYTE = 4000, 6551
_IDS = {ENGINE_SUPER: SUPER, ENGINE_VARBYTE: VARBYTE}
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
        columns = {at: _CELLS[field.type_id] for at, field in enumerate(fields) if field.type_id in _CELLS}
        if self._described and self._described[0] != _SYNC:
            self._known[self._described.popleft()] = columns
            self._next()
        else:
            self.columns = columns
        if not columns:
            return body
        changed, at = bytearray(body), wire.COUNT.size
        for field in fields:
            at = body.index(b"\0", at) + 1
            if field.type_id in _IDS:
                wire.LENGTH.pack_into(changed, at + 6, _IDS[field.type_id])
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


def _super(cell: bytes) -> bytes:
    return _BLANKS.sub(rb"\1\2", cell.removeprefix(_BINARY_SUPER))


def _varbyte(cell: bytes) -> bytes:
    return cell.removeprefix(b"\\x")


_CELLS: Mapping[int, Cell] = {ENGINE_SUPER: _super, ENGINE_VARBYTE: _varbyte}
