"""The whole of `./lakeport`: the product's commands, and those of the AWS account and the laptop's Redshift.

The product may import neither `infra` nor `local`, so the three are put together here.
`deploy` and `redshift` are imported when they are run: no other command waits for them.
"""

from __future__ import annotations

import click
from typer.core import TyperCommand

from commands.programs import PROGRAMS, load
from lakeport.cli.application import application
from lakeport.console.failures import Commands

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


app = application(AllCommands)
