"""Publish what registration must know of the schemas: one small index in the code bucket, read by the Lambda."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lakeport import settings
from lakeport.arrivals.rules import ArrivalIndex, ArrivalRule
from lakeport.errors import NotPublished, SchemaError
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import read_file_type, schema_paths

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def publish(s3: S3Client, folder: Path) -> tuple[ArrivalIndex, list[str]]:
    """Upload the index of all schemas and return it with the problems of the broken ones.

    A broken schema keeps the rule it was last published with, so that its files go on being registered.
    Safe to repeat.
    """
    rules: dict[str, ArrivalRule] = {}
    problems: list[str] = []
    published = _rules_before(s3)
    for path in schema_paths(folder):
        try:
            rules[path.stem] = rule_of(read_file_type(path))
        except SchemaError as error:
            problems += error.problems
            if path.stem in published:
                rules.setdefault(path.stem, published[path.stem])
    index = ArrivalIndex(tuple(rules[name] for name in sorted(rules)))
    s3.put_object(Bucket=settings.code_bucket(), Key=settings.INDEX_KEY, Body=index.to_json().encode())
    return index, problems


def rule_of(file_type: FileType) -> ArrivalRule:
    """Return what registration must know of one file type."""
    format_ = file_type.format
    rule = ArrivalRule(file_type.name, file_type.landing.pattern, format_.type, format_.compression)
    return replace(rule, on_arrival=file_type.cron is None)


def published_index(s3: S3Client) -> ArrivalIndex:
    """Return what registration was last told of the schemas; raises NotPublished where it was told nothing."""
    try:
        answer = s3.get_object(Bucket=settings.code_bucket(), Key=settings.INDEX_KEY)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            raise NotPublished("registration was told of no schema yet; `./lakeport publish` tells it") from error
        raise
    return ArrivalIndex.from_json(answer["Body"].read())


def _rules_before(s3: S3Client) -> dict[str, ArrivalRule]:
    try:
        return {rule.file_type: rule for rule in published_index(s3).rules}
    except NotPublished:
        return {}


def objection(file_type: FileType, sample: Path) -> str | None:
    """Return why registration would not take a file of this name and size, or None."""
    rule, pattern = rule_of(file_type), file_type.landing.pattern
    key = f"{rule.folder}/{sample.name}".lstrip("/")
    if not rule.matches(key) and "**" not in pattern:
        return f"landing.pattern {pattern} does not take the name {sample.name}"
    return rule.objection(key, sample.stat().st_size)
