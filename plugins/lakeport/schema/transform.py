"""What is done to the rows between their file and their table: what `transform` says in a schema."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from lakeport.schema.values import Part

_FUNCTION = r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$"


class Transform(Part):
    """What is done to the rows between their file and their table; Python first, where there are both."""

    sql: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$", max_length=100)] | None = None
    """The name of a query in transforms/<name>.sql; what it selects goes to the table."""
    python: Annotated[str, Field(pattern=_FUNCTION, max_length=200)] | None = None
    """A function of a module in transforms/, as module:function, which COPY's input comes from."""
    takes: Literal["rows", "file"] = "rows"
    """Whether the Python function takes the file's rows, or its bytes."""

    @field_validator("takes")
    @classmethod
    def _is_of_a_function(cls, takes: str, info: ValidationInfo) -> str:
        if info.data.get("python", "") is None:
            raise ValueError("is about the function that python names, which is not there")
        return takes

    @property
    def has_rows_function(self) -> bool:
        """Return whether a Python function makes the rows that COPY reads."""
        return self.python is not None and self.takes == "rows"

    @property
    def has_file_function(self) -> bool:
        """Return whether a Python function makes the file that is loaded in the landed one's place."""
        return self.python is not None and self.takes == "file"

    @property
    def may_make_columns(self) -> bool:
        """Return whether the table may have columns that the file lacks, and the other way round."""
        return self.sql is not None or self.has_rows_function
