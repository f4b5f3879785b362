"""Every error Lakeport raises on purpose.

LakeportError
├── SchemaError        a schema YAML says something it must not; lists every problem of the file
├── ArrivalError       an S3 event that cannot be read
├── ObjectChanged      an object is no longer the version that was registered
├── UnloadableFile     the file cannot be what its schema says; trying again would not help
│   ├── TooManyRejects more rows were rejected than the schema allows
│   ├── DuplicateKeys  the file has several rows with the same key, and the table takes one
│   ├── TransformFailed the schema's transform cannot make rows of this file
│   └── ChecksFailed   the rows are not as the schema's checks say
├── MustLoadSeparately several files cannot be loaded by one COPY
├── RowsNotCounted     Redshift does not report how many rows each file of a COPY has
├── TableMismatch      the live table cannot be reconciled with the schema
├── StatusConflict     a file is not in the status this step may move it from
├── SampleError        a file from which no schema can be inferred
├── NotPublished       registration was told of no schema yet
├── NotChosen          no file fits what was asked for, or several do
├── EnvironmentIncomplete this Airflow lacks a package
├── AirflowUnavailable a DAG run could not be started, or Airflow could not be asked about it
│   └── UnknownDag     Airflow has no such DAG
└── NotReconciled      something could not be healed
"""

from __future__ import annotations

from collections.abc import Sequence


class LakeportError(Exception):
    """Say where, what is wrong and what to do."""


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
    """The file cannot be what its schema says."""


class TooManyRejects(UnloadableFile):
    """More rows were rejected than the schema allows."""


class DuplicateKeys(UnloadableFile):
    """The file has several rows with the same key."""


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


class RowsNotCounted(LakeportError):
    """Redshift does not report how many rows each file of a COPY has."""


class TableMismatch(LakeportError):
    """The live table cannot be reconciled with the schema."""


class StatusConflict(LakeportError):
    """A file is not in the status this step may move it from."""


class NotPublished(LakeportError):
    """Registration was told of no schema yet."""


class NotChosen(LakeportError):
    """No file fits what was asked for, or several do."""


class SampleError(LakeportError):
    """A file from which no schema can be inferred."""


class AirflowUnavailable(LakeportError):
    """A DAG run could not be started, or Airflow could not be asked about it."""


class UnknownDag(AirflowUnavailable):
    """Airflow has no such DAG."""


class NotReconciled(LakeportError):
    """Something could not be healed."""


class EnvironmentIncomplete(LakeportError):
    """This Airflow lacks a package that Lakeport imports."""
