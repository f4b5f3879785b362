"""A file type: what a schema YAML says, as frozen objects.

This model is the language's only definition: what it accepts is what a schema may say.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from lakeport.file_format import Format
from lakeport.schema_words import EmailAddress, Limit, Part, RejectLimit, Seconds, doubled
from lakeport.table_type import Column, Table

NAME = r"^[a-z][a-z0-9_]{0,44}$"
_MAX_COLUMNS = 1599  # Redshift takes 1,600 a table, of which _loaded_at is one


class Landing(Part):
    """Which objects of the landing bucket are of this type."""

    pattern: Annotated[str, Field(min_length=1, max_length=1024)]
    select: Literal["newest"] = "newest"

    @field_validator("pattern")
    @classmethod
    def _is_relative(cls, pattern: str) -> str:
        if pattern.startswith("/") or pattern.endswith("/"):
            raise ValueError(
                "is a glob on the object's key, without a leading or trailing slash: flights/flights_*.csv"
            )
        if any("**" in part and part != "**" for part in pattern.split("/")):
            raise ValueError("** stands for any folders and has its place between slashes: flights/**/flights_*.csv")
        return pattern


class Rejects(Part):
    """How many rejected rows a load bears."""

    fail: Limit = RejectLimit()


class Wait(Part):
    """How long a run waits for files, and how often it looks; seconds."""

    every: Seconds = 30
    for_: Annotated[Seconds, Field(alias="for")] = 600


class Alerts(Part):
    """Who hears of a failed run."""

    slack: str | None = None
    email: tuple[EmailAddress, ...] = ()


class FileType(Part):
    """Everything one schema YAML says; its name is the YAML's name."""

    name: Annotated[str, Field(pattern=NAME)]
    description: Annotated[str, Field(min_length=1)]
    owner: Annotated[str, Field(min_length=1)]
    landing: Landing
    format: Format
    table: Table
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=_MAX_COLUMNS)]
    drift: Literal["refuse"] = "refuse"
    rejects: Rejects = Rejects()
    wait: Wait = Wait.model_validate({})
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    alerts: Alerts = Alerts()

    @property
    def dag_id(self) -> str:
        """Return the id of this type's DAG."""
        return f"load_{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Return the columns' names in the order of the schema."""
        return tuple(column.name for column in self.columns)

    @model_validator(mode="before")
    @classmethod
    def _default_table(cls, values: dict[str, Any]) -> dict[str, Any]:
        table = values.get("table", {})
        if isinstance(table, dict):
            name = str(values.get("name"))
            default = name if re.fullmatch(NAME, name) else "unnamed"  # a wrong name is one problem, not two
            values = {**values, "table": {"name": f"lake.{default}", **table}}
        return values

    @field_validator("columns")
    @classmethod
    def _stand_there_once(cls, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        twice = doubled(column.name for column in columns)
        if twice:
            raise ValueError(f"{', '.join(twice)} stands there twice")
        return columns

    @field_validator("columns")
    @classmethod
    def _fit_the_format(cls, columns: tuple[Column, ...], info: ValidationInfo) -> tuple[Column, ...]:
        format_: Format | None = info.data.get("format")
        objection = format_.objection_to(columns) if format_ else None
        if objection:
            raise ValueError(objection)
        return columns

    @field_validator("columns")
    @classmethod
    def _hold_the_keys(cls, columns: tuple[Column, ...], info: ValidationInfo) -> tuple[Column, ...]:
        names, table = {column.name for column in columns}, info.data.get("table")
        keys = (table.dist_key, *table.sort_key) if table else ()
        unknown = [key for key in keys if key and key not in names]
        if unknown:
            raise ValueError(f"lack what dist_key or sort_key names: {', '.join(unknown)}")
        return columns
