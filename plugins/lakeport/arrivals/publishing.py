"""Publish the schemas to registration: one small index in the code bucket, which the Lambda reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lakeport import settings
from lakeport.arrivals.rules import ArrivalIndex, ArrivalRule
from lakeport.errors import NotPublished, SchemaError
from lakeport.files.s3_objects import is_not_found
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import read_file_type, schema_paths

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def publish(s3: S3Client, folder: Path) -> tuple[ArrivalIndex, list[str]]:
    """Upload the index of all schemas and return it with the problems of the invalid ones.

    An invalid schema keeps the rule it was last published with, so that its files are still registered.
    Safe to repeat.
    """
    rules, problems = read_rules(folder)
    published = _published_rules(s3)
    kept = {name: published[name] for name in problems if name in published}
    index = index_of(kept | rules)
    s3.put_object(Bucket=settings.code_bucket(), Key=settings.INDEX_KEY, Body=index.to_json().encode())
    return index, [problem for each in problems.values() for problem in each]


def read_rules(folder: Path) -> tuple[dict[str, ArrivalRule], dict[str, list[str]]]:
    """Return the rules of the valid schemas and the problems of the invalid ones, both by file name without suffix."""
    rules: dict[str, ArrivalRule] = {}
    problems: dict[str, list[str]] = {}
    for path in schema_paths(folder):
        try:
            rules[path.stem] = rule_of(read_file_type(path))
        except SchemaError as error:
            problems.setdefault(path.stem, []).extend(error.problems)
    return rules, problems


def index_of(rules: Mapping[str, ArrivalRule]) -> ArrivalIndex:
    """Return the index of these rules, ordered by name."""
    return ArrivalIndex(tuple(rules[name] for name in sorted(rules)))


def rule_of(file_type: FileType) -> ArrivalRule:
    """Return the part of a file type that registration needs."""
    format_ = file_type.format
    rule = ArrivalRule(file_type.name, file_type.landing.pattern, format_.type, format_.compression)
    encryption = format_.encryption.type if format_.encryption else ""
    return replace(rule, bucket=file_type.landing.bucket, on_arrival=file_type.cron is None, encryption=encryption)


def published_index(s3: S3Client) -> ArrivalIndex:
    """Return the index that was published last; raises NotPublished if there is none."""
    bucket = settings.code_bucket()
    try:
        answer = s3.get_object(Bucket=bucket, Key=settings.INDEX_KEY)
    except ClientError as error:
        if is_not_found(error):
            where = f"s3://{bucket}/{settings.INDEX_KEY} does not exist"
            raise NotPublished(f"{where}: no schemas are published; run ./lakeport publish") from error
        raise
    return ArrivalIndex.from_json(answer["Body"].read())


def _published_rules(s3: S3Client) -> dict[str, ArrivalRule]:
    try:
        return {rule.file_type: rule for rule in published_index(s3).rules}
    except NotPublished:
        return {}


def reason_to_reject(file_type: FileType, sample: Path) -> str | None:
    """Return why registration would reject a file of this name and size, or None."""
    rule, pattern = rule_of(file_type), file_type.landing.pattern
    key = f"{rule.folder}/{sample.name}".lstrip("/")
    if not rule.matches(key) and "**" not in pattern:
        return f"the name {sample.name} does not match landing.pattern {pattern}"
    return rule.reason_to_reject(key, sample.stat().st_size)
