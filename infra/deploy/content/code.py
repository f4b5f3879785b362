"""The objects of the code bucket: which are wanted, which exist, and uploading the difference.

| key | content | goes live |
|---|---|---|
| plugins.zip, requirements.txt | our Python, its SQL, its wheels | by update-environment |
| lambda/register_files.zip | the function | by update-function-code |
| dags/schemas/, dags/transforms/ | the file types | within a minute, MWAA syncs dags/ |
| dags/*.py | the DAG files | the same |
| schemas/index.json | the file types that registration knows | with the next batch |
| release.json | the last deployment, with each object's S3 version | |
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra import package, plugins_zip
from infra.deploy.aws import Aws, code_of
from infra.deploy.deployment import Deployment
from infra.deploy.errors import DeployError
from lakeport import settings
from lakeport.schema.reader import schema_paths

PLUGINS = "plugins.zip"
REQUIREMENTS = "requirements.txt"
FUNCTION = "lambda/register_files.zip"
ARTIFACTS = (PLUGINS, REQUIREMENTS, FUNCTION)
LIVE = "dags/"
PUBLISHED = ("dags/schemas/", "dags/transforms/")
"""What `--schemas-only` deploys."""
RELEASE = "release.json"
BUILD = package.REPOSITORY / "build"


@dataclass(frozen=True)
class Item:
    """A wanted object."""

    key: str
    sha256: str
    read: Callable[[], bytes]

    @classmethod
    def of_file(cls, key: str, path: Path) -> Item:
        return cls(key, hashlib.sha256(path.read_bytes()).hexdigest(), path.read_bytes)

    @classmethod
    def of_bytes(cls, key: str, body: bytes) -> Item:
        return cls(key, hashlib.sha256(body).hexdigest(), lambda: body)


@dataclass(frozen=True)
class Stored:
    """A stored object: the hash of the uploaded content, and S3's version and ETag."""

    sha256: str
    version: str
    etag: str


def artifacts(deployment: Deployment, folder: Path = BUILD) -> list[Item]:
    """Return the objects that MWAA does not sync; a zip is built once per content and kept."""
    sources = [plugins_zip.REQUIREMENTS, *_files(package.PLUGINS), *_files(plugins_zip.SQL)]
    plugins = folder / f"plugins-{_digest(sources)}.zip"
    if not plugins.exists():
        plugins_zip.build(plugins)
    sources = [package.HANDLER, *package.imported_modules(package.HANDLER), *_files(package.STATEMENTS)]
    function = folder / f"register_files-{_digest(sources, str(deployment.runtime))}.zip"
    if not function.exists():
        package.build(function, deployment.runtime)
    return [
        Item.of_file(PLUGINS, plugins),
        Item.of_bytes(REQUIREMENTS, plugins_zip.requirements_for_mwaa().encode()),
        Item.of_file(FUNCTION, function),
    ]


def schemas(repository: Path = package.REPOSITORY) -> list[Item]:
    """Return the transforms, then the schema YAMLs with their defaults."""
    folder = repository / "schemas"
    paths = [*_files(repository / "transforms"), *sorted({*schema_paths(folder), *folder.glob("_*.yaml")})]
    return [Item.of_file(f"{LIVE}{path.relative_to(repository).as_posix()}", path) for path in paths]


def dag_files(repository: Path = package.REPOSITORY) -> list[Item]:
    """Return the DAG files, which MWAA syncs too."""
    paths = _files(repository / "dags")
    return [Item.of_file(f"{LIVE}{path.relative_to(repository / 'dags').as_posix()}", path) for path in paths]


class CodeBucket:
    """The code bucket and its release record."""

    def __init__(self, aws: Aws, bucket: str) -> None:
        self.aws = aws
        self.bucket = bucket
        self.release, self.release_version = self._read(RELEASE)
        self.index, self.index_version = self._read(settings.INDEX_KEY)
        self.stored = dict(self._stored())

    @property
    def s3(self) -> Any:
        return self.aws.client("s3")

    def differing(self, items: Iterable[Item]) -> list[Item]:
        """Return the items whose content differs from the bucket's."""
        return [item for item in items if self._sha256(item.key) != item.sha256]

    def surplus(self, items: Iterable[Item], *, is_schemas: bool) -> list[str]:
        """Return the keys of schemas, or of other objects below dags/, that are not wanted."""
        keys = {item.key for item in items}
        found = (key for key in self.stored if key.startswith(LIVE) and key.startswith(PUBLISHED) == is_schemas)
        return sorted(key for key in found if key not in keys)

    def put(self, item: Item) -> None:
        """Upload one object; repeating it creates another version of the same content, which is harmless."""
        answer = self.s3.put_object(
            Bucket=self.bucket, Key=item.key, Body=item.read(), Metadata={"sha256": item.sha256}
        )
        self.stored[item.key] = Stored(item.sha256, answer["VersionId"], answer["ETag"])

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=key)
        del self.stored[key]

    def read_version(self, key: str, version: str) -> bytes:
        """Return an earlier version's content; raises DeployError if S3 has deleted it."""
        try:
            return bytes(self.s3.get_object(Bucket=self.bucket, Key=key, VersionId=version)["Body"].read())
        except ClientError as error:
            if code_of(error) not in ("NoSuchVersion", "NoSuchKey", "InvalidArgument"):
                raise
            remedy = "check out the commit you want and deploy it"
            raise DeployError(f"version {version} of s3://{self.bucket}/{key} no longer exists; {remedy}") from error

    def version(self, key: str) -> str:
        return self.stored[key].version

    def objects(self) -> dict[str, dict[str, str]]:
        """Return the objects for the release record."""
        return {key: asdict(each) for key, each in sorted(self.stored.items()) if _is_code(key)}

    def _read(self, key: str) -> tuple[dict[str, Any], str | None]:
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if code_of(error) == "NoSuchKey":
                return {}, None
            raise
        return json.loads(answer["Body"].read()), answer["VersionId"]

    def _stored(self) -> Iterator[tuple[str, Stored]]:
        """Yield each object with its content's hash, from the release record if the ETag is still the same."""
        recorded = {key: Stored(**each) for key, each in self.release.get("objects", {}).items()}
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
            for each in page.get("Contents", []):
                known = recorded.get(each["Key"])
                if _is_code(each["Key"]):
                    yield each["Key"], known if known and known.etag == each["ETag"] else self._look(each["Key"])

    def _look(self, key: str) -> Stored:
        head = self.s3.head_object(Bucket=self.bucket, Key=key)
        return Stored(head["Metadata"].get("sha256", ""), head.get("VersionId", ""), head["ETag"])

    def _sha256(self, key: str) -> str | None:
        return self.stored[key].sha256 if key in self.stored else None


def _is_code(key: str) -> bool:
    return key in ARTIFACTS or key.startswith(LIVE)


def _digest(paths: list[Path], more: str = "") -> str:
    """Return a hash of these files, their paths and the packing code."""
    named = {path.relative_to(package.REPOSITORY).as_posix(): path for path in paths}
    named |= {module.__name__: Path(module.__file__ or "") for module in (package, plugins_zip)}
    hashes = [f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for name, path in named.items()]
    return hashlib.sha256("\n".join([*hashes, more]).encode()).hexdigest()[:16]


def _files(folder: Path) -> list[Path]:
    found = folder.rglob("*") if folder.is_dir() else ()
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)
