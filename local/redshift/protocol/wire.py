"""The PostgreSQL wire protocol, version 3.0: framing, and the few messages the stand-in writes or reads itself."""

import asyncio
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

LENGTH = struct.Struct("!I")
COUNT = struct.Struct("!H")
FIELD = struct.Struct("!IHIhih")
CELL_LENGTH = struct.Struct("!i")

NO_TYPES = b"\0\0"
"""The end of a Parse message that declares no types of parameters."""
HEADER_BYTES = 5
"""A message's kind and its length, which counts itself but not the kind."""

PROTOCOL_VERSION = 196608
CANCEL_REQUEST = 80877102
SSL_REQUEST = 80877103
GSS_REQUEST = 80877104

LONGEST_STARTUP_BYTES = 10_000
LONGEST_MESSAGE_BYTES = 64 << 20  # Redshift takes statements of 16 MB

Row = list[str | None]


class ProtocolError(Exception):
    """A client that does not speak the protocol."""


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + LENGTH.pack(len(body) + 4) + body


def text(value: str) -> bytes:
    """Encode a null-terminated string."""
    return value.encode("utf-8", "surrogateescape") + b"\0"


def untext(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def query(sql: str) -> bytes:
    return message(b"Q", text(sql))


def command_complete(tag: str) -> bytes:
    return message(b"C", text(tag))


def ready(status: bytes) -> bytes:
    return message(b"Z", status)


def report(kind: bytes, fields: Mapping[str, str]) -> bytes:
    """Build an ErrorResponse (kind E) or a NoticeResponse (kind N)."""
    return message(kind, b"".join(code.encode() + text(value) for code, value in fields.items()) + b"\0")


def report_fields(body: bytes) -> dict[str, str]:
    return {untext(part[:1]): untext(part[1:]) for part in body.split(b"\0") if part}


def row(body: bytes) -> Row:
    """Read a DataRow whose cells are text."""
    return [None if cell is None else untext(cell) for cell in cells(body)]


def data_row(values: Sequence[bytes | None]) -> bytes:
    """Build the body of a DataRow."""
    parts = (CELL_LENGTH.pack(-1) if cell is None else CELL_LENGTH.pack(len(cell)) + cell for cell in values)
    return COUNT.pack(len(values)) + b"".join(parts)


def cells(body: bytes) -> Iterator[bytes | None]:
    (count,) = COUNT.unpack_from(body)
    at = COUNT.size
    for _ in range(count):
        (length,) = CELL_LENGTH.unpack_from(body, at)
        at += CELL_LENGTH.size
        yield None if length < 0 else body[at : at + length]
        at += max(length, 0)


@dataclass(frozen=True)
class Field:
    """A column of a result."""

    name: str
    type_id: int
    modifier: int


def fields(body: bytes) -> list[Field]:
    """Read a RowDescription."""
    found, at = list[Field](), COUNT.size
    for _ in range(COUNT.unpack_from(body)[0]):
        end = body.index(b"\0", at)
        _, _, type_id, _, modifier, _ = FIELD.unpack_from(body, end + 1)
        found.append(Field(untext(body[at:end]), type_id, modifier))
        at = end + 1 + FIELD.size
    return found


def startup_parameters(body: bytes) -> dict[str, str]:
    words = [untext(word) for word in body.split(b"\0")]
    return {name: value for name, value in zip(words[::2], words[1::2], strict=False) if name}


def startup(parameters: Mapping[str, str]) -> bytes:
    words = b"".join(text(name) + text(value) for name, value in parameters.items())
    body = LENGTH.pack(PROTOCOL_VERSION) + words + b"\0"
    return LENGTH.pack(len(body) + 4) + body


async def read_startup(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read an untyped first message; return its code and what follows it."""
    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    if not 2 * LENGTH.size <= length <= LONGEST_STARTUP_BYTES:
        raise ProtocolError(f"a first message of {length} bytes")
    body = await reader.readexactly(length - LENGTH.size)
    return LENGTH.unpack_from(body)[0], body[4:]


async def read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    header = await reader.readexactly(HEADER_BYTES)
    (length,) = LENGTH.unpack_from(header, 1)
    if not LENGTH.size <= length <= LONGEST_MESSAGE_BYTES:
        raise ProtocolError(f"a message of {length} bytes")
    return header[:1], await reader.readexactly(length - LENGTH.size)


def cancel(key: bytes) -> bytes:
    return LENGTH.pack(len(key) + 8) + LENGTH.pack(CANCEL_REQUEST) + key


def with_values(bind: bytes, changed: Callable[[int, bytes, bool], bytes]) -> bytes:
    """Return a Bind message whose values are changed, by their place and whether they are binary."""
    at = bind.index(b"\0", bind.index(b"\0") + 1) + 1
    formats = _counts(bind, at)
    at += COUNT.size * (1 + len(formats))
    parts, count, at = [bind[: at + COUNT.size]], COUNT.unpack_from(bind, at)[0], at + COUNT.size
    for place in range(count):
        size = CELL_LENGTH.unpack_from(bind, at)[0]
        at += CELL_LENGTH.size
        is_binary = bool(formats and formats[place if len(formats) > 1 else 0])
        value = changed(place, bind[at : at + size], is_binary) if size >= 0 else b""
        parts += [CELL_LENGTH.pack(len(value) if size >= 0 else -1), value]
        at += max(size, 0)
    return b"".join([*parts, bind[at:]])


def _counts(body: bytes, at: int) -> list[int]:
    """Read a list of small numbers after their count."""
    (count,) = COUNT.unpack_from(body, at)
    return [COUNT.unpack_from(body, at + COUNT.size * (1 + number))[0] for number in range(count)]
