"""The command that goes all the way from a sample to its rows in a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lakeport import settings
from lakeport.arrivals.publishing import rule_of
from lakeport.cli.checking import validate
from lakeport.cli.drafting import NameOption, check_name, say_unsolved
from lakeport.cli.planning import plan
from lakeport.cli.sending import PATIENCE_SECONDS, PatienceOption, drop, publish
from lakeport.console.failures import WRONG
from lakeport.console.screen import say
from lakeport.inference.infer import infer
from lakeport.schema.reader import read_file_type

SampleArgument = Annotated[Path, typer.Argument(help="Sample file.", exists=True, dir_okay=False)]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask before each step.")]


def add(
    sample: SampleArgument,
    file_type: NameOption = None,
    wait_seconds: PatienceOption = PATIENCE_SECONDS,
    yes: YesOption = False,
) -> None:
    """Add a file type from a sample and load the sample: infer, validate, plan, publish, drop, wait.

    The command shows the result of each step and asks before the next one.  It keeps a schema that exists.

    Example: `./lakeport add trains.csv`

    Exit status: 0 the rows are in the table, 1 a step found a problem or you stopped, 2 a step could not be done.
    """
    check_name(file_type)
    name = _schema(sample, file_type, yes=yes)
    _ask(f"validate schemas/{name}.yaml", yes=yes)
    validate([name])
    _ask(f"plan: load {sample.name} into a scratch table", yes=yes)
    plan(name, sample)
    _ask("publish all schemas", yes=yes)
    publish()
    _ask(f"drop {sample.name} into the landing bucket and wait", yes=yes)
    folder = rule_of(read_file_type(settings.schemas_folder() / f"{name}.yaml")).plain_folder
    drop([sample], folder=folder, wait=True, wait_seconds=wait_seconds)


def _schema(sample: Path, file_type: str | None, *, yes: bool) -> str:
    """Write the inferred schema, unless there is one, and return the file type's name."""
    draft = infer(sample, name=file_type)
    path = settings.schemas_folder() / f"{draft.name}.yaml"
    if path.exists():
        say(f"schemas/{path.name} exists and is used")
        return draft.name
    say(draft.as_yaml())
    if draft.unsolved:
        say_unsolved(draft)
        raise typer.Exit(WRONG)
    _ask(f"write schemas/{path.name}", yes=yes)
    path.write_text(draft.as_yaml())
    return draft.name


def _ask(step: str, *, yes: bool) -> None:
    """Announce a step; end the command unless the answer is yes."""
    if yes:
        say(f"\n-- {step}")
    else:
        typer.confirm(f"\n-- {step}?", abort=True)
