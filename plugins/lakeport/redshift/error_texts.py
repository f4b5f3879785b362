"""What logs, alerts, the page Files and mng say about an error that Lakeport did not write itself.

A message of Redshift or of Python may contain a value of a row, which a schema with rejects.show: false keeps from
them.  Lakeport's own messages leave such values out where they are written: see Rejects.values_in_message.
"""

from __future__ import annotations

import re

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError

from lakeport.errors import LakeportError, origin_of
from lakeport.schema.file_type import FileType

_SAFE = (LakeportError, ClientError, BotoCoreError, psycopg2.OperationalError, ImportError, MemoryError)
_OF_OBJECTS = {"42501", "42P01", "3F000"}  # permission denied, no such table, no such schema
_OF_PLACES = re.compile(r"S3(?:Service|Curl)Exception|Not authorized to (?:get credentials of|assume) role")


def text_of(error: BaseException, file_type: FileType | None) -> str:
    """Return the message of a task's error, without that of others if it may name values that the schema hides."""
    origin = error if isinstance(error, LakeportError) else origin_of(error)
    if file_type is None or file_type.rejects.show or _names_no_value(origin):
        return str(error).strip()
    code = getattr(origin, "pgcode", None)
    if code in _OF_OBJECTS:
        return str(origin).splitlines()[0]  # the next one is a part of the statement, which may have values
    name = type(origin).__name__ + (f" {code}" if code else "")
    hidden = file_type.rejects.values_in_message(str(origin))
    where = f"./lakeport plan {file_type.name} FILE shows the message on your computer"
    where += ", and SYS_QUERY_HISTORY in Redshift" if isinstance(origin, psycopg2.Error) else ""
    return f"{name}: {hidden}; {where}"


def _names_no_value(error: BaseException) -> bool:
    """Return whether the message is about a service, a permission or the worker, and so names no value of a row."""
    if isinstance(error, psycopg2.Error) and _OF_PLACES.search(str(error)):
        return True
    if isinstance(error, OSError) and error.errno is not None:  # of the disk or the network, not of a decompressor
        return True
    return isinstance(error, _SAFE) or type(error).__module__.startswith("airflow.")
