"""Start the stand-in: `python -m local.redshift --postgres-port 5438 --s3-endpoint http://127.0.0.1:4566`."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence

from local.redshift import catalog
from local.redshift.journal import Journal
from local.redshift.s3 import ObjectStore
from local.redshift.server import Server
from local.redshift.session import Services
from local.redshift.settings import Settings

LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.DEBUG if options.verbose else logging.INFO, format=LOG_FORMAT, stream=sys.stderr)
    for noisy in ("boto3", "botocore", "urllib3", "asyncio", "s3transfer"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    asyncio.run(_serve(_settings(options)))


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await catalog.prepare(settings)
    services = Services(ObjectStore(settings.s3_endpoint), Journal(settings))
    try:
        await Server(settings, services).serve(stop)
    finally:
        await services.journal.close()


def _settings(options: argparse.Namespace) -> Settings:
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
        superuser_password=os.environ.get("LAKEPORT_POSTGRES_PASSWORD", ""),
        user_password=os.environ.get("LAKEPORT_REDSHIFT_PASSWORD", "lakeport"),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.redshift", description=sys.modules[__name__].__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5439)
    parser.add_argument("--postgres-host", default="127.0.0.1")
    parser.add_argument("--postgres-port", type=int, required=True)
    parser.add_argument("--s3-endpoint", required=True)
    parser.add_argument("--database", default="lakeport", help="the database to serve; made if it is missing")
    parser.add_argument("--user", default="lakeport", help="the role that owns it; made if it is missing")
    parser.add_argument("--isolation", choices=("snapshot", "serializable"), default="snapshot")
    parser.add_argument(
        "--superuser",
        default=os.environ.get("LAKEPORT_POSTGRES_USER", "postgres"),
        help="role that prepares the engine; its password: LAKEPORT_POSTGRES_PASSWORD",
    )
    parser.add_argument("--verbose", action="store_true")
    return parser


if __name__ == "__main__":
    main()
