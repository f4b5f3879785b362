"""What logs, alerts, the page Files and mng say about an error that Lakeport did not write itself.

A message of Redshift or of Python may contain a value of a row, which a schema with rejects.show: false keeps from
them.  Lakeport's own messages leave such values out where they are written: see Rejects.values_in_message.
"""

from __future__ import annotations

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError

from lakeport.errors import LakeportError, origin_of
from lakeport.schema.file_type import FileType


def text_of(error: BaseException, file_type: FileType | None) -> str:
    """Return the message of a task's error, without that of others if it may name values that the schema hides."""
    origin = error if isinstance(error, LakeportError) else origin_of(error)
    is_safe = isinstance(origin, LakeportError | ClientError | BotoCoreError | psycopg2.OperationalError)
    if file_type is None or file_type.rejects.show or is_safe:
        return str(error).strip()
    code = getattr(origin, "pgcode", None)
    name = type(origin).__name__ + (f" {code}" if code else "")
    hidden = file_type.rejects.values_in_message(str(origin))
    return f"{name}: {hidden}; ./lakeport plan {file_type.name} FILE shows the message on your computer"
