"""The checks that the rows of a load must pass: `checks` in a schema."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from lakeport.schema.one_of import OneOf
from lakeport.schema.sql_text import single_condition
from lakeport.schema.values import TABLE_NAME, Age, Limit, Name, Part
from lakeport.wording import amount


class AcceptedValues(Part):
    """The values that a column may have; NULL passes, see not_null."""

    column: Name
    """The column to check."""
    values: Annotated[tuple[str | int | float | bool, ...], Field(min_length=1)]
    """The values that it may have."""


class RowCount(Part):
    """How many rows a load may add to the table; in mode history, only new versions are rows of a load."""

    min: Annotated[int, Field(ge=0)] = 0
    """The minimum number of rows."""
    max: Annotated[int | None, Field(ge=0)] = None
    """The maximum number of rows; without it any number."""

    @field_validator("max")
    @classmethod
    def _is_not_below_min(cls, most: int | None, info: ValidationInfo) -> int | None:
        if most is not None and most < info.data.get("min", 0):
            raise ValueError(f"is {most}, which is less than min")
        return most

    def is_outside(self, rows: int) -> bool:
        """Return whether a load may not have this number of rows."""
        return rows < self.min or (self.max is not None and rows > self.max)


class Freshness(Part):
    """The maximum age of the newest value in a column, in seconds."""

    column: Name
    """A column of type date, timestamp or timestamptz."""
    within: Age
    """The maximum age of its newest value, such as 36h or 7d."""


class ExistsIn(Part):
    """A table in which each row's values must be; a row with NULL in one of the columns passes."""

    columns: Annotated[tuple[Name, ...], Field(min_length=1)]
    """The columns to look up together."""
    table: Annotated[str, Field(pattern=TABLE_NAME)]
    """The table to look them up in, as schema.table."""
    table_columns: tuple[Name, ...] = ()
    """The columns of that table, in the order of columns; without it those of the same names."""

    @field_validator("table_columns")
    @classmethod
    def _are_as_many(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        columns = info.data.get("columns", names)
        if names and len(names) != len(columns):
            raise ValueError(f"has {amount(len(names), 'column')} for the {len(columns)} in columns; list one for each")
        return names

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Return each column with the column of the table that it is compared with."""
        return list(zip(self.columns, self.table_columns or self.columns, strict=True))


class Check(Part):
    """One check; its only required key is its kind."""

    is_of_rows: ClassVar[bool] = True
    """Whether single rows fail the check; if not, only the load as a whole can fail it."""
    is_of_single_rows: ClassVar[bool] = True
    """Whether a row fails it by its own values, so that it can be rejected."""
    else_: Annotated[Literal["fail", "reject", "warn"], Field(alias="else")] = "fail"
    """What happens if the check fails: fail loads nothing; reject rejects the rows that fail, as if COPY had; warn
    loads the rows and sends an alert."""
    up_to: Limit | None = None
    """How many rows may fail the check (a number, or a share such as 1%): with fail and warn, nothing happens up to it,
    and without it none may; with reject more fail the load, and without it rejects.fail alone decides."""

    @model_validator(mode="after")
    def _has_possible_consequences(self) -> Self:
        if self.else_ == "reject" and not self.is_of_single_rows:
            raise ValueError(f"{self.kind} cannot have else: reject, as no single row fails it; write fail or warn")
        if self.up_to and not self.is_of_rows:
            raise ValueError(f"{self.kind} cannot have up_to, because no rows fail it; remove up_to")
        return self

    @property
    def kind(self) -> str:
        """Return the key in YAML."""
        return next(name for name in type(self).model_fields if name not in Check.model_fields)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that the check refers to."""
        return ()

    def __str__(self) -> str:
        value = getattr(self, self.kind)
        text = ", ".join(value) if isinstance(value, tuple) else value.model_dump(exclude_none=True)
        return f"{self.kind}: {text}"


class ConditionCheck(Check):
    """A condition that each row must meet."""

    sql: Annotated[str, AfterValidator(single_condition)]
    """A condition that each row must meet, as in distance > 0; you can leave out this key."""

    @model_validator(mode="before")
    @classmethod
    def _may_be_text(cls, value: Any) -> Any:
        return {"sql": value} if isinstance(value, str) else value

    def __str__(self) -> str:
        return self.sql


class UniqueCheck(Check):
    """Columns whose values differ between any two rows."""

    is_of_single_rows: ClassVar[bool] = False
    unique: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Columns whose values together differ between any two rows of a load."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that the check refers to."""
        return self.unique


class NotNullCheck(Check):
    """Columns that have a value in every row."""

    not_null: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Columns that have a value in every row."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that the check refers to."""
        return self.not_null


class AcceptedValuesCheck(Check):
    """A column that has only certain values."""

    accepted_values: AcceptedValues
    """A column and the values that it may have."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that the check refers to."""
        return (self.accepted_values.column,)


class ExistsInCheck(Check):
    """Values that must be in another table."""

    exists_in: ExistsIn
    """Columns whose values together must be in a row of another table."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that the check names."""
        return self.exists_in.columns

    def __str__(self) -> str:
        of = self.exists_in
        return f"exists_in: {', '.join(of.columns)} in {of.table}"


class RowCountCheck(Check):
    """The number of rows."""

    is_of_rows: ClassVar[bool] = False
    is_of_single_rows: ClassVar[bool] = False
    row_count: RowCount
    """How many rows a load may add to the table; in mode history, only new versions are rows of a load."""


class FreshnessCheck(Check):
    """The age of the newest value in a column."""

    is_of_rows: ClassVar[bool] = False
    is_of_single_rows: ClassVar[bool] = False
    freshness: Freshness
    """The maximum age of the newest value in a column."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that the check refers to."""
        return (self.freshness.column,)


KINDS: dict[str, type[Check]] = {
    "sql": ConditionCheck,
    "unique": UniqueCheck,
    "not_null": NotNullCheck,
    "accepted_values": AcceptedValuesCheck,
    "exists_in": ExistsInCheck,
    "row_count": RowCountCheck,
    "freshness": FreshnessCheck,
}


def _kind(value: object) -> str | None:
    """Return the kind of a check, or None unless it is text or has exactly one key that is a kind."""
    if isinstance(value, str):
        return "sql"
    if isinstance(value, Check):
        return value.kind
    kinds = [kind for kind in KINDS if isinstance(value, dict) and kind in value]
    return kinds[0] if len(kinds) == 1 else None


AnyCheck = Annotated[
    ConditionCheck | UniqueCheck | NotNullCheck | AcceptedValuesCheck | ExistsInCheck | RowCountCheck | FreshnessCheck,
    OneOf(KINDS, _kind),
]
