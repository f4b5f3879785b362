"""A file type: what a schema YAML says, as frozen objects.

This model is the language's only definition: what it accepts is what a schema may say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from lakeport.model import dag_id_of
from lakeport.schema.checks import AnyCheck, FreshnessCheck
from lakeport.schema.file_format import Format
from lakeport.schema.formats import AnyFormat, csv_of_rows
from lakeport.schema.key_pattern import capture_formats
from lakeport.schema.table import Column, Table
from lakeport.schema.text_formats import TextFormat
from lakeport.schema.transform import Transform
from lakeport.schema.values import ON_ARRIVAL, EmailAddress, Limit, Part, RejectLimit, Schedule, Seconds, doubled

LANDED_AT = "landed_at"
NAME = r"^[a-z][a-z0-9_]{0,44}$"
_FILES_A_RUN = 500
_TIMES = ("date", "timestamp", "timestamptz")
_MAX_COLUMNS = 1599  # Redshift takes 1,600 a table, of which _loaded_at is one


class Landing(Part):
    """Which objects of the landing bucket are of this type."""

    pattern: Annotated[str, Field(min_length=1, max_length=1024)]
    """Glob on the key: * and ? stay within a folder, ** between slashes is any folders; {name} captures a part of
    it, {date:%Y-%m-%d} a date."""
    select: Literal["newest", "all"] = "newest"
    """Which of the files that wait together are loaded; the others are Filtered Out."""
    newest_by: Annotated[str, Field(validate_default=True)] = LANDED_AT
    """By what the newest is found: landed_at, or the name of a capture of the pattern."""
    max_files: Annotated[int | None, Field(ge=1, le=10_000)] = None
    """With select: all, how many files one run loads at most; without it 500."""

    @field_validator("pattern")
    @classmethod
    def _is_relative(cls, pattern: str) -> str:
        if pattern.startswith("/") or pattern.endswith("/"):
            raise ValueError(
                "is a glob on the object's key, without a leading or trailing slash: flights/flights_*.csv"
            )
        if any("**" in part and part != "**" for part in pattern.split("/")):
            raise ValueError("** stands for any folders and has its place between slashes: flights/**/flights_*.csv")
        capture_formats(pattern)
        return pattern

    @field_validator("newest_by")
    @classmethod
    def _is_captured(cls, newest_by: str, info: ValidationInfo) -> str:
        names = [LANDED_AT, *capture_formats(info.data.get("pattern", ""))]
        if info.data.get("select") == "all" and newest_by != LANDED_AT:
            raise ValueError("is for select: newest; select: all takes files in the order they landed")
        if "pattern" in info.data and newest_by not in names:
            raise ValueError(f"is {newest_by!r}; allowed: {', '.join(names)} (a capture {{name}} of pattern)")
        return newest_by

    @field_validator("max_files")
    @classmethod
    def _is_for_all(cls, max_files: int | None, info: ValidationInfo) -> int | None:
        if max_files is not None and info.data.get("select") == "newest":
            raise ValueError("is for select: all; select: newest takes one file a run")
        return max_files

    @property
    def files_a_run(self) -> int:
        """Return how many files one run takes at most where it takes all."""
        return self.max_files or _FILES_A_RUN


class Rejects(Part):
    """How many rejected rows a load tolerates."""

    fail: Limit = RejectLimit()
    """More rejected rows than this (a number, or a share as in 1%) and nothing is loaded."""
    warn: Limit | None = None
    """More rejected rows than this, and an alert is sent although the other rows are loaded."""

    @field_validator("warn")
    @classmethod
    def _comes_before_fail(cls, warn: RejectLimit | None, info: ValidationInfo) -> RejectLimit | None:
        fail = info.data.get("fail")
        if warn and fail and not warn.is_below(fail):
            raise ValueError(f"is {warn}, but more than {fail} rejected rows fail the load, so that it never warns")
        return warn


class Wait(Part):
    """How long a scheduled run waits for files, and how often it looks; seconds."""

    every: Seconds = 30
    """How often a scheduled run looks for files."""
    for_: Annotated[Seconds, Field(alias="for")] = 600
    """How long it looks before it is skipped."""


class Alerts(Part):
    """Who hears of a failed run."""

    slack: str | None = None
    """The Slack channel, as in #flight-data."""
    email: tuple[EmailAddress, ...] = ()
    """The addresses that get an e-mail."""


class FileType(Part):
    """Everything one schema YAML says; its name is the YAML's name."""

    name: Annotated[str, Field(pattern=NAME)]
    description: Annotated[str, Field(min_length=1)]
    """What one row is; shown in Airflow and in the catalog."""
    owner: Annotated[str, Field(min_length=1)]
    """Who answers for these files; the DAG's owner."""
    landing: Landing
    """Which objects of the landing bucket are of this type."""
    format: AnyFormat
    """How the files are written."""
    table: Table
    """The table that takes the rows."""
    transform: Transform = Transform()
    """What is done to the rows between their file and their table."""
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=_MAX_COLUMNS)]
    """The columns, in the order of the file where it has no header."""
    drift: Literal["refuse", "add", "ignore"] = "refuse"
    """What becomes of a file whose header does not name exactly these columns."""
    rejects: Rejects = Rejects()
    """How many rejected rows a load tolerates."""
    checks: tuple[AnyCheck, ...] = ()
    """What must hold of the rows of a load before it commits."""
    schedule: Schedule = ON_ARRIVAL
    """When runs start: on_arrival, or at times that five cron fields say, in UTC."""
    wait: Wait = Wait.model_validate({})
    """How a scheduled run waits for files."""
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    """How often each task is tried again after a passing error; others fail it at once."""
    retry_delay: Seconds = 5
    """How long the first retry waits; each further one waits twice as long, five minutes at most."""
    alerts: Alerts = Alerts()
    """Who hears of a failed run."""

    @property
    def dag_id(self) -> str:
        """Return the id of this type's DAG."""
        return dag_id_of(self.name)

    @property
    def cron(self) -> str | None:
        """Return the cron expression by which runs start, or None where they start as files arrive."""
        return None if self.schedule == ON_ARRIVAL else self.schedule

    @property
    def file_columns(self) -> tuple[Column, ...]:
        """Return the columns of the file."""
        return tuple(column for column in self.columns if column.only_in != "table")

    @property
    def table_columns(self) -> tuple[Column, ...]:
        """Return the columns of the table, without `_loaded_at`."""
        return tuple(column for column in self.columns if column.only_in != "file")

    @property
    def copied_columns(self) -> tuple[Column, ...]:
        """Return the columns that COPY fills: the file's, or those that a Python function yields for the table."""
        is_made = self.transform.has_rows_function and self.transform.sql is None
        return self.table_columns if is_made else self.file_columns

    @property
    def column_names(self) -> tuple[str, ...]:
        """Return the names of the columns that COPY fills, in the order of the schema."""
        return tuple(column.name for column in self.copied_columns)

    @property
    def is_prepared(self) -> bool:
        """Return whether the file must be made into objects that COPY can read."""
        return self.format.is_prepared or self.transform.python is not None

    @property
    def copied(self) -> Format:
        """Return the format of what COPY reads, which is another where the file is prepared."""
        return csv_of_rows(self.format) if self.transform.has_rows_function else self.format.copied

    @property
    def text_format(self) -> TextFormat:
        """Return the format of the file's rows as text; a workbook's rows are CSV by then.

        Raises TypeError if the file has no rows of text.
        """
        copied = self.format.copied
        if not isinstance(copied, TextFormat):
            raise TypeError(f"type {self.format.type} has no rows of text")
        return copied

    def with_columns(self, added: Iterable[Column]) -> FileType:
        """Return the same type with more columns."""
        return self.model_copy(update={"columns": (*self.columns, *added)})

    def into(self, table_name: str) -> FileType:
        """Return the same type with another table."""
        return self.model_copy(update={"table": self.table.model_copy(update={"name": table_name})})

    @model_validator(mode="before")
    @classmethod
    def _default_table(cls, values: dict[str, Any]) -> dict[str, Any]:
        table = values.get("table", {})
        if isinstance(table, dict):
            name = str(values.get("name"))
            default = name if re.fullmatch(NAME, name) else "unnamed"  # a wrong name is one problem, not two
            values = {**values, "table": {"name": f"lake.{default}", **table}}
        return values

    @field_validator("table")
    @classmethod
    def _keeps_all_files(cls, table: Table, info: ValidationInfo) -> Table:
        landing = info.data.get("landing")
        if landing and landing.select == "all" and table.mode in ("truncate", "replace"):
            raise ValueError(
                f"has mode {table.mode}, which keeps the last file's rows alone, while landing.select is all; "
                "write select: newest, or mode: append, merge or new_table"
            )
        return table

    @field_validator("transform")
    @classmethod
    def _takes_rows_of_text(cls, transform: Transform, info: ValidationInfo) -> Transform:
        format_: Format | None = info.data.get("format")
        if transform.has_rows_function and format_ and (objection := format_.objection_to_rows()):
            raise ValueError(f"takes rows, {objection}")
        return transform

    @field_validator("columns")
    @classmethod
    def _are_right(cls, columns: tuple[Column, ...], info: ValidationInfo) -> tuple[Column, ...]:
        problems = [*_objections(columns, info.data)]
        if problems:
            raise ValueError("\n".join(problems))
        return columns

    @field_validator("drift")
    @classmethod
    def _has_a_header(cls, drift: str, info: ValidationInfo) -> str:
        format_ = info.data.get("format")
        if drift != "refuse" and format_ and not format_.has_header:
            raise ValueError(f"is {drift}, which needs a header that names the columns: format.header_lines")
        transform = info.data.get("transform")
        if drift == "add" and transform and transform.may_make_columns:
            raise ValueError("is add, but the transform makes the table's rows and cannot fill new columns")
        return drift

    @field_validator("checks")
    @classmethod
    def _name_columns(cls, checks: tuple[AnyCheck, ...], info: ValidationInfo) -> tuple[AnyCheck, ...]:
        if "columns" not in info.data:
            return checks
        types = {column.name: column.type.name for column in info.data["columns"] if column.only_in != "file"}
        unknown = sorted({name for check in checks for name in check.columns if name not in types})
        if unknown:
            raise ValueError(f"refer to unknown columns: {', '.join(unknown)}")
        newest_of = [check.freshness.column for check in checks if isinstance(check, FreshnessCheck)]
        timeless = [column for column in newest_of if types[column] not in _TIMES]
        if timeless:
            raise ValueError(f"freshness needs a column of type {', '.join(_TIMES)}, unlike: {', '.join(timeless)}")
        return checks


def _objections(columns: tuple[Column, ...], values: Mapping[str, Any]) -> Iterator[str]:
    """Yield everything that is wrong with the columns; `values` are the good ones among the keys before them."""
    if twice := doubled(column.name for column in columns):
        yield f"{', '.join(twice)} is listed twice"
    in_table = {column.name for column in columns if column.only_in != "file"}
    format_, table, transform = values.get("format"), values.get("table"), values.get("transform")
    if format_:
        yield from format_.objections_to([column for column in columns if column.only_in != "table"])
    marked = [column.name for column in columns if column.only_in]
    if transform and marked and not transform.may_make_columns:
        yield f"have only_in, which needs a transform (sql, or python that takes rows): {', '.join(marked)}"
    if not in_table:
        yield "are all only_in: file, so that nothing is left for the table"
    if not table:
        return
    keys = {key for key in (*table.key, table.dist_key, *table.sort_key) if key}
    if unknown := sorted(keys - in_table):
        yield f"lack what key, dist_key or sort_key names: {', '.join(unknown)}"
    if table.wins and table.wins.column not in in_table:
        yield f"lack what table.wins names: {table.wins.column}"
    incomparable = [column.name for column in columns if column.type.name == "super"]
    if table.wins and incomparable:
        yield f"cannot be compared by table.wins, which must know equal rows: {', '.join(incomparable)} is super"
    if loose := {column.name: None for column in columns if column.name in table.key and not column.required}:
        yield f"of table.key must be required: true, since NULL cannot identify a row: {', '.join(loose)}"
