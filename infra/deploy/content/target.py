"""The wanted content of the code bucket: the working tree's, or an earlier release's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lakeport
from infra import package
from infra.deploy.content import code, publishing
from infra.deploy.content.code import CodeBucket, Item
from infra.deploy.deployment import Deployment
from infra.deploy.errors import DeployError


@dataclass(frozen=True)
class Target:
    """A wanted release; `None` as an object version means that there is no earlier one."""

    artifacts: list[Item]
    schemas: list[Item]
    file_types: list[dict[str, Any]]
    dag_files: list[Item]
    index_previous: str | None = None
    """The index that a rollback of schemas restores."""
    previous: str | None = None
    """The release record that a rollback restores."""
    index_before: str | None = None
    """The index before this release."""
    version: str | None = None
    """The version of Lakeport."""

    @property
    def function(self) -> Item:
        return next(item for item in self.artifacts if item.key == code.FUNCTION)


def of_working_tree(deployment: Deployment, bucket: CodeBucket | None, folder: Path = code.BUILD) -> Target:
    """Return the release of this checkout; builds the packages.  Raises SchemaError for schemas that are not valid."""
    return Target(
        artifacts=code.artifacts(deployment, folder),
        schemas=code.schemas(),
        file_types=publishing.file_types_of(package.REPOSITORY / "schemas"),
        dag_files=code.dag_files(),
        index_previous=bucket.index_version if bucket else None,
        previous=bucket.release_version if bucket else None,
        index_before=bucket.index_version if bucket else None,
        version=lakeport.__version__,
    )


def of_release_before(bucket: CodeBucket) -> Target:
    """Return the bucket's content before the last release: the earlier code, with the schemas of that moment."""
    release = bucket.release
    if not release.get("previous"):
        raise DeployError("no earlier release is recorded; check out the commit you want and deploy it")
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
        version=before.get("version"),
    )


def _item(bucket: CodeBucket, key: str, recorded: dict[str, str]) -> Item:
    return Item(key, recorded["sha256"], lambda: bucket.read_version(key, recorded["version"]))
