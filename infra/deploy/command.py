"""The command `./lakeport deploy`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from infra import package
from infra.deploy import deployment
from infra.deploy.aws import Aws
from infra.deploy.changes import Change
from infra.deploy.content import code, publishing, target
from infra.deploy.content.code import CodeBucket
from infra.deploy.deploying import Deploying
from infra.deploy.errors import DeployError
from infra.deploy.running import airflow
from infra.deploy.stacks import landing, state
from lakeport.console.failures import UNABLE
from lakeport.console.screen import say, show

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown")

NameOption = Annotated[
    str, typer.Option(help="Name of the deployment; infra/deployments/NAME.yaml may hold its settings.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Make the changes without asking.")]
PlanOption = Annotated[bool, typer.Option("--plan", help="Show what would change, and change nothing.")]
SchemasOption = Annotated[
    bool, typer.Option("--schemas-only", help="Deploy only schemas and transforms: live within a minute.")
]
RollbackOption = Annotated[bool, typer.Option("--rollback", help="Undo the last change.")]
ReleasedOption = Annotated[bool, typer.Option("--released", help="Print only the commit of the last release.")]
SmokeOption = Annotated[
    bool, typer.Option(help="At the end, check whether files can be loaded, and print the answers.")
]
CheckOption = Annotated[
    bool, typer.Option("--check", help="Only check whether files can be loaded, and print the answers.")
]
TemplatesOption = Annotated[
    Path,
    typer.Option(
        help="Folder that holds the templates.",
        file_okay=False,
        exists=True,
        show_default="infra",
    ),
]
DatabaseOption = Annotated[
    bool, typer.Option("--database", help="Create database users, permissions and mng tables again.")
]
WaitOption = Annotated[float, typer.Option(help="Seconds between two requests for the state of AWS's work.", min=0)]

_MODES = {
    "--released": "--released only prints a commit",
    "--check": "--check changes nothing",
    "--rollback": "--rollback restores schemas if they were the last change",
}
_WITHOUT_PLAN = ("--released", "--check")


@app.command()
def deploy(  # noqa: PLR0917 - a command's options are its function's parameters
    name: NameOption = "lakeport",
    yes: YesOption = False,
    plan: PlanOption = False,
    schemas_only: SchemasOption = False,
    rollback: RollbackOption = False,
    released: ReleasedOption = False,
    check: CheckOption = False,
    database: DatabaseOption = False,
    smoke_test: SmokeOption = True,
    templates: TemplatesOption = deployment.TEMPLATES,
    wait_seconds: WaitOption = 5,
) -> None:
    """Create or update a deployment in your AWS account.

    The command shows what would change, asks, and changes only what differs: stacks, code, database users, Airflow.
    If it is interrupted, run it again to finish.

    Example: `./lakeport deploy --name production --plan`

    If the check at the end fails, the next run repeats it, even with nothing to change.

    Exit status: 0 deployed or nothing to change, 1 a schema is wrong or you declined, 2 the deployment could not be
    made.
    """
    modes = {"--released": released, "--check": check, "--rollback": rollback, "--schemas-only": schemas_only}
    _check_options([mode for mode, is_given in modes.items() if is_given], plan=plan, database=database)
    settings = deployment.read(name, templates=templates)
    landing.choose(settings)
    aws = Aws(settings.region, wait_seconds)
    if schemas_only:
        landing.choose_deployed(aws, settings)
    deploying = Deploying(aws, settings, with_database=database, only_code=rollback, is_checked=smoke_test)
    if released:
        found = deploying.bucket()
        say(found.release.get("commit", "") if found else "")
        return
    if check:
        _bucket(deploying)
        deploying.smoke_test()
        return
    if schemas_only or rollback:
        bucket = _bucket(deploying)
        if rollback and (not bucket.release or publishing.is_published_since(bucket, bucket.release)):
            _take_back_schemas(bucket, yes=yes, plan=plan)
            return
        if not rollback:
            _publish(deploying, bucket, yes=yes, plan=plan)
            return
        _deploy(deploying, target.of_release_before(bucket), bucket, yes=yes, plan=plan)
        return
    deploying.check()
    found = deploying.bucket()
    wanted = target.of_working_tree(settings, found)
    _deploy(deploying, wanted, found, yes=yes, plan=plan)


def _check_options(modes: Sequence[str], *, plan: bool, database: bool) -> None:
    """Refuse options that would have no effect together; each mode does one thing."""
    if len(modes) > 1:
        raise typer.BadParameter(f"{' and '.join(modes)} exclude each other; {_MODES[modes[0]]}")
    for mode in modes:
        if plan and mode in _WITHOUT_PLAN:
            raise typer.BadParameter(f"{mode} and --plan exclude each other; {_MODES[mode]}")
        if database:
            raise typer.BadParameter(f"{mode} and --database exclude each other; {mode} never changes the database")


def _deploy(deploying: Deploying, wanted: target.Target, bucket: CodeBucket | None, *, yes: bool, plan: bool) -> None:
    changes = deploying.plan(wanted, bucket)
    if not _is_wanted(changes, yes=yes, plan=plan):
        if not changes and not plan:
            deploying.apply(wanted, bucket, has_changes=False)
            deploying.make_up_smoke_test(bucket)
        return
    deploying.apply(wanted, bucket)
    if deploying.is_checked:
        deploying.smoke_test()
    say(f"deployment {deploying.deployment.name} is up to date")


def _publish(deploying: Deploying, bucket: CodeBucket, *, yes: bool, plan: bool) -> None:
    items, file_types = code.schemas(), publishing.file_types_of(package.REPOSITORY / "schemas")
    changes = publishing.plan(bucket, items, file_types)
    if not _is_wanted(changes, yes=yes, plan=plan):
        return
    started = time.monotonic()
    known = {each["file_type"] for each in bucket.index.get("file_types", [])}
    publishing.put_schemas(bucket, items)
    publishing.put_index(bucket, file_types, bucket.index_version)
    say(f"published after {time.monotonic() - started:.1f} s; Airflow loads them within a minute")
    environment = state.outputs(deploying.aws, deploying.deployment.main_stack).get("AirflowName")
    for new in sorted({each["file_type"] for each in file_types} - known):
        if environment:
            airflow.wait_for_dag(deploying.aws, environment, f"load_{new}")
            say(f"DAG load_{new} is in Airflow after {time.monotonic() - started:.0f} s")


def _take_back_schemas(bucket: CodeBucket, *, yes: bool, plan: bool) -> None:
    items, index = publishing.index_before(bucket)
    changes = publishing.plan(bucket, items, index["file_types"])
    if _is_wanted(changes, yes=yes, plan=plan):
        say(f"rolled back {publishing.take_back(bucket)}; Airflow loads it within a minute")


def _bucket(deploying: Deploying) -> CodeBucket:
    bucket = deploying.bucket()
    if bucket is None:
        name = deploying.deployment.name
        raise DeployError(
            f"no deployment {name} in {deploying.aws.region}; create it with ./lakeport deploy --name {name}"
        )
    return bucket


def _is_wanted(changes: Sequence[Change], *, yes: bool, plan: bool) -> bool:
    """Show the changes and return whether to make them."""
    if not changes:
        say("nothing to change")
        return False
    show(["part", "action", "what"], [(each.part, each.action, each.detail) for each in changes])
    if plan:
        return False
    if not yes and not sys.stdin.isatty():
        typer.echo("nothing was changed: confirm with --yes, or run this in a terminal", err=True)
        raise typer.Exit(UNABLE)
    if not yes:
        typer.confirm("Make these changes?", abort=True)
    return True
