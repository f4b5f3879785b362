"""Report every expected failure as one sentence with the next step, never as a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click
import psycopg2
import typer
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from psycopg2.errorcodes import READ_ONLY_SQL_TRANSACTION
from typer.core import TyperGroup

from lakeport import settings
from lakeport.errors import LakeportError, SchemaError
from lakeport.redshift.session import is_wrong_password

WRONG = 1
UNABLE = 2
_SIGN_IN = "sign in (aws sso login, or set AWS_PROFILE)"
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


def _connection_message(error: Any) -> str:
    hint = f"{_SIGN_IN}; {_HINT}" if isinstance(error, NoCredentialsError) else _HINT
    return f"cannot connect to AWS: {' '.join(str(error).split()).rstrip('.')}; {hint}"


def _system_message(error: Any) -> str:
    return f"{error.filename or 'operating system'}: {error.strerror or error}"


_MESSAGES: dict[type[BaseException], Callable[[Any], str]] = {
    LakeportError: str,
    settings.NotSet: lambda error: str(error.args[0]),
    psycopg2.Error: _redshift_message,
    ClientError: lambda error: f"AWS rejected the request: {error}",
    BotoCoreError: _connection_message,
    OSError: _system_message,
}
