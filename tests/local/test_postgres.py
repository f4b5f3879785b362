"""PostgreSQL starts for root and for everyone, asks for passwords, and keeps its data."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from local import credentials, families, postgres, postgres_files, processes
from local.config import HOST, Config, Ports


@pytest.fixture
def server(starts_programs: None, tmp_path: Path) -> Iterator[Config]:
    """A separate server, which may be stopped."""
    config = Config(tmp_path, Ports.free())
    postgres.initialize(config)
    processes.start(config, postgres.service(config))
    yield config
    processes.stop(config, [postgres.service(config)])
    postgres_files.remove(config)


def test_data_survives_a_restart(server: Config) -> None:
    """`make down` keeps the tables."""
    with postgres.connect(server) as session, session.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    session.close()
    processes.stop(server, [postgres.service(server)])
    processes.start(server, postgres.service(server))

    session = postgres.connect(server)
    with session.cursor() as cursor:
        cursor.execute("SELECT answer FROM kept")
        assert cursor.fetchone() == (42,)
    session.close()


def test_what_is_committed_survives_a_kill(server: Config) -> None:
    """What was committed is never lost, whatever ends the processes."""
    for number in range(3):
        with closing(postgres.connect(server)) as session, session, session.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
            cursor.execute("INSERT INTO kept VALUES (%s)", (number,))
        leader = processes.running(server, "postgres")
        assert leader
        families.send(families.family(leader), signal.SIGKILL)
        processes.start(server, postgres.service(server))

        with closing(postgres.connect(server)) as session, session.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM kept")
            assert cursor.fetchone() == (number + 1,)


def test_initializing_again_keeps_the_data(server: Config) -> None:
    """`up` may be repeated."""
    version = (postgres_files.data(server) / "PG_VERSION").stat().st_ino
    postgres.initialize(server)

    assert (postgres_files.data(server) / "PG_VERSION").stat().st_ino == version


def test_half_made_data_directory_is_made_again(starts_programs: None, tmp_path: Path) -> None:
    """Ctrl-C in the very first seconds does not spoil the stack for good."""
    config = Config(tmp_path, Ports.free())
    postgres_files.data(config).mkdir(parents=True)
    (postgres_files.data(config) / "PG_VERSION").write_text("18\n")
    postgres.initialize(config)

    processes.start(config, postgres.service(config))
    assert processes.stop(config, [postgres.service(config)]) == ["postgres"]


@pytest.mark.parametrize("password", ["", "wrong"])
def test_connection_without_the_password_is_refused(postgres: Config, password: str) -> None:
    """Not even the superuser, from this very machine."""
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(host=HOST, port=postgres.ports.postgres, user="postgres", dbname="postgres", password=password)


def test_server_does_not_run_as_root(server: Config) -> None:
    """PostgreSQL refuses root, so the server never runs as root."""
    process = processes.running(server, "postgres")
    assert process
    namespace = Path(f"/proc/{process.pid}/uid_map")

    is_mapped = namespace.exists() and namespace.read_text().split()[0] != "0"
    assert is_mapped or process.uids().effective != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become nobody")
def test_root_without_user_namespaces_becomes_nobody(
    starts_programs: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many containers forbid namespaces; the server then runs from a folder that the user `nobody` reads."""
    monkeypatch.setattr(postgres_files, "_way", lambda: "nobody")
    config = Config(tmp_path, Ports.free())
    try:
        postgres.initialize(config)
        processes.start(config, postgres.service(config))
        process = processes.running(config, "postgres")

        assert process and process.username() == "nobody"
        assert (
            postgres_files.home(config).parent == postgres_files.SHARED_PLACE
        )  # pytest's own directory is closed to nobody
    finally:
        processes.stop(config, [postgres.service(config)])
        postgres_files.remove(config)


def test_database_is_made_once_and_belongs_to_its_role(server: Config) -> None:
    """Made twice it is still there, with the newest password."""
    postgres.create_database(server, "airflow", "old")
    postgres.create_database(server, "airflow", "new")

    session = psycopg2.connect(host=HOST, port=server.ports.postgres, user="airflow", dbname="airflow", password="new")
    with session.cursor() as cursor:
        cursor.execute("CREATE TABLE public.mine ()")
    session.close()


def test_copy_of_prepared_data_has_the_password_of_its_stack(server: Config, tmp_path: Path) -> None:
    with closing(postgres.connect(server)) as session, session, session.cursor() as cursor:
        cursor.execute("CREATE TABLE prepared AS SELECT 42 AS answer")
    processes.stop(server, [postgres.service(server)])
    copy = Config(tmp_path / "copy", server.ports)
    for _ in range(2):  # again after a kill before it was complete
        postgres.initialize(copy, postgres_files.data(server))
        (postgres_files.data(copy) / postgres.COMPLETE).unlink()
    postgres.initialize(copy, postgres_files.data(server))
    processes.start(copy, postgres.service(copy))

    try:
        with closing(postgres.connect(copy)) as session, session.cursor() as cursor:
            cursor.execute("SELECT answer FROM prepared")
            assert cursor.fetchone() == (42,)
        assert credentials.load(copy).postgres_password != credentials.load(server).postgres_password
    finally:
        processes.stop(copy, [postgres.service(copy)])


@pytest.mark.parametrize("is_half", [True, False])
def test_prepared_data_that_cannot_be_copied_is_made_in_place(
    starts_programs: None, tmp_path: Path, is_half: bool
) -> None:
    """Another program has removed a part of it, or all."""
    prepared = tmp_path / "prepared"
    if is_half:
        (prepared / "base").mkdir(parents=True)
    config = Config(tmp_path / "state", Ports.free())

    assert not postgres.initialize(config, prepared)

    processes.start(config, postgres.service(config))
    try:
        assert postgres.is_ready(config)
    finally:
        processes.stop(config, [postgres.service(config)])
