"""A file type: what a schema YAML says, as frozen objects.

This model is the language's only definition: what it accepts is what a schema may say.
"""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from lakeport.model import dag_id_of
from lakeport.schema import key_rules
from lakeport.schema.alerts import Alerts
from lakeport.schema.checks import AnyCheck
from lakeport.schema.column import Column, Loss
from lakeport.schema.column_rules import captured_columns
from lakeport.schema.file_format import Format
from lakeport.schema.formats import AnyFormat, csv_of_rows
from lakeport.schema.key_pattern import capture_formats
from lakeport.schema.landing import Landing
from lakeport.schema.rejects import Rejects
from lakeport.schema.table import Table
from lakeport.schema.text_format import TextFormat
from lakeport.schema.transform import Transform
from lakeport.schema.values import ON_ARRIVAL, Part, Schedule, Seconds
from lakeport.schema.wait import Wait

NAME = r"^[a-z][a-z0-9_]{0,44}$"
_MAX_COLUMNS = 1599  # Redshift takes 1,600 a table, of which _loaded_at is one


class FileType(Part):
    """Everything one schema YAML says; its name is the YAML's name."""

    name: Annotated[str, Field(pattern=NAME)]
    description: Annotated[str, Field(min_length=1)]
    """What one row is; shown in Airflow and in the catalog."""
    owner: Annotated[str, Field(min_length=1)]
    """Who is responsible for these files; the DAG's owner in Airflow."""
    landing: Landing
    """Which objects of a landing bucket are of this type."""
    format: AnyFormat
    """How the files are written."""
    table: Table
    """The table that the rows are loaded into."""
    # Defaults are made by model_construct: a call of the class builds its validator, 0.6 to 1 ms in every task.
    transform: Transform = Transform.model_construct()
    """What changes the rows between the file and the table."""
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=_MAX_COLUMNS)]
    """The columns; if the file has no header, in the order of the file."""
    drift: Literal["refuse", "add", "ignore"] = "refuse"
    """What happens to a file that does not have exactly these columns, by its header, its footer or its fields."""
    lossy: Loss = "reject"
    """What happens to a row with a value that COPY would change without an error: more digits after the point than its
    decimal column keeps, a time of day in a date, an offset in a timestamp."""
    rejects: Rejects = Rejects.model_construct()
    """How many rejected rows a load tolerates."""
    checks: tuple[AnyCheck, ...] = ()
    """What must be true of the loaded rows before the load is committed."""
    schedule: Schedule = ON_ARRIVAL
    """When runs start: on_arrival, or at the times of five cron fields, in UTC."""
    wait: Wait = Wait.model_construct()
    """How a scheduled run waits for files."""
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    """How many times a task is retried after a temporary error; other errors fail it at once."""
    retry_delay: Seconds = 5
    """How long to wait before the first retry; each further retry waits twice as long, at most five minutes."""
    pool: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,100}$")] | None = None
    """The Airflow pool whose slots the tasks take, without it default_pool; its number of slots limits how many tasks
    of all file types with this pool run at once."""
    alerts: Alerts = Alerts.model_construct()
    """Who is alerted when a run fails."""

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
        return tuple(column for column in self.columns if column.is_in_file)

    @property
    def table_columns(self) -> tuple[Column, ...]:
        """Return the columns of the table, without `_loaded_at`."""
        return tuple(column for column in self.columns if column.only_in != "file")

    @property
    def copied_columns(self) -> tuple[Column, ...]:
        """Return the columns that COPY fills: the file's, or those that a Python function yields for the table."""
        is_made = self.transform.has_rows_function and self.transform.sql is None
        return tuple(column for column in self.table_columns if not column.from_) if is_made else self.file_columns

    @property
    def fact_columns(self) -> tuple[Column, ...]:
        """Return the columns that what is known of the file's object fills."""
        return tuple(column for column in self.columns if column.from_)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Return the names of the columns that COPY fills, in the order of the schema."""
        return tuple(column.name for column in self.copied_columns)

    @property
    def slice_columns(self) -> list[Column]:
        """Return the columns that make a slice of the table, in the order of the schema."""
        names = self.table.slice.columns if self.table.slice else ()
        by_capture = self.captured_columns.values() if self.table.slice and self.table.slice.from_ else ()
        return [column for column in self.table_columns if column.name in names or column in by_capture]

    @property
    def captured_columns(self) -> dict[str, Column]:
        """Return the column of each capture of the pattern: filled by it, or else of the same name."""
        return captured_columns(self.table_columns, capture_formats(self.landing.pattern))

    @property
    def history_from(self) -> Column | str:
        """Return the column from which a version is valid, or captured.<name>, or landed_at."""
        name = self.table.history.from_ if self.table.history else ""
        columns = {column.name: column for column in self.table_columns}
        return columns.get(name, name)

    @property
    def history_type(self) -> str:
        """Return the type of the times of versions."""
        source = self.history_from
        return str(source.type) if isinstance(source, Column) else "timestamp"

    @property
    def tracked_columns(self) -> list[Column]:
        """Return the columns whose values make a new version."""
        track = self.table.history.track if self.table.history else ()
        source = self.history_from
        others = [each for each in self.table_columns if each.name not in self.table.key and each != source]
        return [each for each in self.table_columns if each.name in track] if track else others

    @property
    def may_warn(self) -> bool:
        """Return whether an alert may be sent of a load that succeeded."""
        return self.rejects.warn is not None or any(check.else_ == "warn" for check in self.checks)

    def lossy_of(self, column: Column) -> Loss:
        """Return what becomes of a row with a value that COPY would change in this column."""
        return column.lossy or self.lossy

    @property
    def is_prepared(self) -> bool:
        """Return whether the file must be converted into objects that COPY can read."""
        return self.format.is_prepared or self.transform.python is not None

    @property
    def copied(self) -> Format:
        """Return the format of what COPY reads, which differs from the file's if the file is prepared."""
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

    def with_columns(self, added: Iterable[Column]) -> Self:
        """Return the same type with more columns."""
        return self.model_copy(update={"columns": (*self.columns, *added)})

    def into(self, table_name: str) -> Self:
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

    @field_validator("format", "table", "transform", "columns", "drift", "checks")
    @classmethod
    def _agrees_with_earlier_keys(cls, value: Any, info: ValidationInfo) -> Any:
        if problems := [*key_rules.objections(str(info.field_name), value, info.data)]:
            raise ValueError("\n".join(problems))
        return value
