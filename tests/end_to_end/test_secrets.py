"""No secret is written anywhere: after good and failed loads, all the stack wrote is searched for each of them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql

from local import airflow, credentials, postgres
from local.aws import names
from local.config import HOST
from tests.support.running_lakeport import Lakeport
from tests.support.waiting import until


@pytest.fixture
def password(lakeport: Lakeport, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A rotated password: the default one is a common word."""
    client = lakeport.client("secretsmanager")
    before = client.get_secret_value(SecretId=names.REDSHIFT_SECRET)["SecretString"]
    rotated = secrets.token_urlsafe(24)
    after = json.dumps(json.loads(before) | {"password": rotated})
    set_password(lakeport, rotated)
    client.put_secret_value(SecretId=names.REDSHIFT_SECRET, SecretString=after)
    with monkeypatch.context() as patched:
        patched.setattr(credentials, "PASSWORD", rotated)  # what this process asks with
        log_statements(lakeport, "'all'")
        yield rotated
        log_statements(lakeport, "DEFAULT")
    set_password(lakeport, credentials.PASSWORD)
    client.put_secret_value(SecretId=names.REDSHIFT_SECRET, SecretString=before)


def test_no_secret_is_in_a_log_an_xcom_a_statement_or_an_alert(lakeport: Lakeport, password: str) -> None:
    good = lakeport.drop("airlines.csv", "airlines/airlines_secrets.csv")
    bad = lakeport.drop("damaged/weather_2013_damaged.csv.gz", "weather/weather_2013_secrets.csv.gz")
    loaded, failed = (lakeport.wait_for(version, "Done", "Fail") for version in (good, bad))
    assert (loaded["status"], failed["status"]) == ("Done", "Fail")
    until(lambda: [each for each in lakeport.slack_messages() if failed["run_id"] in json.dumps(each)])
    until(lambda: [each for each in lakeport.mails() if failed["run_id"] in each.get_body().get_content()])

    written = everything_written(lakeport, password)
    for run in (loaded["run_id"], failed["run_id"]):  # what is searched is where the runs left their traces
        assert {"a log", "airflow.xcom", "airflow.task_instance", "lakeport.mng.files"} <= found(written, run)
    assert {"an alert", "lakeport.mng.load_errors"} <= found(written, failed["run_id"])
    assert "a log" in found(written, "UPDATE mng.files")
    for name, value in secrets_of(lakeport, password).items():
        lines = [line for _, text in written for line in text.splitlines() if value in line]
        assert lines == [], name


def secrets_of(lakeport: Lakeport, password: str) -> dict[str, str]:
    """Return every secret value, except those that the local stack publishes."""
    webhook = json.loads(
        lakeport.client("secretsmanager").get_secret_value(SecretId=names.SLACK_SECRET)["SecretString"]
    )
    values = asdict(credentials.load(lakeport.config)) | {"webhook": webhook["password"], "rotated": password}
    assert all(len(value) > len("lakeport") for value in values.values())
    return values


def everything_written(lakeport: Lakeport, password: str) -> list[tuple[str, str]]:
    """Return (where, text) of every log, row and message."""
    logs = [("a log", path.read_text(errors="replace")) for path in files_in(lakeport.config.logs)]
    alerts = [("an alert", str(each)) for each in (*lakeport.slack_messages(), *lakeport.mails())]
    own = credentials.load(lakeport.config)
    as_airflow = {"user": airflow.DATABASE, "password": own.airflow_database_password, "dbname": airflow.DATABASE}
    as_owner = {"user": postgres.SUPERUSER, "password": own.postgres_password, "dbname": credentials.DATABASE}
    return [
        *logs,
        *alerts,
        *function_logs(lakeport),
        *rows(lakeport, "airflow", **as_airflow),
        *rows(lakeport, "lakeport", **as_owner),
    ]


def files_in(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    assert len(found) > 10
    return found


def function_logs(lakeport: Lakeport) -> Iterator[tuple[str, str]]:
    client = lakeport.client("logs")
    for group in client.describe_log_groups()["logGroups"]:
        for event in client.filter_log_events(logGroupName=group["logGroupName"])["events"]:
            yield "a log", event["message"]


def rows(lakeport: Lakeport, database: str, **who: Any) -> Iterator[tuple[str, str]]:
    """Give every table of a database as text, but for the lake's: their rows are the files' own."""
    tables = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN %s"
    foreign = ("pg_catalog", "information_schema", "lake")
    port = lakeport.config.ports.postgres
    for schema, table in lakeport.query(tables, (foreign,), port=port, **who):
        name = table if schema == "public" else f"{schema}.{table}"
        query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(schema, table))
        for (text,) in lakeport.query(query, port=port, **who):
            yield f"{database}.{name}", text


def found(written: list[tuple[str, str]], value: str) -> set[str]:
    return {where for where, text in written if value in text}


def set_password(lakeport: Lakeport, password: str) -> None:
    """Change the password of the stack's user."""
    change = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(credentials.USER), sql.Literal(password))
    as_superuser(lakeport, "SET password_encryption = 'md5'", change)


def log_statements(lakeport: Lakeport, which: str) -> None:
    """Have PostgreSQL log what reaches it through the stand-in, in sessions that begin from now on."""
    database = sql.Identifier(credentials.DATABASE)
    as_superuser(lakeport, sql.SQL("ALTER DATABASE {} SET log_statement = {}").format(database, sql.SQL(which)))


def as_superuser(lakeport: Lakeport, *statements: str | sql.Composable) -> None:
    """Run statements in the PostgreSQL behind the stand-in."""
    own = credentials.load(lakeport.config)
    place: dict[str, Any] = {"host": HOST, "port": lakeport.config.ports.postgres, "dbname": credentials.DATABASE}
    connection = psycopg2.connect(**place, user=postgres.SUPERUSER, password=own.postgres_password)
    with connection, connection.cursor() as current:
        for statement in statements:
            current.execute(statement)
    connection.close()
