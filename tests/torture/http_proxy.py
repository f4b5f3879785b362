"""A proxy in front of an HTTP server, such as AWS's, that counts calls and cuts at the steps that its gate selects."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.config import HOST
from tests.torture.gate import KILLS, OF_HTTP, Gate, How

SLOW_SECONDS = 0.3
BY_WAREHOUSE = "the warehouse's "
TRIES_OF_WAREHOUSE = 3
"""How often it tries a call by itself before its COPY fails."""
_SERVICES = {"secretsmanager": "Secrets Manager", "sqs": "SQS"}
_BUSY = b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Reduce your rate</Message></Error>'
_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "expect"}


class HttpProxy:
    """Listen on its own port.

    `on_behalf`: the client is not an attempt, but works for the running one, and keeps its connections.
    """

    def __init__(self, gate: Gate, upstream_port: int, *, on_behalf: bool = False) -> None:
        self.server = _Server((HOST, 0), _Handler)
        self.server.gate, self.server.upstream_port, self.server.on_behalf = gate, upstream_port, on_behalf
        self.port: int = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    @property
    def url(self) -> str:
        """Return the address to give to clients."""
        return f"http://{HOST}:{self.port}"

    def close(self) -> None:
        """Take no more connections."""
        self.server.shutdown()
        self.server.server_close()


class _Server(ThreadingHTTPServer):
    gate: Gate
    upstream_port: int
    on_behalf: bool
    refusals_left = 0
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing about connections that a killed process leaves behind."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.attempt = self.server.gate.attempt
        self.upstream = http.client.HTTPConnection(HOST, self.server.upstream_port)

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.upstream.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log: the gate's steps record what passed."""

    def _serve(self) -> None:
        body = self._body()
        if self.server.on_behalf:
            self.attempt = self.server.gate.attempt
        how = self.server.gate.entered(self.attempt, self._step(), OF_HTTP)
        if self.server.on_behalf and how is How.UNAVAILABLE:
            self.server.refusals_left = TRIES_OF_WAREHOUSE
        if self.server.refusals_left:
            self.server.refusals_left -= 1
            how = How.UNAVAILABLE
        if how is How.UNAVAILABLE:
            self._answer(503, [("Content-Type", "application/xml")], _BUSY)
        elif how in (How.KILL_BEFORE, How.DROP_BEFORE):
            self._cut(how)
        elif how is How.KILL_DURING:
            threading.Thread(target=self._forward_alone, args=(body,)).start()
            self._cut(how)
        else:
            if how is How.FREEZE:
                self.server.gate.kill(self.attempt, how)
            answer = self._forward(body)
            if how in (How.KILL_AFTER, How.DROP_AFTER):
                self._cut(how)
            else:
                self._answer(*answer, slowly=how is How.SLOW)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815 - http.server's names

    def _cut(self, how: How) -> None:
        if how in KILLS:
            self.server.gate.kill(self.attempt, how)
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _step(self) -> str:
        target = self.headers.get("X-Amz-Target", "")
        service = target.partition(".")[0]
        step = f"{_SERVICES.get(service, service)} {target}" if target else f"{self.command} {self.path[:80]}"
        return f"{BY_WAREHOUSE}{step}" if self.server.on_behalf else step

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        headers["Content-Length"] = str(len(body))
        self.upstream.request(self.command, self.path, body, headers)
        answer = self.upstream.getresponse()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP]
        if self.command == "HEAD":
            kept.append(("Content-Length", answer.headers.get("Content-Length", "0")))
        return answer.status, kept, answer.read()

    def _forward_alone(self, body: bytes) -> None:
        """Let the call go on though its connection may be closed meanwhile."""
        with suppress(OSError, http.client.HTTPException):
            self._forward(body)
        self.upstream.close()  # the call opens it again if the connection's end came first

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, *, slowly: bool = False) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        half = len(body) // 2 if slowly else len(body)
        self.wfile.write(body[:half])
        if slowly:
            time.sleep(SLOW_SECONDS)
            self.wfile.write(body[half:])
