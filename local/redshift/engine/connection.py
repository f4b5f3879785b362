"""Connections of the stand-in's own to PostgreSQL, as superuser and outside any client's transaction."""

from typing import Any

import asyncpg  # type: ignore[import-untyped]

from local.redshift.settings import Settings

Connection = Any
"""An asyncpg connection; the package has no types."""

NOT_READY = (OSError, asyncpg.CannotConnectNowError)
"""What connecting raises while the engine is starting."""
LOST = (OSError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InterfaceError)
"""What a connection raises that the engine has ended."""


async def connect(settings: Settings, database: str) -> Connection:
    return await asyncpg.connect(
        host=settings.postgres_host,
        port=settings.postgres_port,
        user=settings.superuser,
        password=settings.superuser_password,
        database=database,
        server_settings={
            "default_transaction_isolation": "read committed",
            "client_min_messages": "warning",
            "standard_conforming_strings": "on",
        },
    )
