"""What is done to the rows between their file and their table: what `transform` says in a schema."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from lakeport.schema.values import Part

_FUNCTION = r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$"


class Transform(Part):
    """What changes the rows between the file and the table; if there are both, Python runs before SQL."""

    sql: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$", max_length=100)] | None = None
    """The name of a query in transforms/<name>.sql; the rows that it selects go to the table."""
    python: Annotated[str, Field(pattern=_FUNCTION, max_length=200)] | None = None
    """A function of a module in transforms/, as module:function; it makes what COPY reads."""
    takes: Literal["rows", "file"] = "rows"
    """Whether the Python function takes the file's rows, or its bytes."""

    @field_validator("takes")
    @classmethod
    def _is_of_a_function(cls, takes: str, info: ValidationInfo) -> str:
        if info.data.get("python", "") is None:
            raise ValueError("is only for transform.python, which is missing; remove takes, or set python")
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
