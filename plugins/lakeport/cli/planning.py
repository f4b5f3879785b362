"""The command that shows what a load would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from lakeport.arrivals import publishing
from lakeport.cli.schema_files import schema_path
from lakeport.console.failures import WRONG
from lakeport.console.screen import JsonOption, say, show, show_json
from lakeport.files import s3_objects
from lakeport.loading.plan import Plan, effects_on_rows, live_table_changes, task_ids
from lakeport.loading.plan import plan as plan_load
from lakeport.loading.rehearsal import Outcome, Replaced, rehearse
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import read_file_type
from lakeport.wording import amount, share

TypeArgument = Annotated[str, typer.Argument(metavar="TYPE", help="File type, or path of its YAML file.")]
SampleArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", exists=True, dir_okay=False, help="Sample file to load into a scratch table."),
]
LimitOption = Annotated[int, typer.Option(min=1, help="Maximum number of rejected rows to show.")]
_Table = tuple[tuple[str, ...], str, tuple[str, ...]]
"""The changes that a load makes to the existing table, why it cannot make them, and what becomes of its rows."""
_REJECTED = ["line", "column", "value", "reason", "full line"]


def plan(
    file_type: TypeArgument, sample: SampleArgument = None, limit: LimitOption = 20, as_json: JsonOption = False
) -> None:
    """Show what a load would do: its SQL statements and its tasks.

    With FILE, the command loads the file into a scratch schema, which it drops again, and shows the rows that would be
    rejected.  If the table of the file type exists, it shows what a load would change in that table.
    Nothing is deployed.
    It has no --deployment: schemas that are not deployed yet need a Redshift that runs their SQL for you alone.  Use
    the local stack (`make up`), or a computer that reaches the Redshift of the deployment.

    Example: `./lakeport plan trains trains.csv`

    Exit status: 0 the load would succeed, 1 it would fail or the table does not match the schema, 2 the plan could not
    be made.
    """
    type_ = _file_type(file_type)
    key = f"{type_.landing.pattern.rpartition('/')[0]}/{sample.name}".lstrip("/") if sample else type_.landing.pattern
    steps, planned = task_ids(type_), plan_load(type_, key, sample.stat().st_size if sample else 0)
    outcome, table = _outcome(type_, sample) if sample else (None, None)
    values = {"dag": type_.dag_id, "steps": list(steps), "table": list(planned.table), "copy": planned.copy}
    values |= {"transform": planned.transform}
    if as_json:
        show_json({**values, "manifest": planned.manifest, **_as_json(outcome, table)})
    else:
        _say_plan(type_, planned, steps)
        if table:
            _say_table(type_, *table)
        if sample and outcome:
            _say_outcome(sample, type_, outcome, limit)
    if (outcome and outcome.problem) or (table and table[1]):
        raise typer.Exit(WRONG)


def _file_type(name: str) -> FileType:
    return read_file_type(schema_path(name))


def _outcome(file_type: FileType, sample: Path) -> tuple[Outcome, _Table]:
    """Return what a load does with the sample, and what it changes in the existing table."""
    with Warehouse(connect_to_redshift) as warehouse:
        table = (*live_table_changes(file_type, warehouse), effects_on_rows(file_type, warehouse))
        if table[1]:
            return Outcome(0, 0, (), f"nothing would be loaded until {file_type.table.name} matches the schema"), table
        if reason := publishing.reason_to_reject(file_type, sample):
            return Outcome(0, 0, (), f"registration would reject the file: {reason}"), table
        return rehearse(file_type, sample, warehouse, s3_objects.s3_client()), table


def _say_plan(file_type: FileType, planned: Plan, steps: Sequence[str]) -> None:
    say(f"-- table {file_type.table.name}, if it does not exist")
    for statement in planned.table:
        say(f"{statement};")
    say(f"\n-- load\n{planned.copy};")
    if planned.transform:
        say(f"\n-- transform\n{planned.transform}")
    say(f"\n-- manifest\n{planned.manifest}")
    say(f"\n-- steps of DAG {file_type.dag_id}\n{' -> '.join(steps)}")


def _say_table(file_type: FileType, statements: tuple[str, ...], problem: str, effects: tuple[str, ...]) -> None:
    if statements or problem:
        say(f"\n-- changes to the existing table {file_type.table.name}")
        say(problem or "\n".join(f"{statement};" for statement in statements))
    if effects and not problem:
        say(f"\n-- rows of the existing table {file_type.table.name}")
        say("\n".join(effects))


def _say_outcome(sample: Path, file_type: FileType, outcome: Outcome, limit: int) -> None:
    say(f"\n-- {sample.name}")
    if outcome.rejected:
        rows = [(line or "unknown", *others) for line, *others in map(_cells, outcome.rejected[:limit])]
        show(_REJECTED, rows)
    if len(outcome.rejected) > limit:
        say(f"... and {amount(len(outcome.rejected) - limit, 'more rejected row')}; use --limit to show them")
    if outcome.problem:
        say(outcome.problem)
        return
    if outcome.changed:
        say("rows that would be loaded with another value (lossy is warn)")
        show(_REJECTED, [_cells(row) for row in outcome.changed[:limit]])
    good = outcome.rows_in_file - len(outcome.rejected)
    say(
        f"{share(good, outcome.rows_in_file, 'row')} would be loaded, {len(outcome.rejected):,} rejected "
        f"(rejects.fail is {file_type.rejects.fail})"
    )
    if outcome.rows_loaded != good:
        say(f"the transform makes {amount(outcome.rows_loaded, 'row')} of them for the table")
    if outcome.replaced:
        _say_replaced(file_type, outcome.replaced)


def _say_replaced(file_type: FileType, replaced: Sequence[Replaced]) -> None:
    verb = "end at most" if file_type.table.mode == "history" else "replace"
    say(f"they would {verb} {amount(sum(each.rows for each in replaced), 'row')} of {file_type.table.name}")
    for each in replaced:
        if each.slice:
            values = ", ".join(f"{name} {'NULL' if value is None else value}" for name, value in each.slice.items())
            say(f"- {values}: {amount(each.rows, 'row')}")


def _cells(row: Any) -> tuple[Any, ...]:
    return (
        row.line_number if row.line_number > 0 else None,
        row.column_name,
        row.raw_value,
        row.error_reason,
        row.raw_line,
    )


def _as_json(outcome: Outcome | None, table: _Table | None) -> dict[str, Any]:
    if outcome is None or table is None:
        return {"table_as_it_is": None, "sample": None}
    counts = {"rows_in_file": outcome.rows_in_file, "rows_loaded": outcome.rows_loaded}
    rejected = [dict(zip(_REJECTED, _cells(row), strict=True)) for row in outcome.rejected]
    changed = [dict(zip(_REJECTED, _cells(row), strict=True)) for row in outcome.changed]
    replaced = [asdict(each) for each in outcome.replaced]
    return {
        "table_as_it_is": {"changes": list(table[0]), "problem": table[1] or None, "rows": list(table[2])},
        "sample": {
            **counts,
            "rejected": rejected,
            "changed": changed,
            "replaced": replaced,
            "warnings": outcome.warnings or None,
            "problem": outcome.problem or None,
        },
    }
