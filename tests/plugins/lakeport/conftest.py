"""What the tests of the modules share: S3 in this process and an Airflow that answers over HTTP."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from lakeport.files import s3_objects
from local import postgres as local_postgres
from tests.support.buckets import BUCKETS
from tests.support.http_fake import HttpFake, Request

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from lakeport.redshift.ddl import Statement
    from local.config import Config


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the process no AWS settings but those of a test."""
    for name in [each for each in os.environ if each.startswith(("AWS_", "LAKEPORT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name, bucket in BUCKETS.items():
        monkeypatch.setenv(f"LAKEPORT_{name.upper()}_BUCKET", bucket)
    s3_objects.s3_client.cache_clear()


@pytest.fixture
def aws(aws_environment: None) -> Iterator[None]:
    """AWS in this process, empty."""
    with mock_aws():
        yield


@pytest.fixture
def s3(aws: None) -> S3Client:
    """Lakeport's four buckets, made without requests: most tests send fewer; landing keeps versions."""
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for bucket in BUCKETS.values():
        backend.create_bucket(bucket, "us-east-1")
    backend.put_bucket_versioning(BUCKETS["landing"], "Enabled")
    return _s3_client()


@cache
def _s3_client() -> S3Client:
    """Make the client once: that takes longer than most tests; what it finds is each test's own."""
    return boto3.client("s3", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture
def http_fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpFake]:
    """An HTTP server on a free port; it answers unknown paths with 404."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = "/" + self.path.split("//", 1)[-1].split("/", 1)[-1] if "//" in self.path else self.path
            path = path.partition("?")[0]
            fake.requests.append(Request(self.path, dict(self.headers), json.loads(raw or b"null")))
            status, body = fake.next_answer(path)
            if status == 0:
                self.wfile.write(body)  # not even HTTP
                return
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PATCH = do_POST  # noqa: N815 - the names of the server's class

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake = HttpFake(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def render(postgres: Config) -> Iterator[Callable[[Statement], str]]:
    """Return a statement's text as psycopg2 sends it; quoting needs a connection."""
    connection = local_postgres.connect(postgres)
    yield lambda statement: statement.as_string(connection)
    connection.close()
