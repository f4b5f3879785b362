"""How a client sees SUPER and VARBYTE: Redshift's type ids, SUPER without blanks, VARBYTE as hexadecimal digits."""

import re
from collections.abc import Callable, Mapping

from local.redshift.protocol import wire

ENGINE_SUPER, ENGINE_VARBYTE = 3802, 17
SUPER, VARBYTE = 4000, 6551
_IDS = {ENGINE_SUPER: SUPER, ENGINE_VARBYTE: VARBYTE}
_BLANKS = re.compile(rb'("(?:[^"\\]|\\.)*+")|([,:]) ')
_BINARY_SUPER = b"\x01"

Cell = Callable[[bytes], bytes]


class Results:
    """Rewrites the rows of one result after another; results without such columns cost a look at their description."""

    def __init__(self) -> None:
        self.columns: Mapping[int, Cell] = {}

    def description(self, body: bytes) -> bytes:
        """Read a RowDescription and return it with Redshift's ids."""
        fields = wire.fields(body)
        self.columns = {at: _CELLS[field.type_id] for at, field in enumerate(fields) if field.type_id in _CELLS}
        if not self.columns:
            return body
        changed, at = bytearray(body), wire.COUNT.size
        for field in fields:
            at = body.index(b"\0", at) + 1
            if field.type_id in _IDS:
                wire.LENGTH.pack_into(changed, at + 6, _IDS[field.type_id])
            at += wire.FIELD.size
        return bytes(changed)

    def row(self, body: bytes) -> bytes:
        """Rewrite a DataRow of the result described last."""
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
