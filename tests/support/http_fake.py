"""An HTTP server with an answer for each path."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    """What a client sent."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class HttpFake:
    """An HTTP server with an answer per path; what it was asked is in `requests`."""

    url: str
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    once: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """Answers that are given a single time, before those of `answers`."""

    def answer(self, path: str, status: int, body: object) -> None:
        """Answer this path, wherever the host and whatever the query, with a JSON body or with raw bytes."""
        self.answers[path] = (status, body if isinstance(body, bytes) else json.dumps(body).encode())

    def answer_once(self, path: str, status: int, body: object) -> None:
        """Answer the next request for this path so."""
        self.once[path] = (status, json.dumps(body).encode())

    def next_answer(self, path: str) -> tuple[int, bytes]:
        """Return what this request gets; a path without an answer is not found."""
        return self.once.pop(path, None) or self.answers.get(path, (404, b'{"detail": "not found"}'))
