"""Run statements by the Redshift Data API, which reaches a private Redshift with IAM and without a network path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lakeport.errors import LakeportError

Until = Callable[[Callable[[], bool]], None]
"""Calls a function until it returns true; raises an error when its time is over."""
_AT_REST = ("FINISHED", "FAILED", "ABORTED")


class StatementFailed(LakeportError):
    """Redshift rejected a statement, or stopped it."""


@dataclass(frozen=True)
class Result:
    """What a statement returned."""

    titles: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()


def run_statements(
    client: Any, address: Mapping[str, str], statements: Sequence[str], until: Until, limit: int | None = None
) -> Result:
    """Run the statements, several of them in one transaction, and return what the last one returned.

    At most `limit` rows are read.
    `client` is a boto3 client for redshift-data.  `address` has the API's parameters: WorkgroupName or
    ClusterIdentifier, Database, and SecretArn for a user other than that of the caller's IAM identity.  Raises
    StatementFailed.
    """
    is_one = len(statements) == 1
    started = (
        client.execute_statement(Sql=statements[0], **address)
        if is_one
        else client.batch_execute_statement(Sqls=list(statements), **address)
    )
    found: dict[str, Any] = {}

    def has_ended() -> bool:
        found.update(client.describe_statement(Id=started["Id"]))
        return found["Status"] in _AT_REST

    until(has_ended)
    if found["Status"] != "FINISHED":
        raise StatementFailed(" ".join(found.get("Error", found["Status"]).split()))
    last = found if is_one else found["SubStatements"][-1]
    return _result(client, last["Id"], limit) if last.get("HasResultSet") else Result()


def _result(client: Any, statement_id: str, limit: int | None) -> Result:
    titles: tuple[str, ...] = ()
    rows: list[tuple[Any, ...]] = []
    for page in client.get_paginator("get_statement_result").paginate(Id=statement_id):
        titles = tuple(column["name"] for column in page["ColumnMetadata"])
        rows += [tuple(map(_value, record)) for record in page["Records"]]
        if limit is not None and len(rows) >= limit:
            break
    return Result(titles, tuple(rows[:limit]))


def _value(field: Mapping[str, Any]) -> Any:
    """Return the value of a field, which has one key: its type, or isNull."""
    return None if field.get("isNull") else next(iter(field.values()))
