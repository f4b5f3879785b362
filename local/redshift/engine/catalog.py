"""Prepare the engine: the role, the served database, and in it what Redshift has and PostgreSQL lacks."""

import asyncio
import logging
from pathlib import Path

from local.redshift.dialect import late_binding, parameters
from local.redshift.dialect.tokens import identifier
from local.redshift.engine.connection import NOT_READY, Connection, connect
from local.redshift.settings import Settings

log = logging.getLogger(__name__)

SCRIPTS = sorted((Path(__file__).parent / "sql").glob("[0-9]*.sql"))
SERVERLESS = Path(__file__).parent / "sql" / "serverless.sql"
WAIT_SECONDS = 30
_ID_OFFSET = 1_000_000
ONE_AT_A_TIME = 5439
"""Key of the advisory lock that lets only one start run at a time."""


async def prepare(settings: Settings) -> None:
    """Bring the engine into shape; harmless to repeat."""
    connection = await _connect_patiently(settings, "postgres")
    try:
        await _make_role(connection, settings)
        await _make_database(connection, settings)
    finally:
        await connection.close()
    connection = await connect(settings, settings.database)
    try:
        await _install(connection, settings)
    finally:
        await connection.close()


async def _connect_patiently(settings: Settings, database: str) -> Connection:
    """Connect to an engine that may be just starting."""
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        try:
            return await connect(settings, database)
        except NOT_READY:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.1)


async def _make_role(connection: Connection, settings: Settings) -> None:
    exists = await connection.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", settings.user)
    await connection.execute("SET password_encryption = 'md5'")  # redshift_connector does not support SCRAM
    password = await connection.fetchval("SELECT quote_literal($1::text)", settings.user_password)
    verb = "ALTER" if exists else "CREATE"
    await connection.execute(f"{verb} ROLE {identifier(settings.user)} LOGIN CREATEROLE CREATEDB PASSWORD {password}")


async def _make_database(connection: Connection, settings: Settings) -> None:
    database = identifier(settings.database)
    if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", settings.database):
        await connection.execute(
            f"CREATE DATABASE {database} OWNER {identifier(settings.user)}"
            " TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
        )
    for setting, value in {
        "default_transaction_isolation": settings.engine_isolation,
        "timezone": "UTC",
        "client_connection_check_interval": "1s",  # a statement of a client that is gone ends
        "jit": "off",
        "extra_float_digits": 0,
        "standard_conforming_strings": "off",  # a backslash begins an escape, as in PostgreSQL 8.0
        "escape_string_warning": "off",
        "lakeport.views_late_seconds": settings.undocumented.views_late_seconds,
        "lakeport.id_offset": _ID_OFFSET if settings.undocumented.are_ids_different else 0,
        "lakeport.unknown_lines": settings.undocumented.unknown_lines,
        **{f"{parameters.PREFIX}.{name}": value for name, value in parameters.DEFAULTS.items()},
    }.items():
        await connection.execute(f"ALTER DATABASE {database} SET {setting} = '{value}'")


async def _install(connection: Connection, settings: Settings) -> None:
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", ONE_AT_A_TIME)
        for script in [*SCRIPTS, *([SERVERLESS] if settings.is_serverless else [])]:
            log.debug("Installing %s", script.name)
            await connection.execute(script.read_text())
        late_binding.NAMES.update(row["relname"] for row in await connection.fetch(late_binding.ALL_NAMES))
