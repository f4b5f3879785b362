"""Run the Redshift stand-in as a part of the stack."""

import sys
from pathlib import Path

import psycopg2
from psycopg2 import extensions

from local import credentials, postgres
from local.aws import server
from local.config import HOST, Config
from local.processes import Service


def service(config: Config) -> Service:
    ports = {
        "--port": config.ports.redshift,
        "--postgres-host": HOST,
        "--postgres-port": config.ports.postgres,
        "--s3-endpoint": config.aws_endpoint,
        "--database": credentials.DATABASE,
        "--user": credentials.USER,
        "--certificate": certificate(config),
    }
    options = [str(each) for pair in ports.items() for each in pair]
    return Service(
        name="redshift",
        command=(sys.executable, "-m", "local.redshift", *options),
        environment=server.environment(config)
        | {
            "LAKEPORT_POSTGRES_USER": postgres.SUPERUSER,
            "LAKEPORT_POSTGRES_PASSWORD": credentials.load(config).postgres_password,
            "LAKEPORT_REDSHIFT_PASSWORD": credentials.PASSWORD,
        },
        is_ready=lambda: is_ready(config),
        start_within_seconds=60,
    )


def certificate(config: Config) -> Path:
    """Return the file with which a client can verify the stand-in (sslmode=verify-full)."""
    return config.state / "redshift.pem"


def connect(config: Config) -> extensions.connection:
    """Connect to the stand-in as Lakeport's user."""
    return psycopg2.connect(
        host=HOST,
        port=config.ports.redshift,
        dbname=credentials.DATABASE,
        user=credentials.USER,
        password=credentials.PASSWORD,
        connect_timeout=5,
    )


def is_ready(config: Config) -> bool:
    try:
        connection = connect(config)
    except psycopg2.OperationalError:
        return False
    connection.close()
    return True
