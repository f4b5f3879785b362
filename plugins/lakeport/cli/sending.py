"""Commands that upload: the index of schemas to the code bucket, files to the landing buckets."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from lakeport import settings
from lakeport.airflow_api.clients import dag_run_api
from lakeport.arrivals.publishing import publish as publish_index
from lakeport.arrivals.publishing import rule_of
from lakeport.arrivals.rules import ArrivalRule
from lakeport.cli import deployments, snapshot_rows
from lakeport.cli.deployments import DeploymentOption
from lakeport.cli.waiting import FileState, Upload, states_in_redshift, wait_for, wait_for_dags
from lakeport.console.failures import UNABLE, WRONG
from lakeport.console.screen import JsonOption, say, show_json, show_problems
from lakeport.errors import SchemaError
from lakeport.files import s3_objects
from lakeport.model import NO_VERSION, Status, as_utc
from lakeport.schema.reader import read_file_type, schema_paths
from lakeport.wording import amount

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FilesArgument = Annotated[list[Path], typer.Argument(help="Files to upload.", exists=True, dir_okay=False)]
FolderOption = Annotated[
    str | None, typer.Option(help="Folder in the landing bucket.  Default: that of the file type matching the name.")
]
BucketOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Landing bucket, as schemas name it.  Default: that of the file type."),
]
WaitOption = Annotated[
    bool, typer.Option("--wait", help="Wait until the files are loaded, and show each change of their status.")
]
WaitForDagsOption = Annotated[bool, typer.Option("--wait", help="Wait until Airflow has the DAGs of the file types.")]
PatienceOption = Annotated[int, typer.Option("--wait-seconds", min=0, help="Maximum number of seconds to wait.")]
PATIENCE_SECONDS = 600


def add_to(app: typer.Typer) -> None:
    """Add the commands of this family."""
    for command in (publish, drop):
        app.command(rich_help_panel="Upload")(command)


def publish(wait: WaitForDagsOption = False, wait_seconds: PatienceOption = PATIENCE_SECONDS) -> None:
    """Upload the index of all schemas to the code bucket, where registration reads it.

    Schemas that are not valid are left out and reported.  The command is safe to repeat.
    With --wait, the command ends when Airflow has the DAG of every published file type.
    It has no --deployment: on AWS, Airflow needs the schemas too, and `./lakeport deploy --schemas-only` brings both.

    Example: `./lakeport publish --wait`

    Exit status: 0 success, 1 a schema is not valid, 2 the index could not be uploaded, or Airflow lacks a DAG.
    """
    index, problems = publish_index(s3_objects.s3_client(), settings.schemas_folder())
    say(f"published {amount(len(index.rules), 'file type')}: {', '.join(rule.file_type for rule in index.rules)}")
    show_problems(problems)
    if wait and (missing := wait_for_dags(dag_run_api(), [rule.file_type for rule in index.rules], wait_seconds)):
        typer.echo(f"Airflow has no DAG for {', '.join(missing)} after {wait_seconds:,} s", err=True)
        raise typer.Exit(UNABLE)
    if problems:
        raise typer.Exit(WRONG)


def drop(
    files: FilesArgument,
    folder: FolderOption = None,
    bucket: BucketOption = None,
    wait: WaitOption = False,
    wait_seconds: PatienceOption = PATIENCE_SECONDS,
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
) -> None:
    """Upload files, each to the landing bucket and the folder of its file type.

    The landing pattern of the schemas decides which file type a file name belongs to.
    With --wait, the command ends when every file has its final status.
    With --deployment, the schemas that are deployed decide, and --wait reads the snapshots of the page Files.

    Example: `./lakeport drop trains.csv --wait`

    Exit status: 0 success (with --wait: every file is Done), 1 a file was not loaded, 2 a name matches no file type or
    several, the upload failed, or a file has no final status yet.
    """
    if deployment:
        deployments.choose(deployment)
    rules = deployments.published_rules(deployment) if deployment else _rules()
    places = [(file, *_place(file, folder, bucket, rules)) for file in files]
    s3, uploads = s3_objects.s3_client(), list[Upload]()
    with _progress(is_shown=not as_json) as progress:
        for file, to_bucket, key in places:
            task = progress.add_task(file.name, total=file.stat().st_size)
            s3.upload_file(str(file), to_bucket, key, Callback=lambda sent, task=task: progress.advance(task, sent))
            if wait:  # before the next file, which may have the same key
                uploads.append(_upload(s3, to_bucket, key))
    if not as_json:
        for file, to_bucket, key in places:
            say(f"{file} -> s3://{to_bucket}/{key}")
    values: list[dict[str, object]] = [
        {"file": str(file), "bucket": to_bucket, "key": key} for file, to_bucket, key in places
    ]
    states = list[FileState | None]()
    if wait:
        with nullcontext(snapshot_rows.states_in_snapshots(rules)) if deployment else states_in_redshift() as state_of:
            states = wait_for(uploads, state_of, wait_seconds, is_shown=not as_json)
        values = [value | (asdict(state) if state else {}) for value, state in zip(values, states, strict=True)]
    if as_json:
        show_json(values)
    else:
        _say_where_rejected_rows_are(states)
    _exit(places, states, wait_seconds)


def _upload(s3: S3Client, bucket: str, key: str) -> Upload:
    head = s3.head_object(Bucket=bucket, Key=key)
    version_id = head.get("VersionId")
    return Upload(bucket, key, None if version_id == NO_VERSION else version_id, as_utc(head["LastModified"]))


def _say_where_rejected_rows_are(states: Sequence[FileState | None]) -> None:
    for state in states:
        if state and state.rows_rejected:
            say(f"`{settings.command(f'errors {state.file_id[:12]}')}` shows the rejected rows")


def _exit(places: Sequence[tuple[Path, str, str]], states: Sequence[FileState | None], wait_seconds: int) -> None:
    """End the command with the status that the files have."""
    waiting = [key for (_, _, key), state in zip(places, states, strict=False) if not (state and state.is_final)]
    for key in waiting:
        typer.echo(f"{key} has no final status after {wait_seconds:,} s; ./lakeport status shows it", err=True)
    if waiting:
        raise typer.Exit(UNABLE)
    if any(state and state.status != Status.DONE for state in states):
        raise typer.Exit(WRONG)


def _rules() -> list[ArrivalRule]:
    """Return the rules of all valid schemas, and warn of the others."""
    rules = []
    for path in schema_paths(settings.schemas_folder()):
        try:
            rules.append(rule_of(read_file_type(path)))
        except SchemaError as error:
            typer.secho(f"skipped: {error.problems[0]}", fg="yellow", err=True)
    return rules


def _place(file: Path, folder: str | None, bucket: str | None, rules: Sequence[ArrivalRule]) -> tuple[str, str]:
    """Return the landing bucket and the key for a file."""
    if folder is not None:
        key = f"{folder.strip('/')}/{file.name}".lstrip("/")
        buckets = {rule.bucket for rule in rules if rule.matches(key)}
        if bucket is None and len(buckets) > 1 and settings.DEFAULT_LANDING not in buckets:
            raise typer.BadParameter(
                f"{key} matches file types of several landing buckets: {', '.join(sorted(buckets))}; "
                "choose one with --bucket"
            )
        return _bucket(bucket or (buckets.pop() if len(buckets) == 1 else settings.DEFAULT_LANDING)), key
    among = [rule for rule in rules if bucket in (None, rule.bucket)]
    matching = [rule for rule in among if rule.matches(f"{rule.plain_folder}/{file.name}".lstrip("/"))]
    places = sorted({(rule.bucket, rule.plain_folder) for rule in matching})
    if not places:
        patterns = ", ".join(rule.pattern for rule in among) or "none, there is no valid schema"
        raise typer.BadParameter(
            f"{file.name} matches no file type (patterns: {patterns}); choose a folder with --folder"
        )
    if len(places) > 1:
        folders = ", ".join(_folder_option(rule_bucket, plain) for rule_bucket, plain in places)
        raise typer.BadParameter(f"{file.name} matches several folders: {folders}; choose one with --folder")
    return _bucket(places[0][0]), f"{places[0][1]}/{file.name}".lstrip("/")


def _bucket(name: str) -> str:
    try:
        return settings.landing_bucket(name)
    except settings.NotSet as error:
        if name == settings.DEFAULT_LANDING:
            raise
        allowed = ", ".join(settings.landing_buckets())
        raise typer.BadParameter(f"unknown landing bucket {name}; allowed: {allowed}") from error


def _folder_option(bucket: str, folder: str) -> str:
    return folder if bucket == settings.DEFAULT_LANDING else f"{folder} (--bucket {bucket})"


def _progress(*, is_shown: bool) -> Progress:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    screen = Console(stderr=True)  # standard output is for the result
    return Progress(*columns, console=screen, transient=True, disable=not (is_shown and screen.is_terminal))
