"""Upload what MWAA syncs: schemas, transforms and DAG files."""

from __future__ import annotations

from infra.deploy.aws import Aws
from infra.deploy.content import publishing
from infra.deploy.content.code import CodeBucket
from infra.deploy.content.target import Target
from lakeport.wording import amount


def put(aws: Aws, bucket: CodeBucket, target: Target) -> list[str]:
    """Upload what MWAA syncs, DAG files last, and delete removed files; return the changed schemas."""
    changed = publishing.put_schemas(bucket, target.schemas)
    files = sorted(bucket.differing(target.dag_files), key=lambda item: item.key.endswith(".py"))
    for item in files:
        bucket.put(item)
    surplus = bucket.surplus(target.dag_files, is_schemas=False)
    for key in surplus:
        bucket.delete(key)
    if changed or files or surplus:
        aws.report(
            f"synced {amount(len(changed), 'schema')} and {amount(len(files) + len(surplus), 'other file')} to dags/"
        )
    return changed
