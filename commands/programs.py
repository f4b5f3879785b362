"""The commands of `./lakeport` that other programs of this repository provide."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import click
from typer.main import get_command


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


def load(name: str) -> click.Command:
    """Import the command of another program."""
    return get_command(import_module(PROGRAMS[name].module).app)
