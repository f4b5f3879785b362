"""The release record in the code bucket: which objects, in which versions, a deployment has put into use."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from typing import Any

from infra import package
from infra.deploy.aws import Aws
from infra.deploy.content import code
from infra.deploy.content.code import CodeBucket
from infra.deploy.content.target import Target


def record(aws: Aws, target: Target, bucket: CodeBucket, made: str | None, *, has_new_schemas: bool) -> None:
    """Write the release record if this run, or a killed one before it, changed something."""
    objects = bucket.objects()
    was, now = (_without_schemas(each) for each in (bucket.release.get("objects", {}), objects))
    if was == now and bucket.release.get("database") == made and not has_new_schemas:
        return
    values: dict[str, Any] = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "made_by": aws.caller["Arn"],
        "version": target.version,
        "commit": _commit(),
        "previous": target.previous,
        "index_before": target.index_before,
        "database": made,
        "objects": objects,
    }
    bucket.s3.put_object(Bucket=bucket.bucket, Key=code.RELEASE, Body=json.dumps(values, indent=1).encode())
    aws.report(f"recorded the release of Lakeport {values['version']}, commit {values['commit']}")


def _without_schemas(objects: dict[str, Any]) -> dict[str, Any]:
    return {key: each for key, each in objects.items() if not key.startswith(code.PUBLISHED)}


def _commit() -> str:
    """Return the commit of the working tree, followed by `+` if there are uncommitted changes."""
    command = ["git", "-C", str(package.REPOSITORY), "describe", "--always", "--abbrev=12", "--dirty=+"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip() or "no commit"
