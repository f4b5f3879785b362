"""The check of the environment asks the real parts, keeps nothing, and names each fault with its remedy."""

from __future__ import annotations

import io
import logging
import subprocess
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from psycopg2.extensions import connection
from urllib3 import HTTPResponse

from lakeport import settings
from lakeport.loading import copy_reports
from lakeport.probing.answers import Answer, Verdict, as_markdown, failures
from lakeport.probing.bucket_probe import BucketProbe
from lakeport.probing.copy_questions import WITH_HEADER, WITHOUT_HEADER
from lakeport.probing.pool_probe import POOLS
from lakeport.probing.probe import probe, read_report, report_key, write_report
from lakeport.redshift import session
from lakeport.redshift.connecting import connect, connect_to_redshift
from lakeport.redshift.session import Warehouse
from local import credentials, postgres
from local import warehouse as local_warehouse
from local.config import REPOSITORY, Config
from tests.integration.airflow_stand_in import AirflowStandIn
from tests.support.ports import free_port, wait_for

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

Query = Callable[..., list[tuple[Any, ...]]]
Serve = Callable[..., Callable[[], connection]]
OK, OTHER, FAILED, NOT_ASKED = Verdict.EXPECTED, Verdict.OTHER, Verdict.FAILED, Verdict.NOT_ASKED
CONNECTION = "Connection to Redshift"
COPY = "COPY of a file with a header, by MANIFEST, MAXERROR and IAM_ROLE default"
COPY_WITHOUT_HEADER = COPY.replace("with a", "without a")
NOTICES = "Rows that COPY rejected, by its notices"
HISTORY = "Rejected rows in SYS_LOAD_HISTORY"
VIEW = "Rejected rows in SYS_LOAD_ERROR_DETAIL, during the transaction"
LINE, FILE = "Line of the rejected row", "File of the rejected row"
IDS = "pg_last_copy_id() and query_id of the SYS views"
SYSDATE = "SYSDATE"
LINES, LINES_WITHOUT_HEADER = "Lines scanned of a file with a header", "Lines scanned of a file without a header"
ISOLATION = "Isolation level of the database"
LOAD = "A load by the product, rolled back"
RUNS = "A page of DAG runs, by Airflow's REST API"
LANDING = ("landing", "partners landing")
FIRST_FILES = [f"Read the first files in the {each} bucket" for each in LANDING]
READ = [f"Read a version of the {each} bucket" for each in LANDING]
REMOVE = [f"Remove a version from the {each} bucket" for each in LANDING]
ARCHIVE = "Copy a version to the archive, read it and remove it"
WRITE = "Write to the work bucket, which keeps versions"
AFTER_COPY = [*(each.title for each in (*WITH_HEADER, *WITHOUT_HEADER)), COPY_WITHOUT_HEADER, LOAD]
KINDER = {IDS: OTHER}
"""What differs from the documentation in the stand-in as it starts."""
QUICK = {
    "connect_timeout": 2,
    "keepalives_idle": 1,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    "tcp_user_timeout": 2000,
}


@pytest.fixture(autouse=True)
def lake(query: Query) -> None:
    """Create the schema of the tables, as a deployment does: a lost transaction that creates it blocks the others."""
    query("CREATE SCHEMA IF NOT EXISTS lake; SELECT 1")


def ask(warehouse: Warehouse, s3: S3Client, *, is_airflow_down: bool = False, occasion: str = "") -> dict[str, Answer]:
    api = AirflowStandIn(is_down=is_airflow_down)
    answers = list(probe(warehouse, s3, lambda: api, occasion or uuid.uuid4().hex))
    log.info("answers:\n%s", as_markdown(answers))
    return {each.question: each for each in answers}


def differing(answers: Mapping[str, Answer]) -> dict[str, Verdict]:
    """Return the verdicts that are not `ok`."""
    return {question: each.verdict for question, each in answers.items() if each.verdict is not OK}


@contextmanager
def answering(**values: object) -> Iterator[Warehouse]:
    """Connect to the stand-in in a session with these settings."""

    def open_connection() -> connection:
        opened = connect_to_redshift()
        with opened, opened.cursor() as current:
            for name, value in values.items():
                current.execute(f"SET {name.replace('__', '.')} TO '{value}'")
        return opened

    with Warehouse(open_connection) as warehouse:
        yield warehouse


@pytest.fixture
def serve(redshift: Config, tmp_path: Path) -> Iterator[Serve]:
    """Start another stand-in on the same database with these options, and return what connects to it."""
    started: list[subprocess.Popen[bytes]] = []
    service = local_warehouse.service(redshift)

    def run(*options: str) -> Callable[[], connection]:
        port, output = free_port(), tmp_path / "log"
        command = [*service.command, "--port", str(port), "--certificate", str(tmp_path / "pem"), *options]
        with output.open("wb") as out:
            process = subprocess.Popen(command, env=dict(service.environment), stdout=out, stderr=out)
        started.append(process)
        wait_for(port, process, output)
        return lambda: open_at(port)

    yield run
    for process in started:
        process.terminate()
        process.wait(10)


def open_at(port: int, **changes: Any) -> connection:
    values: dict[str, Any] = {
        "host": "localhost",
        "port": port,
        "database": credentials.DATABASE,
        "username": credentials.USER,
        "password": credentials.PASSWORD,
        "extra": QUICK,
    }
    return connect(**values | changes)


def denied(*operations: str) -> S3Client:
    """Return an S3 client to which the server answers these operations with 403, as S3 does without a permission."""
    client = boto3.client("s3")

    def refuse(request: Any, **_: Any) -> Any:
        body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        raw = HTTPResponse(io.BytesIO(b"" if request.method == "HEAD" else body), preload_content=False)
        return AWSResponse(request.url, 403, HTTPHeaders(), raw)

    for operation in operations:
        client.meta.events.register(f"before-send.s3.{operation}", refuse)
    return client


def test_every_question_is_answered_and_nothing_is_kept(warehouse: Warehouse, s3: S3Client, query: Query) -> None:
    occasion = uuid.uuid4().hex
    answers = ask(warehouse, s3, occasion=occasion)

    assert differing(answers) == KINDER
    assert "1 record(s) could not be loaded" in answers[NOTICES].answered
    tables = "SELECT COUNT(*) FROM pg_tables WHERE tablename LIKE 'check_environment%%'"
    assert query(tables) == [(0,)]
    assert query("SELECT COUNT(*) FROM mng.files WHERE key LIKE 'checks/%%'") == [(0,)]
    listed = s3.list_object_versions(Bucket=settings.archive_bucket(), Prefix=f"checks/{occasion}")
    assert [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])] == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"lakeport__views_late_seconds": 2}, KINDER),
        ({"lakeport__id_offset": 1000}, {}),
        ({"lakeport__unknown_lines": "all"}, {**KINDER, LINE: OTHER}),
        ({"lakeport__unknown_lines": "split"}, {**KINDER, LINE: OTHER}),
        (
            {"lakeport__views_late_seconds": 3600},
            {
                VIEW: FAILED,
                LINE: NOT_ASKED,
                FILE: NOT_ASKED,
                IDS: NOT_ASKED,
                LINES: OTHER,
                HISTORY: OTHER,
                LINES_WITHOUT_HEADER: OTHER,
                LOAD: FAILED,
            },
        ),
        ({"timezone": "America/New_York", "datestyle": "SQL, DMY"}, KINDER),
    ],
    ids=["views late", "ids differ", "no line numbers", "split files", "views never", "user with other settings"],
)
def test_reading_of_the_documentation_is_found(
    s3: S3Client,
    monkeypatch: pytest.MonkeyPatch,
    product_environment: Config,
    values: dict[str, object],
    expected: dict[str, Verdict],
) -> None:
    """Readings that loads survive do not fail; one that would lose rejected rows does."""
    if "views_late_seconds" in str(values):
        monkeypatch.setattr(copy_reports, "VIEWS_WITHIN_SECONDS", 5 if 2 in values.values() else 1)
    with answering(**values) as warehouse:
        assert differing(ask(warehouse, s3)) == expected


def test_view_that_has_other_keys_is_shown_by_the_file_name(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session east of UTC looks for times that have not come yet."""
    monkeypatch.setattr(copy_reports, "VIEWS_WITHIN_SECONDS", 1)
    monkeypatch.setattr(session, "_SETTINGS", "SET timezone TO 'Asia/Tokyo'")
    with answering() as warehouse:
        answers = ask(warehouse, s3)
    assert answers[SYSDATE].verdict is answers[VIEW].verdict is FAILED
    assert "by file name it shows: session" in answers[VIEW].answered
    assert "rejected rows are looked up by the wrong time" in answers[SYSDATE].meaning


@pytest.mark.parametrize(
    ("permission", "message", "remedy"),
    [
        ("role", "Not authorized to get credentials of role", "Redshift may not assume CopyRole"),
        ("read", "requires full path of an S3 object", "CopyRole may not read"),
        ("s3", "S3ServiceException:Access Denied", "CopyRole may not read"),
    ],
)
def test_permission_that_copy_lacks_is_found_with_its_remedy(
    serve: Serve, s3: S3Client, permission: str, message: str, remedy: str
) -> None:
    with Warehouse(serve("--missing-permission", permission)) as warehouse:
        answers = ask(warehouse, s3)
    assert differing(answers) == {COPY: FAILED, **dict.fromkeys(AFTER_COPY, NOT_ASKED)}
    assert message in answers[COPY].answered
    assert remedy in answers[COPY].meaning


def test_statement_cancelled_after_a_resume_is_survived(serve: Serve, s3: S3Client) -> None:
    with Warehouse(serve("--cancel-after-resume")) as warehouse:
        assert differing(ask(warehouse, s3)) == KINDER


def test_connection_that_never_begins_is_found(serve: Serve, s3: S3Client) -> None:
    with Warehouse(serve("--silent-after", "0")) as warehouse:
        answers = ask(warehouse, s3)
    assert "timeout expired" in answers[CONNECTION].answered
    assert "security groups" in answers[CONNECTION].meaning
    assert answers[LOAD].verdict is answers[COPY].verdict is NOT_ASKED


def test_connection_that_goes_silent_in_a_copy_is_found(serve: Serve, s3: S3Client) -> None:
    """Statement 1 is the session's own, 2 to 5 are the question about the connection."""
    with Warehouse(serve("--silent-during", "8")) as warehouse:
        answers = ask(warehouse, s3)
    assert answers[CONNECTION].verdict is OK
    assert answers[COPY].verdict is FAILED
    assert "timed out" in answers[COPY].answered
    assert "the connection was lost" in answers[COPY].meaning


@pytest.mark.parametrize(
    ("changes", "message", "remedy"),
    [
        ({"password": "wrong"}, "password authentication failed", "deploy --database"),
        (
            {"extra": {"sslmode": "verify-full", "sslrootcert": "system"}},
            "certificate verify failed",
            "certificate cannot be verified",
        ),
        ({"port": 1}, "Connection refused", "security groups"),
    ],
    ids=["password", "certificate", "port"],
)
def test_connection_that_fails_is_found_with_its_remedy(
    redshift: Config, s3: S3Client, changes: dict[str, Any], message: str, remedy: str
) -> None:
    changes = {"port": redshift.ports.redshift, **changes}
    with Warehouse(lambda: open_at(**changes)) as warehouse:
        answers = ask(warehouse, s3)
    assert answers[CONNECTION].verdict is FAILED
    assert message in answers[CONNECTION].answered
    assert remedy in answers[CONNECTION].meaning
    assert {answers[question].verdict for question in (COPY, *AFTER_COPY)} == {NOT_ASKED}


def test_user_without_permissions_is_found(redshift: Config, s3: S3Client) -> None:
    user, password = f"nobody_{uuid.uuid4().hex[:8]}", "Nothing0allowed"
    port, secret = redshift.ports.redshift, credentials.load(redshift).postgres_password
    administrator = open_at(port, username=postgres.SUPERUSER, password=secret)
    try:
        administrator.autocommit = True
        administrator.cursor().execute(f"CREATE USER {user} PASSWORD '{password}'")
        with Warehouse(lambda: open_at(port, username=user, password=password)) as warehouse:
            answers = ask(warehouse, s3)
        administrator.cursor().execute(f"DROP USER {user}")
    finally:
        administrator.close()
    assert "permission denied for schema mng" in answers[CONNECTION].answered
    assert "deploy --database" in answers[CONNECTION].meaning


def test_isolation_level_that_rolls_loads_back_is_found(redshift: Config, warehouse: Warehouse, s3: S3Client) -> None:
    alter = f'ALTER DATABASE "{credentials.DATABASE}" ISOLATION LEVEL'
    warehouse.alone(f"{alter} SERIALIZABLE")
    warehouse.close()
    try:
        answers = ask(warehouse, s3)
    finally:
        warehouse.alone(f"{alter} SNAPSHOT")
    assert differing(answers) == {**KINDER, ISOLATION: Verdict.WARNING}
    assert answers[ISOLATION].meaning.endswith(f"{alter} SNAPSHOT")


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("DeleteObject", {**dict.fromkeys(REMOVE, FAILED), ARCHIVE: FAILED}),
        ("CopyObject", {ARCHIVE: FAILED}),
        (
            "PutObject",
            {
                WRITE: FAILED,
                **dict.fromkeys((*READ, *REMOVE, ARCHIVE), NOT_ASKED),
                COPY: FAILED,
                **dict.fromkeys(AFTER_COPY, NOT_ASKED),
            },
        ),
        ("HeadObject", {**dict.fromkeys(READ, FAILED), ARCHIVE: FAILED}),
        (
            "ListObjectsV2",
            dict.fromkeys(
                [*(f"List the {name} bucket" for name in (*LANDING, "archive", "work")), *FIRST_FILES], FAILED
            ),
        ),
    ],
)
def test_permission_that_the_tasks_lack_is_found(
    warehouse: Warehouse, operation: str, expected: dict[str, Verdict]
) -> None:
    answers = ask(warehouse, denied(operation))
    assert differing(answers) == {**KINDER, **expected}
    failed = [question for question, verdict in expected.items() if verdict is FAILED]
    assert all("lacks a permission" in answers[question].meaning for question in failed)


def test_file_in_landing_that_cannot_be_read_is_a_warning(s3: S3Client) -> None:
    """As S3 answers where the key of an earlier file is disabled, whatever key the bucket has now."""
    bucket, key = settings.landing_bucket(), "!first/trips.csv"
    version = s3.put_object(Bucket=bucket, Key=key, Body=b"id\n1\n")["VersionId"]
    try:
        readable, unreadable = (
            {each.question: each for each in BucketProbe(client, "first").answers()}[FIRST_FILES[0]]
            for client in (s3, denied("GetObject"))
        )
    finally:
        s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
    assert (readable.verdict, readable.answered) == (OK, "allowed")
    assert (unreadable.verdict, "AccessDenied for '!first/trips.csv'" in unreadable.answered) == (Verdict.WARNING, True)
    assert "KMS key" in unreadable.meaning


def test_airflow_that_cannot_be_reached_is_found(warehouse: Warehouse, s3: S3Client) -> None:
    answers = ask(warehouse, s3, is_airflow_down=True)
    assert differing(answers) == {**KINDER, RUNS: FAILED}
    (failure,) = failures(answers.values())
    assert failure.startswith(f"{RUNS}: AirflowUnavailable: reconcile: cannot connect to Airflow; ")


def test_report_is_read_unchanged(warehouse: Warehouse, s3: S3Client) -> None:
    answers = list(ask(warehouse, s3).values())
    write_report(s3, "manual__2026-11-28T10:00:00+00:00", answers)
    key = report_key("manual__2026-11-28T10:00:00+00:00")
    assert read_report(s3.get_object(Bucket=settings.work_bucket(), Key=key)["Body"].read()) == answers


def test_pools_of_schemas_that_airflow_lacks_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = (REPOSITORY / "schemas" / "airlines.yaml").read_text()
    monkeypatch.setenv("LAKEPORT_SCHEMAS", str(tmp_path))
    api = AirflowStandIn()
    for pool, has_pool, verdict in (("", False, OK), ("pool: night\n", False, FAILED), ("pool: night\n", True, OK)):
        (tmp_path / "airlines.yaml").write_text(schema + pool)
        api.pools += ["night"] * has_pool
        assert POOLS.ask(lambda: api).verdict is verdict
    assert POOLS.ask(lambda: AirflowStandIn(is_down=True)).verdict is FAILED
