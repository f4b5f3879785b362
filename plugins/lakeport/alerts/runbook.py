"""Which entry of docs/runbook.md helps with an alert: by its kind, and for a failed run by its error.

A heading is the sentence that the reader has seen in the alert, with capitals for what differs.
"""

from __future__ import annotations

import re
from enum import StrEnum

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError

from lakeport import errors

DOCUMENT = "docs/runbook.md"


class Family(StrEnum):
    """The errors of a failed run that have the same remedy; recorded with the error in mng.task_errors."""

    REJECTS = "rejects"
    CHECKS = "checks"
    FILE = "file"
    KEYS = "keys"
    TRANSFORM = "transform"
    TABLE = "table"
    OBJECT = "object"
    COPY = "copy"
    ROWS = "rows"
    STEP = "step"
    KILLED = "killed"
    REDSHIFT = "redshift"
    AWS = "aws"
    AIRFLOW = "airflow"
    SETUP = "setup"
    OTHER = ""


HEADINGS: dict[str, str] = {
    Family.REJECTS: "N of M rows were rejected; nothing was loaded",
    Family.CHECKS: "N of M checks failed; nothing was loaded",
    Family.FILE: "The file cannot be read, or does not match its schema",
    Family.KEYS: "Rows have the same key, or belong to another slice",
    Family.TRANSFORM: "The transform of the file type failed",
    Family.TABLE: "The table does not match the schema",
    Family.OBJECT: "The object is no longer the version that was registered",
    Family.COPY: "Redshift stopped COPY, or did not report all that COPY did",
    Family.ROWS: "N loaded, but M in TABLE",
    Family.STEP: "A step could not work on its files",
    Family.KILLED: "A task ended without reporting an error",
    Family.REDSHIFT: "Redshift cannot be reached, or rejected a statement",
    Family.AWS: "AWS refused a request, or cannot be reached",
    Family.AIRFLOW: "Airflow cannot be reached, or refused a request",
    Family.SETUP: "A package or a setting of the deployment is wrong",
    Family.OTHER: "FILE_TYPE: FILE failed in TASK",
}
"""The entry of each family; the last one is for every failed run."""

_FAMILIES: dict[type[BaseException], Family] = {
    errors.TooManyRejects: Family.REJECTS,
    errors.ChecksFailed: Family.CHECKS,
    errors.DuplicateKeys: Family.KEYS,
    errors.OutsideSlice: Family.KEYS,
    errors.NewerSlice: Family.KEYS,
    errors.TransformFailed: Family.TRANSFORM,
    errors.UnloadableFile: Family.FILE,
    errors.TableMismatch: Family.TABLE,
    errors.ObjectChanged: Family.OBJECT,
    errors.CopyStopped: Family.COPY,
    errors.RejectsNotReported: Family.COPY,
    errors.RowsNotCounted: Family.COPY,
    errors.UnknownOrigin: Family.COPY,
    errors.MustLoadSeparately: Family.COPY,
    errors.RowsMissing: Family.ROWS,
    errors.StepRefused: Family.STEP,
    errors.StatusConflict: Family.STEP,
    errors.AirflowUnavailable: Family.AIRFLOW,
    errors.EnvironmentIncomplete: Family.SETUP,
    errors.SettingError: Family.SETUP,
    psycopg2.Error: Family.REDSHIFT,
    ClientError: Family.AWS,
    BotoCoreError: Family.AWS,
    ImportError: Family.SETUP,
}
"""Classes of errors with their family; a class precedes those that it is derived from."""


def family_of(error: BaseException | None) -> Family:
    """Return the family of the error that a task ended with; without an error its process was killed."""
    if error is None:
        return Family.KILLED
    causes = (error, errors.origin_of(error))
    return next(
        (family for kind, family in _FAMILIES.items() for each in causes if isinstance(each, kind)), Family.OTHER
    )


def place_of(heading: str) -> str:
    """Return the path of an entry with its anchor, as GitHub and most other viewers of Markdown make it."""
    anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
    return f"{DOCUMENT}#{anchor}"
