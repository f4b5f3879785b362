"""Which errors are worth another attempt: the real ones of the stand-in, of S3 and of an unreachable server."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import psycopg2
import pytest
from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from botocore.config import Config as BotoConfig
from botocore.exceptions import BotoCoreError, ClientError
from psycopg2.extensions import connection

from lakeport import settings
from lakeport.airflow.retrying import is_worth_a_retry
from lakeport.airflow.tasks import retried_if_worth_it, warehouse_of
from lakeport.errors import AirflowUnavailable, SchemaError, TableMismatch, TooManyRejects
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse, is_passing
from lakeport.secrets_manager import read_secret
from local.config import Config
from local.redshift.copy.s3 import service_error
from tests.integration.killing import terminate

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)


@pytest.fixture
def table(warehouse: Warehouse) -> str:
    name = f"public.retrying_{uuid.uuid4().hex[:8]}"

    def make(current: Any) -> None:
        current.execute(f"CREATE TABLE {name} (id INTEGER, value INTEGER)")
        current.execute(f"INSERT INTO {name} VALUES (1, 0), (2, 0)")  # noqa: S608

    warehouse.transaction(make)
    return name


@pytest.fixture
def two(warehouse: Warehouse) -> Iterator[tuple[connection, connection]]:
    sessions = (connect_to_redshift(), connect_to_redshift())
    yield sessions
    for session in sessions:
        session.close()


def run(session: connection, text: str) -> None:
    with session.cursor() as current:
        current.execute(text)


def error_of(work: Callable[[], object]) -> psycopg2.Error:
    with pytest.raises(psycopg2.Error) as raised:
        work()
    return raised.value


def test_write_conflict_is_retried(two: tuple[connection, connection], table: str) -> None:
    first, second = two
    for session in two:
        run(session, f"SELECT COUNT(*) FROM {table}")  # noqa: S608
    run(first, f"UPDATE {table} SET value = 1 WHERE id = 1")  # noqa: S608
    first.commit()
    error = error_of(lambda: run(second, f"UPDATE {table} SET value = 2 WHERE id = 1"))  # noqa: S608
    assert is_worth_a_retry(error), error


def test_schema_that_two_make_at_once_is_retried(two: tuple[connection, connection]) -> None:
    """The first files of two types may come together; IF NOT EXISTS does not see uncommitted tables."""
    first, second = two
    text = f"CREATE SCHEMA IF NOT EXISTS lake_{uuid.uuid4().hex[:8]}"
    run(first, text)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(error_of, lambda: run(second, text))
        time.sleep(0.5)
        first.commit()
        error = waiting.result()
    assert is_worth_a_retry(error), error


def test_deadlock_is_retried(two: tuple[connection, connection], table: str) -> None:
    first, second = two
    run(first, f"UPDATE {table} SET value = 1 WHERE id = 1")  # noqa: S608
    run(second, f"UPDATE {table} SET value = 1 WHERE id = 2")  # noqa: S608
    errors: list[psycopg2.Error] = []

    def cross(session: connection, id_: int) -> None:
        try:
            run(session, f"UPDATE {table} SET value = 2 WHERE id = {id_}")  # noqa: S608
            session.rollback()
        except psycopg2.Error as error:
            errors.append(error)
            session.rollback()

    threads = [threading.Thread(target=cross, args=pair) for pair in ((first, 2), (second, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [is_worth_a_retry(error) for error in errors] == [True]


def test_lost_connection_is_retried(redshift: Config, two: tuple[connection, connection]) -> None:
    session, _ = two
    with session.cursor() as current:
        current.execute("SELECT pg_backend_pid()")
        ((process_id,),) = current.fetchall()
    terminate(redshift, process_id)
    assert is_worth_a_retry(error_of(lambda: run(session, "SELECT 1")))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 FROM nowhere",
        "SELEC 1",
        "INSERT INTO {table} VALUES ('x', 1)",
        "INSERT INTO {table} (unknown) VALUES (1)",
        "SELECT 1 / 0",
        "COPY {table} FROM 's3://{bucket}/not/there' IAM_ROLE default CSV",
        "COPY {table} FROM 's3://no-such-bucket-here/x' IAM_ROLE default CSV",
    ],
)
def test_permanent_errors_are_not_retried(two: tuple[connection, connection], table: str, text: str) -> None:
    error = error_of(lambda: run(two[0], text.format(table=table, bucket=settings.work_bucket())))
    assert not is_worth_a_retry(error), error


def test_missing_rights_are_not_retried(two: tuple[connection, connection]) -> None:
    error = error_of(lambda: run(two[0], "INSERT INTO pg_internal.loads SELECT * FROM pg_internal.loads"))
    assert (error.pgcode, is_worth_a_retry(error)) == ("42501", False)


@pytest.mark.parametrize(
    ("changes", "is_worth"),
    [({"password": "wrong"}, True), ({"port": 1}, True), ({"database": "nowhere"}, False), ({"username": "x"}, True)],
)
def test_what_is_wrong_with_the_connection(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], is_worth: bool
) -> None:
    """A wrong password may be a rotation under way; Redshift answers the same for an unknown user."""
    secret = read_secret(settings.redshift_secret()) | changes
    name = f"wrong/{uuid.uuid4().hex}"
    boto3.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(secret))
    monkeypatch.setenv("LAKEPORT_REDSHIFT_SECRET", name)
    error = error_of(connect_to_redshift)
    assert is_worth_a_retry(error) is is_worth, error


@pytest.mark.parametrize(
    ("code", "status", "is_worth"),
    [("SlowDown", 503, True), ("InternalError", 500, True), ("AccessDenied", 403, False), ("NoSuchKey", 404, False)],
)
def test_copy_that_met_a_failing_s3(code: str, status: int, is_worth: bool) -> None:
    """The words are those in which the stand-in, as Redshift, passes S3's answer on."""
    answer: Any = {"Error": {"Code": code, "Message": "It is so."}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = service_error(ClientError(answer, "GetObject"))
    assert is_passing(psycopg2.InternalError(error.message)) is is_worth


@pytest.fixture
def slow_s3() -> Iterator[S3Client]:
    """An S3 that always answers 503 SlowDown."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.send_header("Content-Length", str(len(SLOW_DOWN)))
            self.end_headers()
            self.wfile.write(SLOW_DOWN)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield client(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()
    thread.join()


def client(endpoint: str) -> S3Client:
    config = BotoConfig(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    return session.client("s3", endpoint_url=endpoint, config=config)


def test_slow_s3_is_retried(slow_s3: S3Client) -> None:
    with pytest.raises(ClientError) as raised:
        slow_s3.get_object(Bucket="b", Key="k")
    assert is_worth_a_retry(raised.value)


def test_unreachable_s3_is_worth_a_retry() -> None:
    with pytest.raises(BotoCoreError) as raised:
        client("http://127.0.0.1:1").get_object(Bucket="b", Key="k")
    assert is_worth_a_retry(raised.value)


def test_missing_bucket_is_not_retried(s3: S3Client) -> None:
    with pytest.raises(ClientError) as raised:
        s3.get_object(Bucket="no-such-bucket-here", Key="k")
    assert not is_worth_a_retry(raised.value)


@pytest.mark.parametrize("error", [TooManyRejects("x"), TableMismatch("x"), SchemaError(["x"]), ImportError("x")])
def test_task_fails_at_once_on_permanent_errors(error: Exception) -> None:
    with pytest.raises(AirflowFailException) as raised, retried_if_worth_it():
        raise error
    assert "x" in str(raised.value)


@pytest.mark.parametrize(
    "error", [AirflowUnavailable("x"), AirflowSkipException("x"), OSError("x"), psycopg2.OperationalError("x")]
)
def test_task_is_left_to_its_retries_on_what_passes(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, retried_if_worth_it():
        raise error
    assert raised.value is error


def test_password_rotated_after_it_was_read_is_read_once_more(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = read_secret(settings.redshift_secret())
    place = {"host": secret["host"], "port": secret["port"], "login": secret["username"], "schema": secret["database"]}
    passwords = ("before the rotation", secret["password"])
    found = [Connection(conn_id="redshift", conn_type="postgres", password=each, **place) for each in passwords]
    monkeypatch.setattr(BaseHook, "get_connection", lambda _: found.pop(0))
    with warehouse_of("lakeport_redshift") as opened:
        opened.transaction(lambda current: current.execute("SELECT 1"))
    assert found == []
