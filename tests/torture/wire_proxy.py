"""A proxy in front of the Redshift stand-in that counts statements and cuts at the steps that its gate selects."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Mapping

from local.config import HOST
from tests.torture.gate import KILLS, OF_SQL, Gate, How

_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104
_SHOWN = 60
_READY_BYTES = 6
# As the stand-in words them: Redshift reports a conflict under XX000.
_REFUSALS = {
    How.CONFLICT: (b"XX000", b"1023\nDETAIL: Serializable isolation violation on a table in Redshift"),
    How.DEADLOCK: (b"40P01", b"deadlock detected"),
}
_HOSTILE_REFUSALS = _REFUSALS | {
    How.CONFLICT: (b"XX000", b"could not complete because of conflict with concurrent transaction"),
}


class WireProxy:
    """Listen on its own port; one thread a connection, which is half duplex in the simple protocol."""

    def __init__(self, gate: Gate, upstream_port: int, *, is_hostile: bool = False) -> None:
        self.gate = gate
        self.is_hostile = is_hostile
        self.upstream_port = upstream_port
        self._listener = socket.create_server((HOST, 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def refusals(self) -> Mapping[How, tuple[bytes, bytes]]:
        """Return the code and the message of each refusal."""
        return _HOSTILE_REFUSALS if self.is_hostile else _REFUSALS

    def close(self) -> None:
        """Take no more connections; a thread that waits for one ends."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        attempt = self.gate.attempt
        with client, contextlib.suppress(OSError, EOFError), socket.create_connection((HOST, self.upstream_port)) as to:
            for each in (client, to):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            to.sendall(_startup(client))
            client.sendall(_until_ready(to))
            while True:
                kind, message, text = _request(client)
                how = self.gate.entered(attempt, _shortened(text), OF_SQL) if kind in b"QS" else None
                if how is None:
                    to.sendall(message)
                    if kind == b"X":
                        return
                    client.sendall(_until_ready(to))
                elif not self._cut(how, attempt, message, client, to):
                    return

    def _cut(self, how: How, attempt: int, message: bytes, client: socket.socket, to: socket.socket) -> bool:
        """Apply a fault, and return whether the connection continues."""
        if how in self.refusals:
            # A failing statement aborts the block as the refused one would; a refused COMMIT ends it.
            to.sendall(_query("ROLLBACK" if message[5:11].upper() == b"COMMIT" else "SELECT refused_by_the_proxy"))
            client.sendall(_error(*self.refusals[how]) + _until_ready(to)[-_READY_BYTES:])
            return True
        if how is How.FREEZE:
            self.gate.kill(attempt, how)
            to.sendall(message)
            client.sendall(_until_ready(to))  # it is read when the process goes on
            return True
        if how not in (How.KILL_BEFORE, How.DROP_BEFORE):
            to.sendall(message)
        if how in (How.KILL_AFTER, How.DROP_AFTER):
            _until_ready(to)
        if how in KILLS:
            self.gate.kill(attempt, how)
        return False


def _startup(client: socket.socket) -> bytes:
    """Read the startup message; encryption, which is asked for first, is declined."""
    while True:
        head = _exactly(client, 8)
        size, code = struct.unpack("!II", head)
        if code not in (_SSL_REQUEST, _GSS_REQUEST):
            return head + _exactly(client, size - 8)
        client.sendall(b"N")


def _until_ready(server: socket.socket) -> bytes:
    """Read until the server waits for the client, ready for a query or for a password, or reports why it closes."""
    answer = b""
    while True:
        try:
            kind, message = _message(server)
        except EOFError:
            if answer:
                return answer
            raise
        answer += message
        if kind == b"Z" or (kind == b"R" and message[5:9] not in (b"\0\0\0\0", b"\0\0\0\x0c")):
            return answer


def _request(client: socket.socket) -> tuple[bytes, bytes, str]:
    """Read what the client sends before it waits: its last kind, all of it, and the statement in it.

    psycopg2 sends a statement in one message, psycopg 3 in several that end in a Sync.
    """
    whole, text = b"", ""
    while True:
        kind, message = _message(client)
        whole += message
        if kind == b"Q":
            text = message[5:-1].decode(errors="replace")
        if kind == b"P":
            text = message[5:].split(b"\0")[1].decode(errors="replace")
        if kind in b"QSXp":
            return kind, whole, text


def _message(source: socket.socket) -> tuple[bytes, bytes]:
    head = _exactly(source, 5)
    (size,) = struct.unpack("!I", head[1:])
    return head[:1], head + _exactly(source, size - 4)


def _exactly(source: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = source.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _query(text: str) -> bytes:
    body = text.encode() + b"\0"
    return b"Q" + struct.pack("!I", len(body) + 4) + body


def _error(code: bytes, message: bytes) -> bytes:
    body = b"SERROR\0VERROR\0C" + code + b"\0M" + message + b"\0\0"
    return b"E" + struct.pack("!I", len(body) + 4) + body


def _shortened(statement: str) -> str:
    lines = [line for line in statement.splitlines() if not line.startswith("--")]
    return " ".join(" ".join(lines).split())[:_SHOWN]
