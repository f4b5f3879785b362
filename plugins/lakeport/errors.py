"""Every error Lakeport raises on purpose.

LakeportError
├── SchemaError        a schema YAML is not valid; lists every problem of the file
├── ArrivalError       an S3 event that cannot be read
├── ObjectChanged      an object is no longer the version that was registered
├── UnloadableFile     the file is not as its schema requires; a retry would not help
│   ├── TooManyRejects more rows were rejected than the schema allows
│   ├── DuplicateKeys  the file has several rows with the same key, and the table can have only one
│   ├── OutsideSlice   the file has rows of another slice than that of its name
│   ├── NewerSlice     a file that landed later is loaded into a slice of this file
│   ├── TransformFailed the schema's transform failed on this file
│   └── ChecksFailed   the rows are not as the schema's checks say
├── MustLoadSeparately several files cannot be loaded by one COPY
├── CopyStopped        Redshift stopped a COPY, perhaps because it took too long
├── RejectsNotReported Redshift's notices and views disagree on the rows that COPY rejected
├── RowsNotCounted     Redshift does not report how many rows each file of a COPY has
├── UnknownOrigin      what becomes of some rows depends on their file, which COPY does not report
├── RowsMissing        rows of a load are no longer in their table
├── TableMismatch      the live table does not fit the schema, and only a person can decide what to change
├── StatusConflict     a file does not have the status that this step expects
├── StepRefused        a step cannot work on its files and explains why; it sets no file to Fail
├── SampleError        a file from which no schema can be inferred
├── NotPublished       no schemas are published yet
├── SelectionError     no file matches the selection, or several do
├── EnvironmentIncomplete a package that Lakeport imports is not installed
├── SettingError       a setting of the deployment has a value that is not allowed
├── AlertNotSent       a channel did not accept an alert, which is kept to be sent later
├── CheckFailed        a service does not answer as a load needs it to
├── RunFailed          a run of the DAG replay, undo or discard made no plan, was answered already, or failed
├── AirflowUnavailable Airflow could not be reached, or refused a request
│   └── UnknownDag     Airflow has no such DAG
└── NotReconciled      reconcile could not fix everything it found
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus


class LakeportError(Exception):
    """The base of our errors; a message contains the place, the problem and what to do."""


def origin_of(error: BaseException) -> BaseException:
    """Return the error in whose place a task raised this one, if it did; a log may not show it (`raise ... from None`).

    An error that was only being handled when this one was raised is not its origin.
    """
    replaced = error.__context__ if error.__suppress_context__ else None
    return error.__cause__ or replaced or error


class SchemaError(LakeportError):
    """List every problem of one schema YAML, each as `path:line: key: problem`."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class ArrivalError(LakeportError):
    """An S3 event that cannot be read."""


class ObjectChanged(LakeportError):
    """An object in S3 is no longer the version that was registered."""


class UnloadableFile(LakeportError):
    """The file is not as its schema requires."""


class TooManyRejects(UnloadableFile):
    """More rows were rejected than the schema allows."""


class DuplicateKeys(UnloadableFile):
    """The file has several rows with the same key."""


class OutsideSlice(UnloadableFile):
    """The file has rows of another slice than that of its name."""


class NewerSlice(UnloadableFile):
    """A file that landed later is loaded into a slice of this file."""


class TransformFailed(UnloadableFile):
    """The transform of a schema failed on this file."""


class ChecksFailed(UnloadableFile):
    """The rows of a load are not as the schema's checks say."""


class MustLoadSeparately(LakeportError):
    """One COPY cannot load these files, and nothing was loaded.

    With `is_for_each_file` no two of them can be loaded together; without it, one of them may be at fault.
    """

    def __init__(self, reason: object, *, is_for_each_file: bool = False) -> None:
        super().__init__(str(reason))
        self.is_for_each_file = is_for_each_file


class CopyStopped(LakeportError):
    """Redshift stopped a COPY before its end, and nothing was loaded."""


class RejectsNotReported(LakeportError):
    """Redshift's notices and views disagree on how many rows COPY rejected; a retry may find them agreed."""


class RowsNotCounted(LakeportError):
    """Redshift does not report how many rows each file of a COPY has."""


class UnknownOrigin(LakeportError):
    """What becomes of some rows depends on their file, and COPY does not report from which of its files they are."""

    def __init__(self, reason: str, rows: int) -> None:
        super().__init__(f"{reason}, and it is not known from which files they are")
        self.rows = rows


class RowsMissing(LakeportError):
    """Rows of a load are no longer in their table, and no later load explains it."""


class TableMismatch(LakeportError):
    """The live table does not fit the schema, and only a person can decide what to change."""


class StatusConflict(LakeportError):
    """A file does not have the status that this step expects."""


class StepRefused(LakeportError):
    """A step cannot work on its files: they are loaded, undone, filtered out or in another run, or it received none."""


class NotPublished(LakeportError):
    """No schemas are published yet, so registration cannot match files."""


class SelectionError(LakeportError):
    """No file matches the selection, or several do."""


class SampleError(LakeportError):
    """A file from which no schema can be inferred."""


class RunFailed(LakeportError):
    """A run of the DAG replay, undo or discard made no plan, had an answer already, or failed."""


class AirflowUnavailable(LakeportError):
    """Airflow could not be reached, or refused a request; `status` is its HTTP status if it answered."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status

    @property
    def is_passing(self) -> bool:
        """Return whether Airflow, or MWAA before it, throttled the request or failed by itself."""
        return self.status == HTTPStatus.TOO_MANY_REQUESTS or (self.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR


class UnknownDag(AirflowUnavailable):
    """Airflow has no such DAG."""


class NotReconciled(LakeportError):
    """Reconcile could not fix everything it found."""


class EnvironmentIncomplete(LakeportError):
    """A package that Lakeport imports is not installed in this Airflow."""


class SettingError(LakeportError):
    """A setting of the deployment has a value that is not allowed."""


class AlertNotSent(LakeportError):
    """A channel did not accept an alert; it is kept, and reconcile sends it."""


class CheckFailed(LakeportError):
    """A service does not answer as a load needs it to; the message lists each answer with its remedy."""
