"""A column of a file and of its table: what an entry of `columns` says in a schema."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from lakeport.schema.column_type import ColumnType
from lakeport.schema.values import Name, Part, ReadBy

LOADED_AT = "_loaded_at"
"""The column that Lakeport adds to every table."""
HISTORY_COLUMNS = ("_valid_from", "_valid_to", "_closed_at")
"""The columns that Lakeport adds to a table of mode history."""
Loss = Literal["reject", "warn", "allow"]


def _column_type(value: object) -> ColumnType:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a column type")  # noqa: TRY004 - pydantic reports ValueError with its place
    return ColumnType.parse(value)


def _file_fact(value: str) -> str:
    if not re.fullmatch(r"key|bucket|landed_at|captured\.[a-z_][a-z0-9_]*", value):
        raise ValueError(f"is {value!r}; allowed: key, bucket, landed_at, captured.<a capture of landing.pattern>")
    return value


class Column(Part):
    """One column, in the order of the file."""

    name: Name
    """The column's name in the table."""
    type: Annotated[
        ColumnType,
        ReadBy(_column_type),
        WithJsonSchema({"type": "string", "examples": ["integer", "varchar(20)", "decimal(8,2)", "timestamp"]}),
    ]
    """The column's type in Redshift; lengths count bytes."""
    required: bool = False
    """A row without a value here is rejected; an empty text is a value unless format.emptyasnull is set."""
    optional_in_file: bool = False
    """A file may lack the column, whatever drift is; its rows then have NULL."""
    width: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The width of the column in characters, in a file of type fixed_width."""
    at: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    """Where the value is below the element of a row, in a file of type xml, as in customer/@id; without it the element
    with the column's name."""
    from_: Annotated[Annotated[str, AfterValidator(_file_fact)] | None, Field(alias="from")] = None
    """What fills the column instead of the file: key, bucket or landed_at of the file's object, or captured.<name>."""
    description: str = ""
    """What the column means; shown in the catalog and in Airflow."""
    header: Annotated[
        str | None,
        Field(max_length=1000),
    ] = None
    """The file's name for the column, if it differs from the column's name."""
    lossy: Loss | None = None
    """What becomes of a row whose value here would be changed by COPY; without it what lossy says for the file type."""
    only_in: Literal["file", "table"] | None = None
    """With a transform: table for a column that only the table has, file for one that only the file has."""

    @field_validator("optional_in_file")
    @classmethod
    def _is_not_required(cls, is_optional: bool, info: ValidationInfo) -> bool:
        if is_optional and info.data.get("required"):
            raise ValueError("is true, but required is true, too; a file without the column has no values for it")
        return is_optional

    @property
    def is_in_file(self) -> bool:
        """Return whether the file has the column, and not only the table."""
        return self.only_in != "table" and self.from_ is None

    @property
    def header_word(self) -> str:
        """Return what a header calls the column, as headers are compared: case and outer blanks do not count."""
        return (self.name if self.header is None else self.header).strip().lower()

    @field_validator("name")
    @classmethod
    def _is_not_ours(cls, name: str) -> str:
        if name == LOADED_AT:
            raise ValueError(f"{LOADED_AT} is added to every table by Lakeport; give the column another name")
        return name
