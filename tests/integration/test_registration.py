"""An object that lands is registered once, however often S3 and SQS deliver its event."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import boto3
import psycopg2
import pytest

from lakeport import settings
from lakeport.arrivals.registration import Registration, register_messages
from lakeport.arrivals.rules import ArrivalIndex, ArrivalRule
from lakeport.redshift.connecting import connect, connect_to_redshift
from lakeport.redshift.session import Warehouse
from lakeport.secrets_manager import read_secret
from local import credentials
from local.config import Config
from local.warehouse import certificate

Query = Callable[..., list[tuple[Any, ...]]]
INDEX = ArrivalIndex((ArrivalRule("trips", "trips/*.csv", "csv", "none"),))


def message(key: str, version: str, *, encoded_key: str | None = None) -> tuple[str, str]:
    """Return an SQS message with one S3 event of one object version."""
    thing = {"key": encoded_key or key, "size": 3, "eTag": "e", "versionId": version, "sequencer": "1"}
    record = {
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-11-22T10:00:00.000Z",
        "s3": {"bucket": {"name": settings.landing_bucket()}, "object": thing},
    }
    return str(uuid.uuid4()), json.dumps({"Records": [record]})


def register(warehouse: Warehouse, *messages: tuple[str, str]) -> Registration:
    return register_messages(messages, INDEX, warehouse)


def registered(query: Query, version: str) -> list[tuple[Any, ...]]:
    return query("SELECT file_type, key, status, status_reason FROM mng.files WHERE version_id = %s", (version,))


@pytest.fixture
def version() -> str:
    return uuid.uuid4().hex


def test_a_file_is_registered_as_new_and_its_type_is_returned(warehouse: Warehouse, query: Query, version: str) -> None:
    result = register(warehouse, message("trips/a.csv", version))
    assert registered(query, version) == [("trips", "trips/a.csv", "New", None)]
    assert list(result.new_files) == ["trips"]


def test_second_delivery_of_an_event_registers_nothing(warehouse: Warehouse, query: Query, version: str) -> None:
    for _ in range(2):
        register(warehouse, message("trips/a.csv", version), message("trips/a.csv", version))
    assert len(registered(query, version)) == 1
    log = query(
        "SELECT COUNT(*) FROM mng.status_log l JOIN mng.files f ON f.file_id = l.file_id WHERE version_id = %s",
        (version,),
    )
    assert log == [(1,)]


def test_deliveries_at_the_same_moment_register_once(warehouse: Warehouse, query: Query, version: str) -> None:
    """Redshift enforces no key, so only the lock keeps two Lambdas from registering a file twice."""

    def deliver(_: int) -> None:
        with Warehouse(connect_to_redshift) as own:
            register(own, message("trips/a.csv", version))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(deliver, range(12)))
    assert len(registered(query, version)) == 1


def test_a_bad_message_does_not_block_the_others(warehouse: Warehouse, query: Query, version: str) -> None:
    bad = ("bad", "{not json")
    result = register(warehouse, bad, message("trips/a.csv", version))
    assert result.failed_messages == ["bad"]
    assert len(registered(query, version)) == 1


def test_an_unmatched_file_is_rejected_with_the_reason(warehouse: Warehouse, query: Query, version: str) -> None:
    result = register(warehouse, message("crew/roster.csv", version))
    ((file_type, _, status, reason),) = registered(query, version)
    assert (file_type, status) == (None, "Rejected")
    assert reason.endswith("folder crew/; known folders: trips/; move the file to a known folder, or add a file type")
    assert not result.new_files


@pytest.mark.parametrize(
    ("encoded", "key"),
    [("trips/it%27s+%22a%22%3B--.csv", """trips/it's "a";--.csv"""), ("trips/%E2%82%AC%5C.csv", "trips/€\\.csv")],
)
def test_hostile_keys_are_registered_unchanged(
    warehouse: Warehouse, query: Query, version: str, encoded: str, key: str
) -> None:
    register(warehouse, message(key, version, encoded_key=encoded))
    assert registered(query, version)[0][1] == key


@pytest.mark.parametrize("was", [{"password": "old"}, {"host": "moved.invalid"}, {"port": 1}])
def test_secret_that_has_changed_is_read_again(warehouse: Warehouse, was: dict[str, object]) -> None:
    manager, name = boto3.client("secretsmanager"), settings.redshift_secret()
    right = manager.get_secret_value(SecretId=name)["SecretString"]
    try:
        manager.put_secret_value(SecretId=name, SecretString=json.dumps(json.loads(right) | was))
        read_secret.cache_clear()
        assert read_secret(name).items() >= was.items()
    finally:
        manager.put_secret_value(SecretId=name, SecretString=right)
    connect_to_redshift().close()
    assert read_secret(name) == json.loads(right)


@pytest.mark.parametrize("written", [dict, json.dumps])
def test_tls_options_of_the_secret_are_used(warehouse: Warehouse, written: Callable[[dict[str, str]], object]) -> None:
    """They are in `extra`, in the forms that Airflow accepts: JSON, or JSON as text."""
    manager, name = boto3.client("secretsmanager"), settings.redshift_secret()
    right = manager.get_secret_value(SecretId=name)["SecretString"]
    checked = {"sslmode": "verify-full", "sslrootcert": "/of/no/authority.crt"}
    try:
        for extra, works in (({"sslmode": "require"}, True), (checked, False)):
            text = json.dumps(json.loads(right) | {"extra": written(extra)})
            manager.put_secret_value(SecretId=name, SecretString=text)
            read_secret.cache_clear()
            with nullcontext() if works else pytest.raises(psycopg2.OperationalError, match="certificate"):
                connection = connect_to_redshift()
                assert connection.info.ssl_in_use
                connection.close()
    finally:
        manager.put_secret_value(SecretId=name, SecretString=right)
        read_secret.cache_clear()


@pytest.mark.parametrize("sslmode", ["verify-ca", "verify-full"])
@pytest.mark.parametrize("is_known", [True, False], ids=["known to the machine", "unknown"])
def test_root_certificates_that_do_not_exist_are_replaced_by_those_of_the_machine(
    redshift: Config, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, sslmode: str, *, is_known: bool
) -> None:
    """Without a file of this machine either, those of botocore are used: they verify Amazon's certificates."""
    known = str(certificate(redshift)) if is_known else "/none/either.pem"
    monkeypatch.setenv("SSL_CERT_FILE", known)
    extra = {"sslmode": sslmode, "sslrootcert": "/etc/pki/tls/certs/none.crt"}
    with nullcontext() if is_known else pytest.raises(psycopg2.OperationalError, match="certificate"):
        opened = connect(
            host="localhost",
            port=redshift.ports.redshift,
            database=credentials.DATABASE,
            username=credentials.USER,
            password=credentials.PASSWORD,
            extra=extra,
        )
        assert opened.info.ssl_in_use
        opened.close()
    assert (
        f"/etc/pki/tls/certs/none.crt does not exist; verifying Redshift with {known if is_known else ''}"
        in caplog.text
    )
