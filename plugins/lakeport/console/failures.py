"""Report every expected failure as one sentence with the next step, never as a traceback."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import boto3
import click
import psycopg2
import typer
from boto3.exceptions import Boto3Error
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    SSOError,
    TokenRetrievalError,
)
from psycopg2.errorcodes import READ_ONLY_SQL_TRANSACTION
from typer.core import TyperGroup

from lakeport import settings
from lakeport.errors import LakeportError, SchemaError
from lakeport.redshift.session import is_wrong_password

WRONG = 1
UNABLE = 2
_SIGN_IN = "sign in (aws sso login, or set AWS_PROFILE)"
_SIGN_IN_ERRORS = (
    *(NoCredentialsError, PartialCredentialsError, CredentialRetrievalError),
    *(ProfileNotFound, SSOError, TokenRetrievalError),
)
_AWS_HOST = re.compile(r"//[^/\s]+\.(amazonaws\.com|amazonaws\.com\.cn|api\.aws)\b")
_REMEDIES = (
    ("Expired|InvalidClientTokenId|UnrecognizedClient", f"{_SIGN_IN} again"),
    ("AccessDenied|Unauthorized|403", "compare the action with docs/security.md, or sign in with another identity"),
    ("NoSuchBucket", "check the deployment's name, AWS_REGION and AWS_PROFILE"),
)
"""What the code of an error of AWS contains, and what to do then."""
_HINT = "on a laptop, `make up` starts the stack and writes .lakeport/env, which ./lakeport reads"


class Commands(TyperGroup):
    """A group of commands that prints an expected error in red and ends with status 1 or 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # `head` has closed the pipe; click ends quietly
        except SchemaError as error:
            raise _exit("\n".join(error.problems), WRONG) from error
        except tuple(_MESSAGES) as error:
            raise _exit(_message(error), UNABLE) from error


def _message(error: BaseException) -> str:
    return next(message(error) for kind, message in _MESSAGES.items() if isinstance(error, kind))


def _exit(message: str, status: int) -> typer.Exit:
    sys.stdout.flush()
    typer.secho(message, fg="red", err=True)
    return typer.Exit(status)


def _redshift_message(error: Any) -> str:
    message = " ".join(str(error).split()) or type(error).__name__
    if is_wrong_password(error):
        secret = f"the credentials in secret {settings.redshift_secret()}"
        remedy = "correct the secret, or on AWS run ./lakeport deploy --database --name NAME"
        return f"Redshift rejected {secret}: {message}; {remedy}"
    if isinstance(error, psycopg2.OperationalError):
        return f"cannot connect to Redshift: {message}; {_HINT}"
    if error.pgcode in ("3F000", "42P01") and "mng" in message:
        return f"Redshift rejected the statement: {message}; `./lakeport mng init` creates the mng tables"
    if error.pgcode == READ_ONLY_SQL_TRANSACTION:
        return f"Redshift rejected the statement: {message}; use --write to let it change data"
    return f"Redshift rejected the statement: {message}"


def _request_message(error: ClientError) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    remedy = next((f"; {remedy}" for part, remedy in _REMEDIES if re.search(part, code)), "")
    return f"AWS rejected the request: {error}{remedy}"


def _connection_message(error: BotoCoreError) -> str:
    """Return what failed, where, and what to check: credentials, the region, or the network."""
    what, region = " ".join(str(error).split()).rstrip("."), (boto3.DEFAULT_SESSION or boto3.Session()).region_name
    if isinstance(error, _SIGN_IN_ERRORS):
        return f"cannot sign in to AWS: {what}; {_SIGN_IN}; {_HINT}"
    if isinstance(error, (NoRegionError, InvalidRegionError)):
        return f"cannot connect to AWS: {what}; set AWS_REGION to the region of the deployment, as in eu-central-1"
    where = f"cannot connect to AWS in region {region or '(none)'}: {what}"
    if "//" in what and not _AWS_HOST.search(what) and not isinstance(error, ProxyConnectionError):
        return f"{where}; {_HINT}"
    check = "check that it is the deployment's region (AWS_REGION) and has this service"
    return f"{where}; {check}, then your network: VPN, firewall, proxy (HTTPS_PROXY)"


def _system_message(error: Any) -> str:
    return f"{error.filename or 'operating system'}: {error.strerror or error}"


_MESSAGES: dict[type[BaseException], Callable[[Any], str]] = {
    LakeportError: str,
    settings.NotSet: lambda error: str(error.args[0]),
    psycopg2.Error: _redshift_message,
    ClientError: _request_message,
    BotoCoreError: _connection_message,
    Boto3Error: lambda error: f"AWS rejected the request: {error}",
    OSError: _system_message,
}
