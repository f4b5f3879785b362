"""Publish schemas by two objects, the YAML and the index, without an update of the environment.

The index is also the record: it holds each YAML's S3 version and its own predecessor, so that a publication can be
rolled back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from infra.deploy.changes import Change
from infra.deploy.content import code
from infra.deploy.content.code import CodeBucket, Item
from infra.deploy.errors import DeployError
from lakeport import settings
from lakeport.arrivals.publishing import index_of, read_rules
from lakeport.arrivals.rules import index_json
from lakeport.errors import SchemaError


def file_types_of(folder: Path) -> list[dict[str, Any]]:
    """Return the file types for the index; raises SchemaError with all problems of all schemas.

    A deployment refuses schemas that are not valid: `./lakeport validate` finds them on a laptop.
    """
    rules, problems = read_rules(folder)
    if problems:
        raise SchemaError([problem for each in problems.values() for problem in each])
    return [asdict(rule) for rule in index_of(rules).rules]


def plan(bucket: CodeBucket, items: list[Item], file_types: list[dict[str, Any]]) -> list[Change]:
    """Return the schemas that would be added, changed or removed."""
    changes = [
        Change("schema", "change" if item.key in bucket.stored else "add", Path(item.key).name)
        for item in bucket.differing(items)
    ]
    changes += [Change("schema", "remove", Path(key).name) for key in bucket.surplus(items, is_schemas=True)]
    if not changes and not _is_current(bucket, file_types):
        changes.append(Change("schema", "index", "the file types that registration knows"))
    return changes


def put_schemas(bucket: CodeBucket, items: Iterable[Item]) -> list[str]:
    """Upload the schemas that differ, delete the others, and return their keys."""
    wanted = list(items)
    changed = bucket.differing(wanted)
    for item in changed:
        bucket.put(item)
    surplus = bucket.surplus(wanted, is_schemas=True)
    for key in surplus:
        bucket.delete(key)
    return [*(item.key for item in changed), *surplus]


def put_index(bucket: CodeBucket, file_types: list[dict[str, Any]], previous: str | None) -> bool:
    """Publish the index of the schemas in the bucket, after the schemas; return whether it changed.

    A killed run leaves the old index, so that the next run still finds the difference and the previous index.
    """
    if _is_current(bucket, file_types):
        return False
    body: dict[str, Any] = {"file_types": file_types, "schemas": _schemas(bucket), "previous": previous}
    bucket.put(Item.of_bytes(settings.INDEX_KEY, index_json(**body).encode()))
    bucket.index = body
    return True


def index_at(bucket: CodeBucket, version: str) -> tuple[list[Item], dict[str, Any]]:
    """Return the schemas of an earlier index, with that index."""
    index = json.loads(bucket.read_version(settings.INDEX_KEY, version))
    if "schemas" not in index:  # written by `lakeport publish`, which records no versions
        raise DeployError("the earlier index records no schemas; check out the schemas you want and deploy them")
    return [_earlier(bucket, key, **each) for key, each in index["schemas"].items()], index


def index_before(bucket: CodeBucket) -> tuple[list[Item], dict[str, Any]]:
    """Return the schemas before the last publication, with their index."""
    if (version := bucket.index.get("previous")) is None:
        raise DeployError("no earlier schemas are recorded; check out the schemas you want and deploy them")
    return index_at(bucket, version)


def take_back(bucket: CodeBucket) -> str:
    """Restore the schemas before the last publication, and return their names.

    Safe to repeat after a kill: the index changes last, and until then has the same predecessor.
    """
    items, index = index_before(bucket)
    changed = put_schemas(bucket, items)
    put_index(bucket, index["file_types"], index.get("previous"))
    return ", ".join(Path(key).name for key in changed) or "the index"


def is_published_since(bucket: CodeBucket, release: dict[str, Any]) -> bool:
    """Return whether schemas were published since that release, by the index, which changes last."""
    released = {key: each["sha256"] for key, each in release["objects"].items() if key.startswith(code.PUBLISHED)}
    return released != {key: each["sha256"] for key, each in bucket.index.get("schemas", {}).items()}


def _is_current(bucket: CodeBucket, file_types: list[dict[str, Any]]) -> bool:
    return bool(bucket.index.get("file_types") == file_types and bucket.index.get("schemas") == _schemas(bucket))


def _schemas(bucket: CodeBucket) -> dict[str, dict[str, str]]:
    found = sorted((key, each) for key, each in bucket.stored.items() if key.startswith(code.PUBLISHED))
    return {key: {"sha256": each.sha256, "version": each.version} for key, each in found}


def _earlier(bucket: CodeBucket, key: str, sha256: str, version: str) -> Item:
    return Item(key, sha256, lambda: bucket.read_version(key, version))
