"""The command that serves the Redshift stand-in."""

from __future__ import annotations

import asyncio
import dataclasses
import errno
import gc
import logging
import os
import signal
import socket
import sys
import threading
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from local import credentials
from local.config import HOST, LAST_PORT, REPOSITORY
from local.postgres import SUPERUSER
from local.redshift.engine import catalog, own_postgres
from local.redshift.settings import HOSTILE, Faults, Settings, Undocumented

DATA = REPOSITORY / ".lakeport" / "redshift"
LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"


class Isolation(StrEnum):
    """The isolation levels that Redshift has."""

    snapshot = "snapshot"
    serializable = "serializable"


class UnknownLines(StrEnum):
    """For which rejected rows the load views lack the line number."""

    none = "none"
    second_half = "split"
    all = "all"


class ConflictWording(StrEnum):
    """The two messages that are reported for a write conflict."""

    error_1023 = "1023"
    concurrent = "concurrent"


class MissingPermission(StrEnum):
    """What Redshift may not do."""

    role = "role"
    read = "read"
    s3 = "s3"


SILENT = "Where the documentation of AWS is silent"
FAULTS = "Faults of a deployment or a network"
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown")

HostOption = Annotated[str, typer.Option(help="Address to listen on.")]
PortOption = Annotated[int, typer.Option(min=1, max=LAST_PORT, help="Port to listen on.")]
S3Option = Annotated[str, typer.Option(help="URL of S3, such as http://127.0.0.1:4566.")]
DatabaseOption = Annotated[str, typer.Option(help="Database to serve; created if it is missing.")]
UserOption = Annotated[str, typer.Option(help="Role that owns the database; created if it is missing.")]
IsolationOption = Annotated[Isolation, typer.Option(help="Isolation level of transactions.")]
ServerlessOption = Annotated[
    bool, typer.Option("--serverless", help="Behave as Redshift Serverless: no STL_ views, SYS_ views in messages.")
]
CertificateOption = Annotated[
    Path | None, typer.Option(help="Write the TLS certificate to this file, for clients to trust.")
]
PostgresHostOption = Annotated[str, typer.Option(help="Address of the PostgreSQL 18 behind the stand-in.")]
PostgresPortOption = Annotated[
    int | None, typer.Option(help="Port of that PostgreSQL.", show_default="none: the command starts a PostgreSQL")
]
DataOption = Annotated[
    Path, typer.Option(help="Data folder of the PostgreSQL it starts.", show_default=".lakeport/redshift")
]
SuperuserOption = Annotated[
    str, typer.Option(envvar="LAKEPORT_POSTGRES_USER", help="Role that prepares the PostgreSQL you name.")
]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="Log every statement.")]
HostileOption = Annotated[
    bool,
    typer.Option(
        "--hostile", rich_help_panel=SILENT, help="Choose the less convenient answer for all options of this group."
    ),
]
ViewsLateOption = Annotated[
    float | None,
    typer.Option(
        "--views-late",
        metavar="SECONDS",
        rich_help_panel=SILENT,
        help="Show a COPY in the load views after this many seconds.",
    ),
]
DifferentIdsOption = Annotated[
    bool,
    typer.Option(
        "--different-ids",
        rich_help_panel=SILENT,
        help="Show another query_id in SYS views than pg_last_copy_id() returns.",
    ),
]
UnknownLinesOption = Annotated[
    UnknownLines | None,
    typer.Option(
        rich_help_panel=SILENT,
        help="Show line number -1 in the load views for the second half of each file (split) or for every line (all).",
    ),
]
ConflictOption = Annotated[
    ConflictWording | None, typer.Option(rich_help_panel=SILENT, help="Message of a write conflict.")
]
CancelOption = Annotated[
    bool,
    typer.Option(
        "--cancel-after-resume",
        rich_help_panel=SILENT,
        help="After 2 s without clients, cancel the next statement with error 57014.",
    ),
]

MissingPermissionOption = Annotated[
    MissingPermission | None,
    typer.Option(
        rich_help_panel=FAULTS,
        help="Deny COPY and UNLOAD a permission: to assume their role (role), to read objects (read), or to read "
        "and list them (s3).",
    ),
]
SilentAfterOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        rich_help_panel=FAULTS,
        help="Stop answering on each connection after its Nth statement, without closing it; 0: before the first.",
    ),
]
SilentDuringOption = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", rich_help_panel=FAULTS, help="Stop answering on each connection during its Nth statement."
    ),
]


@app.command()
def redshift(  # noqa: PLR0917 - a command's options are its function's parameters
    s3_endpoint: S3Option,
    host: HostOption = HOST,
    port: PortOption = 5439,
    database: DatabaseOption = "lakeport",
    user: UserOption = "lakeport",
    isolation: IsolationOption = Isolation.snapshot,
    serverless: ServerlessOption = False,
    certificate: CertificateOption = None,
    postgres_host: PostgresHostOption = HOST,
    postgres_port: PostgresPortOption = None,
    data: DataOption = DATA,
    superuser: SuperuserOption = SUPERUSER,
    verbose: VerboseOption = False,
    hostile: HostileOption = False,
    views_late: ViewsLateOption = None,
    different_ids: DifferentIdsOption = False,
    unknown_lines: UnknownLinesOption = None,
    conflict_wording: ConflictOption = None,
    cancel_after_resume: CancelOption = False,
    missing_permission: MissingPermissionOption = None,
    silent_after: SilentAfterOption = None,
    silent_during: SilentDuringOption = None,
) -> None:
    """Serve a local stand-in for Amazon Redshift.

    COPY and UNLOAD work with any S3 endpoint.
    The command runs until you press Ctrl-C or end its process.
    Without --postgres-port it starts its own PostgreSQL and stops it at the end.

    It reads from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION for S3;
    LAKEPORT_REDSHIFT_PASSWORD, the user's password (default: lakeport); LAKEPORT_POSTGRES_PASSWORD, the superuser's
    password.

    Example: `./lakeport redshift --s3-endpoint http://127.0.0.1:4566 --port 5440`

    Exit status: 0 after Ctrl-C or SIGTERM, 2 for a wrong option or a file or folder that cannot be used.
    """
    _check_port(host, port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    _log_to_stderr(is_verbose=verbose)
    _import_server()
    undocumented = _undocumented(
        is_hostile=hostile,
        views_late_seconds=views_late,
        are_ids_different=different_ids or None,
        unknown_lines=unknown_lines and unknown_lines.value,
        conflict_wording=conflict_wording and conflict_wording.value,
        is_first_statement_cancelled=cancel_after_resume or None,
    )

    def settings(postgres: tuple[str, int], superuser: str, password: str) -> Settings:
        return Settings(
            host=host,
            port=port,
            postgres_host=postgres[0],
            postgres_port=postgres[1],
            s3_endpoint=s3_endpoint,
            database=database,
            user=user,
            isolation=isolation.value,
            superuser=superuser,
            superuser_password=password,
            user_password=os.environ.get("LAKEPORT_REDSHIFT_PASSWORD", "lakeport"),
            certificate=certificate,
            is_serverless=serverless,
            undocumented=undocumented,
            faults=Faults(
                missing_permission=missing_permission.value if missing_permission else "none",
                silent_after=silent_after,
                silent_during=silent_during,
            ),
        )

    if postgres_port:
        password = os.environ.get("LAKEPORT_POSTGRES_PASSWORD", "")
        asyncio.run(_serve(settings((postgres_host, postgres_port), superuser, password)))
        return
    with own_postgres.started(data) as engine:
        password = credentials.load(engine).postgres_password
        asyncio.run(_serve(settings((HOST, engine.ports.postgres), SUPERUSER, password)))


def _undocumented(*, is_hostile: bool, **options: Any) -> Undocumented:
    """Return how to answer where AWS is silent; a single option takes precedence over --hostile."""
    base = HOSTILE if is_hostile else Undocumented()
    return dataclasses.replace(base, **{name: value for name, value in options.items() if value is not None})


def _log_to_stderr(*, is_verbose: bool) -> None:
    logging.basicConfig(level=logging.DEBUG if is_verbose else logging.INFO, format=LOG_FORMAT, stream=sys.stderr)
    for noisy in ("boto3", "botocore", "urllib3", "asyncio", "s3transfer"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await catalog.prepare(settings)
    from local.redshift.server.server import Server  # noqa: PLC0415 - see _import_server

    gc.freeze()  # what was imported is not garbage
    await Server(settings).serve(stop)


def _import_server() -> None:
    """Import the server while PostgreSQL starts, which takes as long."""
    threading.Thread(target=import_module, args=["local.redshift.server.server"], daemon=True).start()


def _check_port(host: str, port: int) -> None:
    """Refuse a port that another program has, or an address that this computer lacks, before anything starts."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if ":" in host:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # as the server listens
            probe.bind((host, port))
    except OSError as error:
        what = f"cannot listen on {f'[{host}]' if ':' in host else host}:{port}: {error.strerror}."
        if error.errno == errno.EADDRINUSE:
            what += " Stop the program that uses the port, or choose another, such as --port 5440."
        elif error.errno != errno.EACCES:
            raise typer.BadParameter(f"{what} Choose an address of this computer.", param_hint="--host") from None
        raise typer.BadParameter(what, param_hint="--port") from None


def _leave(*_: object) -> NoReturn:
    """End while the server is not running yet: what was started is stopped."""
    sys.exit(0)
