"""What the code bucket is to hold: today's working tree, or what an earlier release had."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra import package
from infra.deploy import code, publishing
from infra.deploy.code import CodeBucket, Item
from infra.deploy.deployment import Deployment
from infra.deploy.errors import DeployError


@dataclass(frozen=True)
class Target:
    """A release as it should be; `None` as a version means that there is none before it."""

    artifacts: list[Item]
    schemas: list[Item]
    file_types: list[dict[str, Any]]
    dag_files: list[Item]
    index_previous: str | None = None
    """The index that a roll-back of schemas goes back to."""
    previous: str | None = None
    """The release record that a roll-back goes back to."""
    index_before: str | None = None
    """The index that stood before this release."""

    @property
    def function(self) -> Item:
        return next(item for item in self.artifacts if item.key == code.FUNCTION)


def of_working_tree(deployment: Deployment, bucket: CodeBucket | None, folder: Path = code.BUILD) -> Target:
    """Return what this checkout would deploy; builds the packages.  Raises SchemaError for broken schemas."""
    return Target(
        artifacts=code.artifacts(deployment, folder),
        schemas=code.schemas(),
        file_types=publishing.file_types_of(package.REPOSITORY / "schemas"),
        dag_files=code.dag_files(),
        index_previous=bucket.index_version if bucket else None,
        previous=bucket.release_version if bucket else None,
        index_before=bucket.index_version if bucket else None,
    )


def of_release_before(bucket: CodeBucket) -> Target:
    """Return what the bucket held before the last release: code of the release before, schemas of that moment."""
    release = bucket.release
    if not release.get("previous"):
        raise DeployError("no earlier release is recorded; check out the commit you want back and deploy it")
    before = json.loads(bucket.read_version(code.RELEASE, release["previous"]))
    items = {key: _item(bucket, key, each) for key, each in before["objects"].items()}
    schemas, index = publishing.index_at(bucket, release["index_before"])
    return Target(
        artifacts=[item for key, item in items.items() if key in code.ARTIFACTS],
        schemas=schemas,
        file_types=index["file_types"],
        dag_files=[
            item for key, item in items.items() if key.startswith(code.LIVE) and not key.startswith(code.PUBLISHED)
        ],
        index_previous=index.get("previous"),
        previous=before.get("previous"),
        index_before=before.get("index_before"),
    )


def _item(bucket: CodeBucket, key: str, recorded: dict[str, str]) -> Item:
    return Item(key, recorded["sha256"], lambda: bucket.read_version(key, recorded["version"]))
