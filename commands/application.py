"""The whole of `./lakeport`: the product's commands, and those of the AWS account and the laptop's Redshift.

The product may import neither `infra` nor `local`, so the three are put together here.
`deploy` and `redshift` are imported when they are run: no other command waits for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import click
from typer.core import TyperCommand
from typer.main import get_command

from lakeport.cli.application import application
from lakeport.console.failures import Commands


@dataclass(frozen=True)
class Program:
    """A command that another program of this repository provides."""

    module: str
    """It holds `app`, a Typer application of one command."""
    summary: str
    """The first sentence of the command's help."""


PROGRAMS = {
    "deploy": Program("infra.deploy.command", "Create or update a deployment in your AWS account."),
    "redshift": Program("local.redshift.command", "Serve a local stand-in for Amazon Redshift."),
}
_PANEL = "Run Lakeport"


class AllCommands(Commands):
    """The product's commands and those of `PROGRAMS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *PROGRAMS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command; of another program, what the overview shows of it, without importing it."""
        if cmd_name in PROGRAMS:
            return TyperCommand(cmd_name, help=PROGRAMS[cmd_name].summary, rich_help_panel=_PANEL)
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command to run and its arguments; imports another program's command."""
        if args[0] in PROGRAMS:
            return args[0], load(args[0]), args[1:]
        return super().resolve_command(ctx, args)


def load(name: str) -> click.Command:
    """Import the command of another program."""
    return get_command(import_module(PROGRAMS[name].module).app)


app = application(AllCommands)
