"""A Slack webhook that keeps what it is sent: `python -m local.sinks.slack PORT DIRECTORY`.

It answers as Slack does: `ok` to JSON with something to show, `invalid_payload` or `no_text` with status 400 otherwise.
"""

import itertools
import json
import sys
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from local.config import HOST
from local.sinks.mail import keep


class Webhook(BaseHTTPRequestHandler):
    """Keep each posted message as NUMBER.json; a GET tells that the sink runs."""

    directory: Path
    numbers = itertools.count()

    def do_GET(self) -> None:
        self._answer(HTTPStatus.OK, "ok")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            message = json.loads(body)
        except ValueError:
            return self._answer(HTTPStatus.BAD_REQUEST, "invalid_payload")
        if not isinstance(message, dict) or not any(message.get(key) for key in ("text", "blocks", "attachments")):
            return self._answer(HTTPStatus.BAD_REQUEST, "no_text")
        keep(self.directory, f"{time.time_ns()}-{next(self.numbers)}.json", body)
        return self._answer(HTTPStatus.OK, "ok")

    def log_request(self, code: int | str = "-", _size: int | str = "-") -> None:
        """Log without the path: it is the webhook's secret."""
        self.log_message("%s %s", self.command, code)

    def _answer(self, status: HTTPStatus, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


def main(port: int, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    Webhook.directory = directory
    ThreadingHTTPServer((HOST, port), Webhook).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
