"""Serve a local stand-in for Amazon Redshift: COPY and UNLOAD work with any S3 endpoint."""

import argparse
import asyncio
import dataclasses
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from local import credentials
from local.config import HOST, REPOSITORY
from local.postgres import SUPERUSER
from local.redshift.copy.journal import Journal
from local.redshift.copy.load import Services
from local.redshift.copy.s3 import ObjectStore
from local.redshift.engine import catalog, own_postgres
from local.redshift.server.server import Server
from local.redshift.settings import HOSTILE, Settings, Undocumented

DATA = REPOSITORY / ".lakeport" / "redshift"
LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.DEBUG if options.verbose else logging.INFO, format=LOG_FORMAT, stream=sys.stderr)
    for noisy in ("boto3", "botocore", "urllib3", "asyncio", "s3transfer"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    if options.postgres_port:
        asyncio.run(_serve(_settings(options, os.environ.get("LAKEPORT_POSTGRES_PASSWORD", ""))))
        return
    with own_postgres.started(options.data) as engine:
        options.postgres_host, options.postgres_port, options.superuser = HOST, engine.ports.postgres, SUPERUSER
        asyncio.run(_serve(_settings(options, credentials.load(engine).postgres_password)))


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await catalog.prepare(settings)
    store, journal = ObjectStore(settings.s3_endpoint), Journal(settings)
    services = Services(store, journal, settings.error_view, settings.replacements_view)
    try:
        await Server(settings, services).serve(stop)
    finally:
        await services.journal.close()


def _settings(options: argparse.Namespace, superuser_password: str) -> Settings:
    """Join the command line and the secrets, which come by the environment alone."""
    return Settings(
        host=options.host,
        port=options.port,
        postgres_host=options.postgres_host,
        postgres_port=options.postgres_port,
        s3_endpoint=options.s3_endpoint,
        database=options.database,
        user=options.user,
        isolation=options.isolation,
        superuser=options.superuser,
        superuser_password=superuser_password,
        user_password=os.environ.get("LAKEPORT_REDSHIFT_PASSWORD", "lakeport"),
        certificate=options.certificate,
        is_serverless=options.serverless,
        undocumented=_undocumented(options),
    )


def _undocumented(options: argparse.Namespace) -> Undocumented:
    """Return how to answer where AWS is silent: an option given by itself has precedence over --hostile."""
    given = {field.name: getattr(options, field.name) for field in dataclasses.fields(Undocumented)}
    base = HOSTILE if options.hostile else Undocumented()
    return dataclasses.replace(base, **{name: value for name, value in given.items() if value is not None})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./lakeport redshift",
        description=__doc__,
        epilog="Environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION for S3;"
        " LAKEPORT_REDSHIFT_PASSWORD, the user's password (lakeport); LAKEPORT_POSTGRES_PASSWORD, the superuser's.",
    )
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, default=5439)
    parser.add_argument("--s3-endpoint", required=True, help="where S3 is, such as http://127.0.0.1:4566")
    parser.add_argument("--database", default="lakeport", help="the database to serve; made if it is missing")
    parser.add_argument("--user", default="lakeport", help="the role that owns it; made if it is missing")
    parser.add_argument("--isolation", choices=("snapshot", "serializable"), default="snapshot")
    parser.add_argument("--serverless", action="store_true", help="as Serverless does: no STL_ views, SYS_ in messages")
    silent = parser.add_argument_group("where AWS's documentation is silent")
    silent.add_argument("--hostile", action="store_true", help="answer in the less convenient way in all of these")
    silent.add_argument(
        "--views-late",
        dest="views_late_seconds",
        type=float,
        metavar="SECONDS",
        help="show a COPY in the load views that much later",
    )
    silent.add_argument(
        "--different-ids",
        dest="are_ids_different",
        action="store_const",
        const=True,
        help="let query_id in SYS views differ from pg_last_copy_id()",
    )
    silent.add_argument(
        "--unknown-lines",
        choices=("none", "split", "all"),
        help="line number -1 in the load views: for the second half of each file, or for all",
    )
    silent.add_argument("--conflict-wording", choices=("1023", "concurrent"), help="what a write conflict is called")
    silent.add_argument(
        "--cancel-after-resume",
        dest="is_first_statement_cancelled",
        action="store_const",
        const=True,
        help="fail the first statement after 2 s without clients with 57014",
    )
    parser.add_argument("--certificate", type=Path, help="file to write the TLS certificate to, for clients to trust")
    parser.add_argument("--postgres-host", default=HOST)
    parser.add_argument("--postgres-port", type=int, help="PostgreSQL 18 to stand on; without it one is started here")
    parser.add_argument("--data", type=Path, default=DATA, help="where that one keeps its data (default: %(default)s)")
    parser.add_argument(
        "--superuser",
        default=os.environ.get("LAKEPORT_POSTGRES_USER", SUPERUSER),
        help="role that prepares the PostgreSQL given",
    )
    parser.add_argument("--verbose", action="store_true")
    return parser


if __name__ == "__main__":
    main()
