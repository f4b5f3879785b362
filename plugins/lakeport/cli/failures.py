"""Every failure that has a reason is a sentence with the next step, never a traceback."""

from __future__ import annotations

import sys
from typing import Any

import click
import psycopg2
import typer
from botocore.exceptions import BotoCoreError, ClientError
from psycopg2.errorcodes import READ_ONLY_SQL_TRANSACTION
from typer.core import TyperGroup

from lakeport import settings
from lakeport.errors import LakeportError, SchemaError
from lakeport.redshift.session import is_wrong_password

WRONG = 1
UNABLE = 2
_HINT = "on a laptop `make up` starts the stack and writes .lakeport/env, which ./lakeport reads"


class Commands(TyperGroup):
    """A group of commands that tells what it was refused."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # the reader has seen enough, as head has; click ends quietly
        except SchemaError as error:
            raise _told("\n".join(error.problems), WRONG) from error
        except tuple(_REASONS) as error:
            raise _told(_sentence(error), UNABLE) from error


def _sentence(error: BaseException) -> str:
    return next(str(words(error)) for kind, words in _REASONS.items() if isinstance(error, kind))


def _told(text: str, status: int) -> typer.Exit:
    sys.stdout.flush()
    typer.secho(text, fg="red", err=True)
    return typer.Exit(status)


def _database(error: Any) -> str:
    message = " ".join(str(error).split()) or type(error).__name__
    if is_wrong_password(error):
        return f"Redshift refuses the credentials of secret {settings.redshift_secret()}: {message}"
    if isinstance(error, psycopg2.OperationalError):
        return f"Redshift gives no answer: {message}; {_HINT}"
    if error.pgcode in ("3F000", "42P01") and "mng" in message:
        return f"{message}; `./lakeport mng init` makes the mng tables"
    if error.pgcode == READ_ONLY_SQL_TRANSACTION:
        return f"Redshift refuses: {message}; --write lets a statement change data"
    return f"Redshift refuses: {message}"


def _aws(error: Any) -> str:
    return f"AWS gives no answer: {' '.join(str(error).split()).rstrip('.')}; {_HINT}"


def _system(error: Any) -> str:
    return f"{error.filename or 'the system'}: {error.strerror or error}"


_REASONS: dict[type[BaseException], Any] = {
    LakeportError: str,
    settings.NotSet: lambda error: error.args[0],
    psycopg2.Error: _database,
    ClientError: lambda error: f"AWS refuses: {error}",
    BotoCoreError: _aws,
    OSError: _system,
}
