"""Prepare the engine: the role, the served database, and in it what Redshift has and PostgreSQL lacks.

All databases are copies of one with the scripts in it, so that they are made within a moment.
"""

import asyncio
import dataclasses
import hashlib
import logging
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]

from local.redshift.dialect import databases, late_binding, long_names, parameters
from local.redshift.dialect.tokens import identifier
from local.redshift.engine.connection import NOT_READY, Connection, connect
from local.redshift.protocol import names
from local.redshift.settings import Settings

log = logging.getLogger(__name__)

_FOLDER = Path(__file__).parent / "sql"
SCRIPTS = sorted(_FOLDER.glob("[0-9]*.sql"))
SERVERLESS, START = _FOLDER / "serverless.sql", _FOLDER / "start.sql"
WAIT_SECONDS = 30
_ID_OFFSET = 1_000_000
ONE_AT_A_TIME = 5439
"""Key of the advisory lock that lets only one start run at a time."""
_FIND_VERSION = """
    SELECT split_part(entry, '=', 2)
      FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase, unnest(setconfig) entry
     WHERE setrole = 0 AND datname = $1 AND entry LIKE 'lakeport.version=%'"""
"""A setting of a database is the version of the scripts in it."""
_FIND_SETTINGS = """
    SELECT setconfig FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase
     WHERE setrole = 0 AND datname = $1"""


async def prepare(settings: Settings) -> None:
    """Bring the engine into shape; harmless to repeat."""
    connection = await _connect_patiently(settings, "postgres")
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", ONE_AT_A_TIME)
        await _make_role(connection, settings)
        await _make_template(connection, settings)
        await _make_database(connection, settings)
        await _set_defaults(connection, settings)
        await _install(connection, settings, settings.database)
    finally:
        await connection.close()
    connection = await connect(settings, settings.database)
    try:
        await connection.execute(START.read_text())
        await _know_names(connection)
    finally:
        await connection.close()


async def adopt(settings: Settings) -> bool:
    """Prepare a database that a client made; return whether it is one of the stand-in's.

    What ALTER DATABASE set in it stays, once it is prepared.
    """
    if settings.database == databases.TEMPLATE:
        return False
    try:
        connection = await connect(settings, settings.database)
    except asyncpg.InvalidCatalogNameError:
        return False
    try:
        if await connection.fetchval("SELECT to_regnamespace('pg_internal')") is None:
            return False
        if await connection.fetchval(_FIND_VERSION, settings.database) is None:
            await _set_defaults(connection, settings)
            await _set_version(connection, settings.database, version(is_serverless=False))  # it is a copy
        await _install(connection, settings, settings.database)
        await connection.execute(START.read_text())
        await _know_names(connection)
        return True
    finally:
        await connection.close()


def version(*, is_serverless: bool) -> str:
    """Return what tells these scripts from those of another version."""
    digest = hashlib.sha256()
    for script in _scripts(is_serverless=is_serverless):
        digest.update(script.read_bytes())
    return digest.hexdigest()[:16]


async def make_template(connection: Connection, settings: Settings) -> None:
    """Make the database that others are copies of."""
    name = databases.TEMPLATE
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' IS_TEMPLATE true")
    await _install(connection, settings, name)


async def make_spare(connection: Connection, settings: Settings) -> None:
    """Make the database that the first start takes, which is quicker than to copy the template then."""
    await connection.execute(f"CREATE DATABASE {databases.SPARE} TEMPLATE {databases.TEMPLATE}")
    await _set_defaults(connection, dataclasses.replace(settings, database=databases.SPARE))
    await _set_version(connection, databases.SPARE, version(is_serverless=False))


async def _make_template(connection: Connection, settings: Settings) -> None:
    name = databases.TEMPLATE
    found = await connection.fetchval(_FIND_VERSION, name)
    if found == version(is_serverless=False):
        return
    if await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", name):
        await connection.execute(f"ALTER DATABASE {name} IS_TEMPLATE false")
        await connection.execute(f"DROP DATABASE {name}")
    await make_template(connection, settings)


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
    if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", settings.database):
        name, owner = identifier(settings.database), identifier(settings.user)
        if await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", databases.SPARE):
            await connection.execute(f"ALTER DATABASE {databases.SPARE} RENAME TO {name}")
            await connection.execute(f"ALTER DATABASE {name} OWNER TO {owner}")
            return
        await connection.execute(f"CREATE DATABASE {name} OWNER {owner} TEMPLATE {databases.TEMPLATE}")
        await _set_version(connection, settings.database, version(is_serverless=False))


async def _set_defaults(connection: Connection, settings: Settings) -> None:
    values = {
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
    }
    found = await connection.fetchval(_FIND_SETTINGS, settings.database) or []
    if {f"{name}={value}".lower() for name, value in values.items()} <= {entry.lower() for entry in found}:
        return
    database = identifier(settings.database)
    await connection.execute(
        ";".join(f"ALTER DATABASE {database} SET {name} = '{value}'" for name, value in values.items())
    )


async def _install(connection: Connection, settings: Settings, database: str) -> None:
    """Run the scripts in a database, unless it has them."""
    is_serverless = settings.is_serverless and database != databases.TEMPLATE
    wanted = version(is_serverless=is_serverless)
    if await connection.fetchval(_FIND_VERSION, database) != wanted:
        inside = await connect(settings, database)
        try:
            async with inside.transaction():
                await inside.execute("SELECT pg_advisory_xact_lock($1)", ONE_AT_A_TIME)
                for script in _scripts(is_serverless=is_serverless):
                    log.debug("Installing %s", script.name)
                    await inside.execute(script.read_text())
        finally:
            await inside.close()
        await _set_version(connection, database, wanted)


async def _set_version(connection: Connection, database: str, value: str) -> None:
    await connection.execute(f"ALTER DATABASE {identifier(database)} SET lakeport.version = '{value}'")


def _scripts(*, is_serverless: bool) -> list[Path]:
    return [*SCRIPTS, *([SERVERLESS] if is_serverless else [])]


async def _know_names(connection: Connection) -> None:
    late_binding.NAMES.update(row["relname"] for row in await connection.fetch(late_binding.ALL_NAMES))
    names.LONG.update(tuple(row) for row in await connection.fetch(long_names.ALL_NAMES))
